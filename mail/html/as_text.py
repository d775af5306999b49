"""HTML read as plain text: blocks to lines, lists to bullets, quotations to quoting marks.

Cells of a table follow one another on a line and are not padded to columns: mail uses tables for layout, and padding
turns 17 KB of HTML into 10 MB of blanks.
"""

import re
from itertools import islice
from typing import Final

from mail import clean
from mail.html import links, nesting
from mail.html.allowed import INSTEAD
from mail.html.style_cascade import Cascade
from mail.html.style_hiding import Hiding, TooMuch
from mail.html.tokens import End, Start, Text, style_elements, tokens

MAX_DOCUMENT: Final = 1_000_000
MAX_INDENT: Final = 10
MAX_BEGINNING: Final = 800

_TAGS: Final = (
    nesting.INLINE
    | nesting.VOID
    | {"address", "article", "blockquote", "caption", "center", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3"}
    | {"h4", "h5", "h6", "header", "li", "main", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th"}
    | {"thead", "tr", "ul"}
    | INSTEAD.keys()
)
# Blocks with an empty line around them; the other blocks only begin a line.
_APART: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "dl", "pre", "table"})
_LINES: Final = _TAGS - nesting.INLINE - nesting.VOID - {"td", "th"} | {"hr"}
_BLANKS: Final = re.compile(r"[ \t\n\r\f\u00a0]+")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")


def text(document: str, *, show_links: bool = False) -> str:
    """The text of a document as a person would type it. With `show_links` web addresses follow their link's text.

    Never raises; linear in the document, of which at most 1,000,000 characters are read. What styles hide is left out.
    """
    reader = _Reader(show_links)
    nested = nesting.Nester(_TAGS).run(tokens(document[:MAX_DOCUMENT]))
    for token, _ in Cascade(style_elements(document[:MAX_DOCUMENT])).run(nested, hidden=False):
        reader.take(token)
    return reader.result()


def says_anything(document: str) -> bool:
    """Whether a word or a picture in it is there to be seen. Reads no further than the first one."""
    reader = _Reader(show_links=False)
    for token in nesting.Nester(_TAGS).run(tokens(document[:MAX_DOCUMENT])):
        reader.take(token)
        if reader.has_words or (isinstance(token, Start) and token.name == "img"):
            return True
    return False


def beginning(document: str, length: int, *, whole: bool = True) -> str:
    """The first words that a reader sees, on one line; quoted ones only where there are no others, "" without any.

    Reads no further than they reach. Raises TooMuch where none but quoted words are found and more follows, behind the
    first 800 tags and texts or because the document isn't `whole`, and where the rules that hide things are too many.
    """
    hiding = Hiding(document)
    stream = tokens(document)
    nested = nesting.Nester(_TAGS).run(islice(stream, MAX_BEGINNING))
    seen = Cascade(hiding.sheets(style_elements(document))).run(map(hiding.of, nested), hidden=False)
    own, quoted = _Beginning(length), _Beginning(length)
    quotes = 0
    for token, _ in seen:
        if isinstance(token, Start | End) and token.name == "blockquote":
            quotes += 1 if isinstance(token, Start) else -1
        (quoted if quotes else own).take(token)
        if own.full:
            break
    if not own.has_words and (not whole or next(stream, None) is not None):
        raise TooMuch
    return (own if own.has_words else quoted).result()


class _Beginning:
    """Words on one line, and no more of them than it has room for."""

    def __init__(self, length: int) -> None:
        self._length = self._room = length
        self._pieces: list[str] = []

    @property
    def has_words(self) -> bool:
        return self._room < self._length

    @property
    def full(self) -> bool:
        return self._room < 0

    def take(self, token: Text | Start | End) -> None:
        if self.full:
            return
        if not isinstance(token, Text):
            self._pieces.append("" if token.name in nesting.INLINE else " ")
        elif words := clean.blanks_closed(given := token.text[: 10 * self._length]):
            self._pieces.append(given)
            self._room -= len(words)

    def result(self) -> str:
        return clean.blanks_closed("".join(self._pieces))[: self._length].rstrip()


class _Reader:
    def __init__(self, show_links: bool) -> None:
        self._show_links = show_links
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0
        self._lists: list[int] = []  # the next number of each open list, 0 for bullets
        self._bullet = ""
        self._pre = 0
        self._link = ("", 0)

    def take(self, token: Text | Start | End) -> None:
        if isinstance(token, Text):
            self._words(token.text)
        elif isinstance(token, Start):
            self._start(token)
        else:
            self._end(token.name)

    @property
    def has_words(self) -> bool:
        return any(piece.strip() for piece in self._line)

    def result(self) -> str:
        self._break()
        return _EMPTY_LINES.sub("\n\n", "\n".join(self._lines)).strip("\n")

    def _words(self, given: str) -> None:
        if self._pre:
            first, *others = clean.body(given).split("\n")
            self._line.append(first)
            for line in others:
                self._break(always=True)
                self._line.append(line)
            return
        words = _BLANKS.sub(" ", clean.body(given))
        if not self._line or self._line[-1].endswith(" "):
            words = words.lstrip(" ")
        if words:
            self._line.append(words)

    def _start(self, tag: Start) -> None:
        name = tag.name
        self._block(name)
        if name == "br":
            self._break(always=True)
        elif name == "hr":
            self._lines.append(self._prefix() + "----------")
        elif name == "img":
            self._words(clean.one_line(tag.attributes.get("alt", "")[:200]))
        elif name in {"td", "th"} and self._line:
            self._words(" ")
            self._line.append(" ")
        elif name == "blockquote":
            self._quotes += 1
        elif name in {"ul", "ol"}:
            self._lists.append(1 if name == "ol" else 0)
        elif name == "li":
            self._bullet = self._next_bullet()
        elif name == "pre":
            self._pre += 1
        elif name == "a":
            found = links.web_url(tag.attributes.get("href", ""))
            self._link = (found[0] if found else "", len(self._line))

    def _end(self, name: str) -> None:
        if name == "a" and self._show_links and self._link[0]:
            shown = "".join(self._line[self._link[1] :]).strip()
            if shown and shown.rstrip("/") not in self._link[0]:
                self._line.append(f" <{self._link[0]}>")
            self._link = ("", 0)
        if name in _LINES:
            self._break()
        if name == "blockquote":
            self._quotes -= 1
        elif name in {"ul", "ol"} and self._lists:
            self._lists.pop()
        elif name == "pre":
            self._pre -= 1
        self._block(name)

    def _block(self, name: str) -> None:
        if name in _LINES:
            self._break()
        if name in _APART and not (name in {"ul", "ol"} and self._lists):
            self._space(self._prefix().rstrip())

    def _space(self, line: str) -> None:
        """An empty line, quoted no deeper than its neighbours; never two of them."""
        if self._lines and not self._lines[-1].strip("> "):
            self._lines[-1] = min(self._lines[-1], line, key=len)
        else:
            self._lines.append(line)

    def _break(self, *, always: bool = False) -> None:
        line = "".join(self._line)
        line = line.rstrip() if self._pre else line.strip()
        if line or always:
            self._lines.append((self._prefix() + line).rstrip() if line else self._prefix().rstrip())
            self._bullet = "" if line else self._bullet
        self._line.clear()

    def _prefix(self) -> str:
        quotes = "> " * min(self._quotes, MAX_INDENT)
        depth = min(len(self._lists), MAX_INDENT)
        return (
            quotes + "  " * (depth - 1 if self._line and self._bullet else depth) + (self._bullet if self._line else "")
        )

    def _next_bullet(self) -> str:
        if not self._lists or not self._lists[-1]:
            return "* "
        self._lists[-1] += 1
        return f"{self._lists[-1] - 1}. "
