"""HTML cut into tags and text in one pass whose time grows only with its length.

This is the tokenizer of the HTML Standard (section 13.2.5) as far as mail needs it. It exists to bound what the
sanitiser's own parser is given: that one is correct, but slow on deep or crowded input.
"""

import html
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

MAX_ATTRIBUTES: Final = 40
MAX_VALUE: Final = 100_000


class Text(NamedTuple):
    text: str


class Start(NamedTuple):
    name: str
    attributes: dict[str, str]


class End(NamedTuple):
    name: str


# Elements whose content is no text of the message: it is dropped with them.
RAW: Final = frozenset({"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"})
# What programs tell each other, and what is for browsers that run scripts: dropped with its content where it ends.
_ASIDE: Final = frozenset(
    {"xml", "noscript", "template", "w:worddocument", "w:latentstyles", "o:documentproperties", "m:mathpr"}
    | {"o:customdocumentproperties", "o:officedocumentsettings", "o:shapedefaults", "o:shapelayout", "x:excelworkbook"}
)

# A "<" before anything else is a less-than sign.
_MARKUP: Final = re.compile(r"<(?=[A-Za-z/!?])")
_NAME: Final = re.compile(r"</?([A-Za-z][^\s/>]*)")
_ATTRIBUTE: Final = re.compile(r"[\s/]*(?:(>)|([^\s/>][^\s/>=]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]*)))?)")
_RAW_ENDS: Final = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE | re.ASCII) for name in RAW | _ASIDE}
_STYLES: Final = re.compile(rf"<(?:!--|({'|'.join(RAW | _ASIDE)})(?=[\s/>]))", re.IGNORECASE | re.ASCII)
_COMMENT_END: Final = re.compile(r"--!?>")
# Digits are limited because Python refuses to read very long numbers; longer ones are no characters anyway.
_REFERENCE: Final = re.compile(
    r"&(?:#[0-9]{1,8}(?![0-9])|#[xX][0-9A-Fa-f]{1,6}(?![0-9A-Fa-f])|[A-Za-z][A-Za-z0-9]{1,31});?"
)
# In attributes "&copy=" is no reference (section 13.2.5.73): links are full of them.
_CLOSED_REFERENCE: Final = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def tokens(document: str) -> Iterator[Text | Start | End]:
    """Yield the tags and texts of a document; comments, doctypes and raw text elements are left out.

    An unfinished tag or comment swallows the rest, as it does in a browser. Of a tag the first 40 attributes are
    read, and values over 100,000 characters are dropped.
    """
    at = 0
    open_ended: set[str] = set()
    while at < len(document):
        opening = _MARKUP.search(document, at)
        if opening is None:
            yield Text(_unescape(document[at:]))
            return
        mark = opening.start()
        if mark > at:
            yield Text(_unescape(document[at:mark]))
        found = _NAME.match(document, mark)
        if found is None:
            at = _after_comment(document, mark)
            continue
        name = found[1].lower()[:40]
        attributes, at = _attributes(document, found.end())
        if at < 0:
            return
        if document[mark + 1] == "/":
            yield End(name)
        elif name in RAW:
            at = _after_raw(document, at, name)
        elif name in _ASIDE:
            at = _after_aside(document, at, name, open_ended)
        else:
            yield Start(name, attributes)


def style_elements(document: str) -> Iterator[tuple[str, str]]:
    """The content of each style element, and its media attribute; none of those in comments."""
    at = 0
    open_ended: set[str] = set()
    while opening := _STYLES.search(document, at):
        if not opening[1]:
            at = _after_comment(document, opening.start())
            continue
        name = opening[1].lower()
        attributes, start = _attributes(document, opening.end())
        if start < 0:
            return
        if name in _ASIDE:
            at = _after_aside(document, start, name, open_ended)
            continue
        at = _after_raw(document, start, name)
        if name == "style" and attributes.get("type", "").strip().lower() in {"", "text/css"}:
            end = _RAW_ENDS[name].search(document, start, at)
            yield document[start : end.start() if end else at], attributes.get("media", "")


def _after_comment(document: str, mark: int) -> int:
    """Where a comment ends, or what the Standard treats like one: <!x>, <?x>, </1>."""
    if document.startswith("<!--", mark):
        if document.startswith((">", "->"), mark + 4):
            return document.index(">", mark) + 1
        end = _COMMENT_END.search(document, mark + 4)
        return end.end() if end else len(document)
    close = document.find(">", mark)
    return close + 1 if close >= 0 else len(document)


def _attributes(document: str, at: int) -> tuple[dict[str, str], int]:
    """The attributes from `at` on, and where the tag has ended: -1 when it never does. The first of a name counts."""
    found: dict[str, str] = {}
    while match := _ATTRIBUTE.match(document, at):
        at = match.end()
        if match[1]:
            return found, at
        value = match[3] or match[4] or match[5] or ""
        if len(found) < MAX_ATTRIBUTES and len(match[2]) <= 40 and len(value) <= MAX_VALUE:
            found.setdefault(match[2].lower(), _CLOSED_REFERENCE.sub(_character, value))
    return found, -1


def _after_raw(document: str, at: int, name: str) -> int:
    end = _RAW_ENDS[name].search(document, at)
    close = document.find(">", end.end()) if end else -1
    return close + 1 if close >= 0 else len(document)


def _after_aside(document: str, at: int, name: str, open_ended: set[str]) -> int:
    """Behind its end tag. Without one only the tag goes, and is looked for no more: `open_ended` has these names."""
    if name in open_ended or document[at - 2] == "/":
        return at
    if _RAW_ENDS[name].search(document, at):
        return _after_raw(document, at, name)
    open_ended.add(name)
    return at


def _unescape(text: str) -> str:
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    return _unescape_one(match[0])


@lru_cache(maxsize=2_048)
def _unescape_one(reference: str) -> str:
    return html.unescape(reference)
