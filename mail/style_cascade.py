"""Which declarations hold for each element of a document: its style attribute's, and those of the rules that match."""

import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from mail import html_nesting, style_rules
from mail.html_tokens import End, Start, Text
from mail.style import Declaration, Reader, written
from mail.style_rules import DARK, LIGHT, Compound, Rule, Selector, under

# How often an element may be held against a rule or a part of one; newsletters need some thousand.
MAX_WORK: Final = 60_000
MAX_CLASSES: Final = 20
MAX_SHEET: Final = 300_000

_ZERO: Final = re.compile(r"0(?:[a-z]+|%)?")
_ZERO_FONT: Final = re.compile(r"(?:.* )?0(?:[a-z]+|%)?(?: ?/.*| .*)?")
_RELATIVE: Final = re.compile(r"[\d.]+(?:em|ex|ch|%)|larger|smaller|inherit")
_NONE: Final = (Declaration("display", "none", important=False),)


class Matched:
    """Rules that match an element, weakest first, and what they say together in a window of any width."""

    __slots__ = ("dark", "important", "normal", "rules")

    def __init__(self, rules: tuple[Rule, ...], scheme: str = LIGHT) -> None:
        self.rules = rules
        self.dark: Matched | None = None
        self.normal: dict[str, str] = {}
        self.important: dict[str, str] = {}
        for rule in rules:
            if not rule.media or under(rule.media, scheme) == "":
                self.take(rule.declarations, self.normal, self.important)

    def in_the_dark(self) -> "Matched":
        """The same where the colour scheme is the dark one."""
        self.dark = self.dark or Matched(self.rules, DARK)
        return self.dark

    @staticmethod
    def take(declarations: Iterable[Declaration], normal: dict[str, str], important: dict[str, str]) -> None:
        for declaration in declarations:
            values = important if declaration.important else normal
            values.pop(declaration.name, None)  # a shorthand counts from where it stands last
            values[declaration.name] = declaration.value


class Style:
    """What holds for an element: the rules that match it, and its style attribute's `own` declarations."""

    __slots__ = ("_dark", "_hides", "_inline", "_silent", "matched", "own")

    def __init__(self, matched: Matched, own: tuple[Declaration, ...]) -> None:
        self.matched = matched
        self.own = own
        self._inline: str | None = None
        self._hides: bool | None = None
        self._silent: tuple[bool, bool] | None = None
        self._dark: dict[str, str] | None = None

    def inline(self) -> str:
        """All of it as one style attribute, as it is in a wide light window (CSS Cascade 5, section 6)."""
        if self._inline is None:
            self._inline = ";".join(f"{name}:{value}" for name, value in self._values().items())
        return self._inline

    def in_the_dark(self) -> dict[str, str]:
        """The values of its properties where the colour scheme is the dark one."""
        if self._dark is None:
            self._dark = Style(self.matched.in_the_dark(), self.own)._values()
        return self._dark

    def varies(self) -> bool:
        """Whether it depends on the window or the colour scheme."""
        return any(rule.media for rule in self.matched.rules)

    def hides(self) -> bool:
        """Whether nobody sees the element, and what is in it, in a window of any width."""
        if self._hides is None:
            values = {name: value.lower() for name, value in self._values().items()}
            zero = {name for name, value in values.items() if _ZERO.fullmatch(value)}
            self._hides = (
                values.get("display") == "none"
                or values.get("visibility") == "hidden"
                or "opacity" in zero
                or (values.get("overflow") == "hidden" and not zero.isdisjoint({"height", "max-height"}))
            )
        return self._hides

    def silences(self, *, around: bool) -> bool:
        """Whether text right in the element has no size; `around`: whether text of the element around it has none."""
        if self._silent is None:
            sizes = [value.lower() for name, value in self._values().items() if name in {"font", "font-size"}]
            said = bool(sizes) and not _RELATIVE.fullmatch(sizes[-1])
            self._silent = (said, said and _ZERO_FONT.fullmatch(sizes[-1]) is not None)
        said, silent = self._silent
        return silent if said else around

    def _values(self) -> dict[str, str]:
        values = dict(self.matched.normal)
        own_important: dict[str, str] = {}
        Matched.take(self.own, values, own_important)
        for name, value in (*self.matched.important.items(), *own_important.items()):
            values.pop(name, None)
            values[name] = value
        return values


class Cascade:
    """Follows a well-nested stream of tags and knows for each element what holds for it.

    Elements with the same tag, id and classes inside the same ancestors are looked up once, and all of them together
    cost at most 60,000 comparisons: what comes after them is without rules.
    """

    def __init__(self, sheets: Iterable[tuple[str, str]]) -> None:
        """`sheets` are the document's style elements, each its content and its media attribute."""
        self._reader = Reader()
        rules = style_rules.read(sheets)
        self.has_dark_rules = any(DARK in rule.media for rule in rules)
        self._by_key: defaultdict[str, list[Rule]] = defaultdict(list)
        for rule in rules:
            self._by_key[_key(rule.selector.compounds[0])].append(rule)
        page = _Element(None, "html", "", frozenset())
        self._open = [page, _Element(page, "body", "", frozenset())]
        self._matched: dict[tuple[int, ...], Matched] = {(): Matched(())}
        self._styles: dict[tuple[int, int, bool], Style] = {}
        self._work = MAX_WORK
        self._plain = Style(self._matched[()], ())

    def run(self, stream: Iterable[Text | Start | End], *, hidden: bool) -> Iterator[tuple[Text | Start | End, Style]]:
        """The stream, with its style for each opening tag; without `hidden` what nobody sees isn't in it."""
        depth = 0  # how many elements are open from the hidden one on
        silent = [False]  # for each open element whether its text has no size
        for token in stream:
            opens = isinstance(token, Start) and token.name not in html_nesting.VOID
            if depth:
                depth += 1 if opens else -1 if isinstance(token, End) else 0
            elif isinstance(token, Start):
                found = self._style(token, opens=opens)
                if hidden or not found.hides():
                    if opens and not hidden:
                        silent.append(found.silences(around=silent[-1]))
                    yield token, found
                elif opens:
                    self._open.pop()
                    depth = 1
            elif isinstance(token, End):
                self._open.pop()
                if not hidden:
                    silent.pop()
                yield token, self._plain
            elif not silent[-1]:
                yield token, self._plain

    def _style(self, tag: Start, *, opens: bool) -> Style:
        matched = self._matched[()]
        if self._by_key:
            element = self._open[-1].child(tag)
            element.matched = element.matched or self._look_up(element)
            matched = element.matched
        if opens:
            self._open.append(element if self._by_key else self._open[-1])
        own = self._reader.declarations(tag.attributes.get("style", ""))
        key = (id(matched), id(own), "hidden" in tag.attributes)
        if key not in self._styles:
            self._styles[key] = Style(matched, _NONE + own if key[2] else own)
        return self._styles[key]

    def _look_up(self, element: "_Element") -> Matched:
        """Equal rules are one value, so that it can be told by its identity."""
        rules = tuple(sorted(self._matching(element)))
        key = tuple(rule.order[1] for rule in rules)
        if key not in self._matched:
            self._matched[key] = Matched(rules)
        return self._matched[key]

    def _matching(self, element: "_Element") -> Iterator[Rule]:
        keys = (f"#{element.id}", *(f".{name}" for name in element.classes), element.tag, "")
        for rule in (rule for key in keys for rule in self._by_key.get(key, ())):
            self._work -= 1
            if self._work <= 0:
                return
            if self._matches(element, rule.selector, 0):
                self._work -= len(rule.declarations)
                yield rule

    def _matches(self, element: "_Element", selector: Selector, at: int) -> bool:
        self._work -= 1
        if self._work <= 0 or not element.fits(selector.compounds[at]):
            return False
        if at == len(selector.direct):
            return True
        above = element.parent
        while above is not None:
            if self._matches(above, selector, at + 1):
                return True
            above = None if selector.direct[at] else above.parent
        return False


class _Element:
    """A kind of element: tag, id and classes, inside the same kinds all the way up."""

    __slots__ = ("_children", "classes", "id", "matched", "parent", "tag")

    def __init__(self, parent: "_Element | None", tag: str, identity: str, classes: frozenset[str]) -> None:
        self.parent = parent
        self.tag = tag
        self.id = identity
        self.classes = classes
        self.matched: Matched | None = None
        self._children: dict[tuple[str, str, str], _Element] = {}

    def child(self, tag: Start) -> "_Element":
        given = tag.attributes
        key = (tag.name, given.get("id", "")[:100], given.get("class", "")[:1_000])
        if key not in self._children:
            names = frozenset(key[2].lower().split()[:MAX_CLASSES])
            self._children[key] = _Element(self, tag.name, key[1].strip().lower(), names)
        return self._children[key]

    def fits(self, compound: Compound) -> bool:
        return compound.tag in {"", self.tag} and compound.id in {"", self.id} and compound.classes <= self.classes


def _key(compound: Compound) -> str:
    """What of a compound few elements have: rules are looked for by it."""
    if compound.id:
        return f"#{compound.id}"
    return f".{min(compound.classes)}" if compound.classes else compound.tag


class Sheet:
    """A style element of our own: one class for each set of rules that elements of a document have.

    Nothing in it is a stranger's but values: classes have names of ours, so that it is about these elements alone.
    """

    def __init__(self, document: str) -> None:
        self._prefix = f"m{zlib.crc32(document.encode('utf-8', 'replace')):08x}"
        self._classes: dict[tuple[int, tuple[Declaration, ...]], str] = {}
        self._written: list[tuple[str, str]] = []  # each block with its media query
        self._room = MAX_SHEET

    def split(self, found: Style) -> tuple[str, str]:
        """The class and the style attribute by which an element looks as it should."""
        if not found.matched.rules:
            return "", written(found.own)
        important = tuple(one for one in found.own if one.important)
        key = (id(found.matched), important)
        if key not in self._classes:
            name = f"{self._prefix}-{len(self._classes)}"
            blocks = list(_blocks(name, found.matched.rules, important))
            self._room -= sum(len(media) + len(block) for media, block in blocks)
            if self._room < 0:
                return "", found.inline()
            self._classes[key] = name
            self._written += blocks
        return self._classes[key], written(one for one in found.own if not one.important)

    def html(self, *, dark: bool) -> str:
        """The element, "" when nothing is in it. The layer lets the page around it have the last word.

        Without `dark` the letter lies on a light ground whatever the system's scheme is.
        """
        css = "".join(_in_media(media, block, dark=dark) for media, block in self._written)
        return f"<style>@layer mail{{{css}}}</style>" if css else ""


def _in_media(media: str, block: str, *, dark: bool) -> str:
    query = media if dark or not media else under(media, LIGHT)
    if query is None:
        return ""
    return f"@media {query}{{{block}}}" if query else block


def _blocks(name: str, rules: tuple[Rule, ...], important: tuple[Declaration, ...]) -> Iterator[tuple[str, str]]:
    """One block for each run of rules with the same query: among equal selectors the order decides."""
    for media, run in groupby(rules, key=lambda rule: rule.media):
        yield media, f".{name}{{{_declared(one for rule in run for one in rule.declarations)}}}"
    if important:
        yield "", f".{name}{{{_declared(important)}}}"


def _declared(declarations: Iterable[Declaration]) -> str:
    return ";".join(f"{one.name}:{one.value}{'!important' if one.important else ''}" for one in declarations)
