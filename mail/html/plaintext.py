"""Plain text shown as HTML, HTML read as plain text, and text quoted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby
from operator import itemgetter
from typing import Final

from mail import clean
from mail.html import as_text, links, sanitize

MAX_TEXT: Final = 1_000_000
MAX_LINKS: Final = 2_000
MAX_DEPTH: Final = 50
MAX_SEGMENTS: Final = 1_000

# Where a link may begin; a URL ends at a blank, a quote or an angle bracket.
_LINK: Final = re.compile(
    r"(?<![^\W_])(?:https?://|www\.)[^\s<>\"]{1,2000}|\b[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b",
    re.IGNORECASE,
)
_OPENED_BY: Final = {")": "(", "]": "[", "}": "{", "”": "“", "’": "‘", "»": "«", "›": "‹"}
_PAIRED: Final = frozenset("'*_~`|")
_QUOTE_MARKS: Final = re.compile(r"(?:> ?){1,200}")


@dataclass(frozen=True, slots=True)
class Segment:
    """Neighbouring lines of the same quoting depth (0: the writer's own words), without their marks."""

    depth: int
    text: str


def to_html(text: str, *, mailto: sanitize.Mailto = str) -> str:
    """The text as HTML made of nothing but <a>, <br> and characters; links open in a tab of their own.

    `mailto` gives the URL to follow, in this tab, instead of a mailto: one, None for no link at all. At most 1,000,000
    characters and 2,000 links; a longer text ends with "…".
    """
    cut = text[:MAX_TEXT]
    pieces: list[str] = []
    at = 0
    for number, match in enumerate(_LINK.finditer(cut)):
        if number >= MAX_LINKS:
            break
        shown = _trim(match[0], cut[max(0, match.start() - 3) : match.start()], cut[match.end() : match.end() + 1])
        href = f"mailto:{shown}" if "@" in shown and "/" not in shown else shown
        link = links.judge(f"http://{shown}" if href[:4].lower() == "www." else href, shown)
        followed = mailto(link.url) if link and not link.host else ""
        if link and followed is not None:
            pieces.append(_lines(cut[at : match.start()]))
            pieces.append(_anchor(link, shown, followed if followed != link.url else ""))
            at = match.start() + len(shown)
    return "".join(pieces) + _lines(cut[at:] + ("…" if len(text) > MAX_TEXT else ""))


def _anchor(link: links.Link, shown: str, ours: str) -> str:
    title = escape(link.warning or link.host)
    if ours:
        return f'<a href="{escape(ours)}" title="{title}">{escape(shown)}</a>'
    return f'<a href="{escape(link.url)}" title="{title}" target="_blank" rel="{sanitize.REL}">{escape(shown)}</a>'


def _trim(url: str, before: str, after: str) -> str:
    """Without the punctuation that belongs to the sentence, but with the marks that belong to the address.

    Between angle brackets all of it does (RFC 3986 appendix C). A bracket goes when it wasn't opened in the address,
    and a mark of emphasis or quotation when the same stands before it.
    """
    if before.endswith("<") and after == ">":
        return url
    for _ in range(10):
        shorter = url.rstrip(".,;:!?…")
        last = shorter[-1:]
        if last in _OPENED_BY and shorter.count(_OPENED_BY[last]) < shorter.count(last):
            shorter = shorter[:-1]
        elif last in _PAIRED and before.endswith(last):
            shorter, before = shorter[:-1], before[:-1]
        if shorter == url:
            break
        url = shorter
    return url


def _lines(text: str) -> str:
    return escape(clean.body(text)).replace("\n", "<br>")


def segments(text: str, *, flowed: bool = False, delsp: bool = False) -> list[Segment]:
    """Split a body into runs of equal quoting depth, joining soft-broken lines when `flowed` (RFC 3676 section 4).

    A text that changes its depth more than 1,000 times stays in one piece with its marks.
    """
    lines = _flow(text[:MAX_TEXT], delsp=delsp) if flowed else map(_depth, text[:MAX_TEXT].split("\n"))
    runs = [Segment(depth, "\n".join(line for _, line in run)) for depth, run in groupby(lines, key=itemgetter(0))]
    return runs if len(runs) <= MAX_SEGMENTS else [Segment(0, text[:MAX_TEXT])]


def _depth(line: str) -> tuple[int, str]:
    marks = _QUOTE_MARKS.match(line)
    return (min(marks[0].count(">"), MAX_DEPTH), line[marks.end() :]) if marks else (0, line)


def _flow(text: str, *, delsp: bool) -> Iterator[tuple[int, str]]:
    """RFC 3676 section 4: a line ending in a blank goes on in the next one of the same depth; "-- " never does."""
    pending: list[str] = []
    depth = 0
    for raw in text.split("\n"):
        stripped = raw.lstrip(">")
        here = min(len(raw) - len(stripped), MAX_DEPTH)
        line = stripped.removeprefix(" ")
        if pending and (here != depth or line == "-- "):
            yield depth, "".join(pending)
            pending = []
        depth = here
        soft = line.endswith(" ") and line != "-- "
        pending.append(line[:-1] if soft and delsp else line)
        if not soft:
            yield depth, "".join(pending)
            pending = []
    if pending:
        yield depth, "".join(pending)


def rejoined(text: str) -> str:
    """A flowed text whose words, too, were parted where it wraps (RFC 3676 section 4.1, DelSp), in whole lines."""
    return "\n".join(
        f"{'>' * run.depth} {line}".rstrip() if run.depth else line
        for run in segments(text, flowed=True, delsp=True)
        for line in run.text.split("\n")
    )


def from_html(document: str, *, show_links: bool = False) -> str:
    """The text of an HTML document, laid out for reading; see `as_text.text`."""
    return as_text.text(document, show_links=show_links)


def quote(text: str) -> str:
    """The text with a quoting mark before each line (RFC 3676 section 4.5)."""
    lines = clean.body(text).rstrip("\n").split("\n")
    return "\n".join(f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in lines)
