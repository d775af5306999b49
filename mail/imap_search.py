"""What people look for, as SEARCH keys (RFC 9051 section 6.4.4)."""

from dataclasses import dataclass
from datetime import date

from mail.imap_connection import string
from mail.imap_summaries import MONTH_NAMES


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


def keys(search: Search) -> list[bytes]:
    """The search as pieces of a command. Raises UnsafeText for control characters in any text."""
    pieces: list[bytes] = []
    for flag in ("unseen", "flagged", "answered"):
        if getattr(search, flag):
            pieces.append(flag.upper().encode())
    for name, day in ((b"SINCE", search.since), (b"BEFORE", search.before)):
        if day:
            pieces += [name, b"%d-%s-%04d" % (day.day, MONTH_NAMES[day.month - 1], day.year)]
    for name, texts in (
        (b"FROM", search.from_),
        (b"TO", search.to),
        (b"SUBJECT", search.subject),
        (b"TEXT", search.words),
    ):
        for text in texts:
            pieces += [name, string(text)]
    return pieces or [b"ALL"]
