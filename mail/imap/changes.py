"""Flags, moving, keeping, deleting; each change is verified by its effect.

Without the right a server may answer OK and do nothing (RFC 4314 section 4), so an OK is never taken as proof.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from mail.errors import (
    FolderNotFound,
    MessageGone,
    NotPermitted,
    ProtocolTrouble,
    ReadOnlyFolder,
    UnsafeText,
)
from mail.imap.answers import number, ranges
from mail.imap.connection import Literal
from mail.imap.folders import to_wire
from mail.imap.messages import Messages
from mail.imap.session import Session, uid_sets
from mail.imap.summaries import MONTH_NAMES

_FLAG: Final = re.compile(r"\\(?:Seen|Answered|Flagged|Deleted|Draft)|[A-Za-z0-9$_][A-Za-z0-9$_.-]{0,63}")


class Changes:
    """What can be changed in messages. Those named by UID are those of the folder selected as writable.

    Every method raises NotPermitted when the server refuses or silently does nothing, and OutcomeUnknown when the
    connection is lost after the change was asked for.
    """

    def __init__(self, session: Session, messages: Messages) -> None:
        self._session, self._messages = session, messages

    def add_flags(self, uids: Sequence[int], flags: Iterable[str]) -> list[int]:
        """Set the flags; returns the messages that carry them now. Raises MessageGone when none is left."""
        return self._store(uids, b"+FLAGS.SILENT", frozenset(flags), carried=True)

    def remove_flags(self, uids: Sequence[int], flags: Iterable[str]) -> list[int]:
        """Take the flags off; returns the messages now without them. Raises MessageGone when none is left."""
        return self._store(uids, b"-FLAGS.SILENT", frozenset(flags), carried=False)

    def move(self, uids: Sequence[int], folder: str) -> dict[int, int]:
        """Move to another folder: new UID there by old UID, for those that were still here (RFC 6851, RFC 4315).

        Raises MessageGone when none was, FolderNotFound, QuotaExceeded.
        """
        self._writable()
        wire = to_wire(folder)
        moved: dict[int, int] = {}
        for some in uid_sets(uids):
            reply = self._session.connection.run(b"UID MOVE", some, wire, changes=True, otherwise=FolderNotFound)
            if "COPYUID" in reply.codes:
                _, old, new = _uid_code(reply.codes, "COPYUID", 3)
                moved |= zip(_members(old), _members(new), strict=True)
        if not moved:
            raise MessageGone("no message of those is left")
        self._verify_gone(moved)
        return moved

    def delete(self, uids: Sequence[int]) -> None:
        """Remove these messages for good, and no others that may be marked \\Deleted (UID EXPUNGE, RFC 4315)."""
        marked = self.add_flags(uids, ["\\Deleted"])
        for some in uid_sets(marked):
            self._session.connection.run(b"UID EXPUNGE", some, changes=True)
        self._verify_gone(marked)

    def append(self, folder: str, message: bytes, flags: Iterable[str] = (), at: int | None = None) -> int:
        """Store a message; returns its UID there (APPENDUID, RFC 4315). `at` is its arrival in unix seconds.

        After OutcomeUnknown look for its Message-ID before appending again. Raises FolderNotFound, QuotaExceeded.
        """
        pieces = [to_wire(folder), b"(%s)" % b" ".join(_flag(flag) for flag in flags)]
        if at is not None:
            moment = datetime.fromtimestamp(at, UTC)
            month = MONTH_NAMES[moment.month - 1].decode()  # strftime's follow the locale
            pieces.append(f'"{moment:%d}-{month}-{moment:%Y %H:%M:%S} +0000"'.encode())
        self._session.awake()
        reply = self._session.connection.run(b"APPEND", *pieces, Literal(message), changes=True)
        return number(_uid_code(reply.codes, "APPENDUID", 2)[1])

    def _store(self, uids: Sequence[int], how: bytes, wanted: frozenset[str], *, carried: bool) -> list[int]:
        self._writable()
        words = b"(%s)" % b" ".join(_flag(flag) for flag in sorted(wanted))
        for some in uid_sets(uids):
            self._session.connection.run(b"UID STORE", some, how, words, changes=True)
        now = self._messages.flags(uids)
        if not now:
            raise MessageGone("no message of those is left")
        lowered = {flag.lower() for flag in wanted}  # flags are case-insensitive (RFC 9051 section 2.3.2)
        for uid, found in now.items():
            has = {flag.lower() for flag in found} & lowered
            if has != (lowered if carried else set()):
                raise NotPermitted(f"STORE said OK, UID {uid} has {sorted(found)}")
        return sorted(now)

    def _verify_gone(self, uids: Iterable[int]) -> None:
        if left := self._messages.flags(list(uids)):
            raise NotPermitted(f"still there after OK: {sorted(left)[:10]}")

    def _writable(self) -> None:
        if not self._session.in_hand().writable:
            raise ReadOnlyFolder(f"{self._session.in_hand().folder!r} was opened for looking only")


def _flag(flag: str) -> bytes:
    if not _FLAG.fullmatch(flag):
        raise UnsafeText(f"no flag: {flag[:80]!r}")
    return flag.encode()


def _uid_code(codes: dict[str, bytes], name: str, count: int) -> list[bytes]:
    words = codes.get(name, b"").split()
    if len(words) != count:
        raise ProtocolTrouble(f"{name} missing or malformed: {words}")
    return words


def _members(text: bytes) -> list[int]:
    """UIDs in the order given, which is what pairs old with new (RFC 4315 section 3)."""
    found: list[int] = []
    for first, last in ranges(text):
        if last - first > 100_000:
            raise ProtocolTrouble("a COPYUID too long")
        found += range(first, last + 1)
    return found
