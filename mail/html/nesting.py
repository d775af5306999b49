"""A stream of HTML tags made well-nested and shallow, roughly as a browser would nest them.

What comes out has every element closed inside the one it was opened in, tables made of rows made of cells, no
nesting over 200 and no more than 40,000 elements. On such input the sanitiser's parser builds the same tree and is
quick about it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from mail.html.tokens import End, Start, Text

MAX_DEPTH: Final = 200
MAX_ELEMENTS: Final = 40_000
MAX_TAGS: Final = 120_000
MAX_REOPENED: Final = 4

VOID: Final = frozenset({"br", "hr", "img", "wbr", "col"})
INLINE: Final = frozenset(
    {
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "button",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
    }
    | {"ins", "kbd", "label", "mark", "output", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup"}
    | {"time", "tt", "u", "var"}
)
_ROWS: Final = frozenset({"tbody", "thead", "tfoot"})
_CELLS: Final = frozenset({"td", "th"})
# Inside these only table parts may stand; anything else gets a cell around it.
_BARE: Final = _ROWS | {"table", "tr"}
_TABLE: Final = frozenset({"table"})
_WALLS: Final = _CELLS | {"table", "caption"}

# What an opening tag closes when it is open, and what stops the search (HTML Standard section 13.2.6.4.7).
_CLOSES: Final = {
    "li": (frozenset({"li"}), _WALLS | {"ul", "ol", "menu"}),
    "dt": (frozenset({"dt", "dd"}), _WALLS | {"dl"}),
    "dd": (frozenset({"dt", "dd"}), _WALLS | {"dl"}),
    "a": (frozenset({"a"}), _WALLS),
    "td": (_CELLS | {"caption"}, frozenset({"table", "tr"})),
    "th": (_CELLS | {"caption"}, frozenset({"table", "tr"})),
    "tr": (frozenset({"tr", "caption", "colgroup"}), frozenset({"table"})),
    **{name: (_ROWS | {"caption", "colgroup"}, frozenset({"table"})) for name in (*_ROWS, "caption", "colgroup")},
}
_CLOSES_P: Final = frozenset(
    {"address", "article", "aside", "blockquote", "center", "dd", "details", "dir", "div", "dl", "dt", "figcaption"}
    | {"figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "menu", "nav", "ol", "p"}
    | {"dialog", "fieldset", "hgroup", "pre", "search", "section", "summary", "table", "ul"}
)
_P: Final = frozenset({"p"})
_PARENTS: Final = {"td": {"tr"}, "th": {"tr"}, "tr": _ROWS, "caption": {"table"}, "colgroup": {"table"}} | {
    name: {"table"} for name in _ROWS
}


class Nester:
    """Makes one stream of tags well-nested; only the tags in `allowed` stay, and the text of the others.

    `truncated` tells afterwards whether the stream ended early, after 40,000 elements or 120,000 tags.
    """

    def __init__(self, allowed: frozenset[str]) -> None:
        self.truncated = False
        self._allowed = allowed
        self._open: list[Start] = []
        self._places: defaultdict[str, list[int]] = defaultdict(list)  # where in _open each name stands
        self._too_deep: Counter[str] = Counter()
        self._elements = 0
        self._tags = 0

    def run(self, tokens: Iterable[Text | Start | End]) -> Iterator[Text | Start | End]:
        for token in tokens:
            if isinstance(token, Text):
                if self._open and self._open[-1].name in _BARE and token.text.strip():
                    yield from self._ensure_cell()
                yield token
            elif token.name in self._allowed:
                yield from self._start(token) if isinstance(token, Start) else self._end(token.name)
                self._tags += 1
                if self._elements > MAX_ELEMENTS or self._tags > MAX_TAGS:
                    self.truncated = True
                    break
        yield from self._close(0)

    def _start(self, tag: Start) -> Iterator[Text | Start | End]:
        name = tag.name
        if name in _CLOSES_P:
            yield from self._close_up_to(_P, _WALLS)
        if name in _CLOSES:
            yield from self._close_up_to(*_CLOSES[name])
        if name in _PARENTS or name == "col":
            if not self._places["table"]:
                return
            yield from self._ensure_parent(name)
        elif self._open and self._open[-1].name in _BARE:
            yield from self._ensure_cell()
        if name in VOID:
            self._elements += 1
            yield tag
        elif len(self._open) >= MAX_DEPTH:
            self._elements += 1
            self._too_deep[name] += 1
        else:
            yield self._push(tag)

    def _ensure_parent(self, name: str) -> Iterator[Text | Start | End]:
        """Close what stands between a table part and its place, open the row it lacks."""
        while self._open[-1].name not in _BARE | {"colgroup"}:
            yield self._pop()
        if self._open[-1].name == "colgroup" and name != "col":
            yield self._pop()
        if name in _CELLS and self._open[-1].name != "tr":
            yield self._push(Start("tr", {}))
        elif name not in _CELLS and name != "col":
            while self._open[-1].name != "table" and self._open[-1].name not in _PARENTS[name]:
                yield self._pop()

    def _ensure_cell(self) -> Iterator[Text | Start | End]:
        if self._open[-1].name != "tr":
            yield self._push(Start("tr", {}))
        yield self._push(Start("td", {}))

    def _end(self, name: str) -> Iterator[Text | Start | End]:
        if self._too_deep[name]:
            self._too_deep[name] -= 1
            return
        walls = frozenset() if name == "table" else _TABLE if name in _PARENTS else _WALLS
        at = self._find({name}, walls)
        if at < 0:
            return
        above = self._open[at + 1 :]
        if name not in INLINE:
            yield from self._close(at)
        elif len(above) <= MAX_REOPENED and all(element.name in INLINE for element in above):
            yield from self._close(at)
            for element in above:
                yield self._push(element)

    def _find(self, names: Iterable[str], walls: Iterable[str]) -> int:
        """Where the innermost element of these names stands, -1 when there is none or a wall is in front of it."""
        at, wall = self._innermost(names), self._innermost(walls)
        return at if at >= wall else -1

    def _innermost(self, names: Iterable[str]) -> int:
        found = -1
        for name in names:
            places = self._places.get(name)
            if places and places[-1] > found:
                found = places[-1]
        return found

    def _close_up_to(self, names: frozenset[str], walls: frozenset[str]) -> Iterator[End]:
        at = self._find(names, walls)
        if at >= 0:
            yield from self._close(at)

    def _close(self, at: int) -> Iterator[End]:
        while len(self._open) > at:
            yield self._pop()

    def _push(self, tag: Start) -> Start:
        self._places[tag.name].append(len(self._open))
        self._open.append(tag)
        self._elements += 1
        return tag

    def _pop(self) -> End:
        name = self._open.pop().name
        self._places[name].pop()
        return End(name)
