"""A message: its flags, its structure, its parts."""

import re
from collections.abc import Sequence
from typing import Final

from mail.errors import MessageGone, ProtocolTrouble, UnsafeText
from mail.imap.answers import Node, number, octets
from mail.imap.bodystructure import Opened, as_written, is_half_told, structure
from mail.imap.connection import BUDGET
from mail.imap.leaves import charset_of
from mail.imap.session import Session, uid_sets
from mail.imap.summaries import fetched, flags, when
from mail.message.structure import Part

HEADER_LIMIT: Final = 256 * 1024
PART_LIMIT: Final = 2_000_000
_NAMES_LIMIT: Final = 20  # parts whose own header is looked at for a name
_NAME_OCTETS: Final = 4096
_SLACK: Final = 256 * 1024  # what an answer may have around the octets asked for
_SECTION: Final = re.compile(r"(?:[1-9][0-9]{0,4}(?:\.[1-9][0-9]{0,4}){0,120}(?:\.(?:MIME|HEADER|TEXT))?|HEADER|TEXT|)")


class Messages:
    """The messages of the folder in hand, one by one. Asking for one that is gone raises MessageGone, but for `flags`.

    Nothing in here changes a message, not even \\Seen (BODY.PEEK, RFC 9051 section 6.4.5).
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def open(self, uid: int) -> Opened:
        """Flags, structure and header of one message, in one round trip."""
        items = b"(UID FLAGS INTERNALDATE BODYSTRUCTURE BODY.PEEK[HEADER]<0.%d>)" % HEADER_LIMIT
        told = self._one(uid, items)
        arrived = when(octets(told.get(b"INTERNALDATE")))
        if arrived is None:
            raise ProtocolTrouble("no INTERNALDATE")
        header, shape = octets(told.get(b"BODY[HEADER]<0>")), told.get(b"BODYSTRUCTURE")
        tree = self._whole(uid, structure(shape))
        return Opened(uid, flags(told.get(b"FLAGS")), arrived, tree, header, charset_of(shape))

    def structure(self, uid: int) -> Part:
        """The tree of parts."""
        return self._whole(uid, structure(self._one(uid, b"(UID BODYSTRUCTURE)").get(b"BODYSTRUCTURE")))

    def header(self, uid: int) -> bytes:
        """The message's header, cut at 256 KiB."""
        return octets(self._one(uid, b"(UID BODY.PEEK[HEADER]<0.%d>)" % HEADER_LIMIT).get(b"BODY[HEADER]<0>"))

    def part(self, uid: int, section: str, start: int = 0, length: int = PART_LIMIT) -> bytes:
        """Up to `length` octets of a part, still transfer-encoded; b"" past its end or when there is no such part."""
        return self.parts(uid, [section], start, length)[section]

    def parts(self, uid: int, sections: Sequence[str], start: int = 0, length: int = PART_LIMIT) -> dict[str, bytes]:
        """The same octets of several parts, in one round trip."""
        if bad := [section for section in sections if not _SECTION.fullmatch(section)]:
            raise UnsafeText(f"no section: {bad[0][:80]!r}")
        asked = b" ".join(b"BODY.PEEK[%s]<%d.%d>" % (name.encode(), start, length) for name in sections)
        told = self._one(uid, b"(UID %s)" % asked, length * len(sections))
        return {name: octets(told.get(b"BODY[%s]<%d>" % (name.encode(), start))) for name in sections}

    def source(self, uid: int, start: int = 0, length: int = PART_LIMIT) -> bytes:
        """Up to `length` octets of the whole message as it lies on the server; b"" past its end."""
        return self.part(uid, "", start, length)

    def flags(self, uids: Sequence[int]) -> dict[int, frozenset[str]]:
        """The flags of those messages that still exist, by UID."""
        rows = [fetched(answer) for some in uid_sets(uids) for answer in self._session.fetch(some, b"(UID FLAGS)")]
        wanted = set(uids)
        return {uid: flags(row.get(b"FLAGS")) for row in rows if (uid := number(row.get(b"UID"))) in wanted}

    def _whole(self, uid: int, root: Part) -> Part:
        """The parts with the whole of their names: of one without quotes BODYSTRUCTURE has the first word only.

        And with their types, of which it has nothing where they are written with a slip. The headers of those that may
        have more, if there are any, are asked for at once.
        """
        sections = [f"{part.section}.MIME" for part in root.walk() if is_half_told(part)][:_NAMES_LIMIT]
        if not sections:
            return root
        return as_written(root, self.parts(uid, sections, 0, _NAME_OCTETS))

    def _one(self, uid: int, items: bytes, length: int = 0) -> dict[bytes, Node]:
        (which,) = uid_sets([uid])
        told: dict[bytes, Node] = {}
        for answer in self._session.fetch(which, items, budget=length + _SLACK if length else BUDGET):
            row = fetched(answer)
            # The server may mention other messages, or this one's new flags, in between (RFC 9051 section 7.5.2).
            if number(row.get(b"UID")) == uid:
                told |= row
        if told.keys() <= {b"UID", b"FLAGS"}:
            raise MessageGone(f"UID {uid}")
        return told
