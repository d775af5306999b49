"""Which declarations hold for each element of a document: its style attribute's, and those of the rules that match."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from mail.html import nesting, style_rules
from mail.html.style import Declaration, Reader
from mail.html.style_rules import DARK, LIGHT, Compound, Rule, Selector, under
from mail.html.tokens import End, Start, Text

# How often an element may be held against a rule or a part of one; newsletters need some thousand.
MAX_WORK: Final = 60_000
MAX_CLASSES: Final = 20

_ZERO: Final = re.compile(r"0(?:[a-z]+|%)?")
# The size stands behind words and a weight, before a slash with the height of lines, and before a family, without which
# the shorthand says nothing (CSS Fonts 4, section 2.7).
_ZERO_FONT: Final = re.compile(r"(?:[a-z][a-z-]* +|[1-9][\d.]* +)*0(?:[a-z]+|%)?(?: */ *[^ /]+)? +[^ /].*")
_FONT: Final = frozenset({"font", "font-size"})
# Any number is a size, and the smallest is 1 (HTML Standard, section 15.3.4).
_FONT_TAG_SIZE: Final = re.compile(r"\s*[+-]?[0-9]")
_RELATIVE: Final = re.compile(r"[\d.]+(?:em|ex|ch|%)|larger|smaller|inherit")
_NONE: Final = (Declaration("display", "none", important=False),)


class Matched:
    """Rules that match an element, weakest first, and what they say together in a window of any width."""

    __slots__ = ("dark", "important", "normal", "rules", "sized")

    def __init__(self, rules: tuple[Rule, ...], scheme: str = LIGHT) -> None:
        self.rules = rules
        self.dark: Matched | None = None
        self.sized: Matched | None = None
        self.normal: dict[str, str] = {}
        self.important: dict[str, str] = {}
        for rule in rules:
            if not rule.media or under(rule.media, scheme) == "":
                self.take(rule.declarations, self.normal, self.important)

    def in_the_dark(self) -> "Matched":
        """The same where the colour scheme is the dark one."""
        self.dark = self.dark or Matched(self.rules, DARK)
        return self.dark

    def with_sizes(self) -> "Matched":
        """The same where all the queries hold but of rules that take text its size: somebody may have such a window."""
        if self.sized is None:
            always = tuple(
                r._replace(media="") for r in self.rules if not (r.media and any(map(_no_size, r.declarations)))
            )
            self.sized = Matched(always)
        return self.sized

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
        """Whether text right in the element has no size in any window; `around`: whether text around it has none."""
        if self._silent is None:
            sized = Style(self.matched.with_sizes(), self.own) if self.varies() else self
            sizes = [Declaration(*one, important=False) for one in sized._values().items() if one[0] in _FONT]
            silent = bool(sizes) and _no_size(sizes[-1])
            self._silent = (silent or (bool(sizes) and not _RELATIVE.fullmatch(sizes[-1].value.lower())), silent)
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


def _no_size(one: Declaration) -> bool:
    zero = {"font": _ZERO_FONT, "font-size": _ZERO}.get(one.name)
    return zero is not None and zero.fullmatch(one.value.lower()) is not None


def _is_sized(tag: Start) -> bool:
    return tag.name == "font" and _FONT_TAG_SIZE.match(tag.attributes.get("size", "")) is not None


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
            opens = isinstance(token, Start) and token.name not in nesting.VOID
            if depth:
                depth += 1 if opens else -1 if isinstance(token, End) else 0
            elif isinstance(token, Start):
                found = self._style(token, opens=opens)
                if hidden or not found.hides():
                    if opens and not hidden:
                        silent.append(found.silences(around=silent[-1] and not _is_sized(token)))
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
