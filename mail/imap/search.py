"""What people look for, as SEARCH keys (RFC 9051 section 6.4.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from mail.html.spelling import straight, traces, with_apostrophes
from mail.imap.connection import string
from mail.imap.summaries import MONTH_NAMES


@dataclass(frozen=True, slots=True)
class Search:
    """All of it must hold. Text is matched anywhere in its field, case and accents folded by the server.

    `words` looks in headers and text. `since` and `before` are days of arrival at the server.
    """

    words: tuple[str, ...] = ()
    from_: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    since: date | None = None
    before: date | None = None
    unseen: bool = False
    flagged: bool = False
    answered: bool = False


def keys(search: Search, *, as_html: bool = False) -> list[bytes]:
    """The search as pieces of a command. Raises UnsafeText for control characters in any text.

    `as_html`: what HTML leaves of a word is enough, and with it comes much that is something else.
    """
    pieces: list[bytes] = []
    for flag in ("unseen", "flagged", "answered"):
        if getattr(search, flag):
            pieces.append(flag.upper().encode())
    for name, day in ((b"SINCE", search.since), (b"BEFORE", search.before)):
        if day:
            pieces += [name, b"%d-%s-%04d" % (day.day, MONTH_NAMES[day.month - 1], day.year)]
    for name, texts in ((b"FROM", search.from_), (b"TO", search.to)):
        for text in texts:
            kinds = with_apostrophes(text)
            # Dovecot compares with addresses as it would write them, where an apostrophe has a backslash before it.
            escaped = [straight(text).replace("'", "\\'")] if len(kinds) > 1 else []
            pieces += _either(name, [*kinds, *escaped])
    for text in search.subject:
        pieces += _either(b"SUBJECT", with_apostrophes(text))
    for text in search.words:
        pieces += _either(b"TEXT", (traces(text) if as_html else []) or with_apostrophes(text))
    return pieces or [b"ALL"]


def _either(name: bytes, texts: Sequence[str]) -> list[bytes]:
    """One of them is enough: OR takes two keys (RFC 9051 section 6.4.4)."""
    return [b"OR"] * (len(texts) - 1) + [piece for text in texts for piece in (name, string(text))]
