"""Reading: nothing in here changes a message, not even \\Seen (BODY.PEEK, RFC 9051 section 6.4.5)."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from mail.errors import (
    FolderNotFound,
    MailServerUnavailable,
    MessageGone,
    ProtocolTrouble,
    SearchTooSlow,
    UnsafeText,
)
from mail.imap.answers import Node, number, octets, pairs, parse, ranges
from mail.imap.bodystructure import Opened, as_written, is_half_told, structure
from mail.imap.connection import BUDGET, string
from mail.imap.folders import LIST_EVERYTHING, Folder, folders, to_wire
from mail.imap.leaves import charset_of
from mail.imap.rows import ROWS, Rows, is_row
from mail.imap.search import Search, keys
from mail.imap.session import uid_sets
from mail.imap.summaries import RawAddress, Summary, fetched, flags, in_utf8, is_ascii, people, when
from mail.message import headers
from mail.message.structure import Part
from mail.stream import StreamSlow

HEADER_LIMIT: Final = 256 * 1024
PART_LIMIT: Final = 2_000_000
SEARCH_SECONDS: Final = 30.0  # the first search of 100,000 messages reads all their headers
_FOUND_LIMIT: Final = 1_000_000
_NAMES_LIMIT: Final = 20  # parts whose own header is looked at for a name
_NAME_OCTETS: Final = 4096
_BARE_LIMIT: Final = 50
_SLACK: Final = 256 * 1024  # what an answer may have around the octets asked for
_SECTION: Final = re.compile(r"(?:[1-9][0-9]{0,4}(?:\.[1-9][0-9]{0,4}){0,120}(?:\.(?:MIME|HEADER|TEXT))?|HEADER|TEXT|)")


class Reading(Rows):
    """What can be asked of the mailbox. Every UID method raises MessageGone when the message isn't there any more."""

    def folders(self) -> list[Folder]:
        """All folders with their counts, in one round trip."""
        command = LIST_EVERYTHING
        return folders(self._first(lambda: self._connection.run(*command, keep=(b"LIST", b"STATUS"))))

    def unseen(self, folder: str) -> int:
        """How many messages of the folder are unread. Raises FolderNotFound."""
        command = (b"STATUS", to_wire(folder), b"(UNSEEN)")
        reply = self._first(lambda: self._connection.run(*command, keep=(b"STATUS",), otherwise=FolderNotFound))
        if not (told := reply.get(b"STATUS")):
            raise ProtocolTrouble("no STATUS")
        return number(pairs(parse(told[0])[1]).get(b"UNSEEN"))

    def page(self, first: int, last: int, among: tuple[int, int] | None = None) -> list[Summary]:
        """Messages `first` to `last` in order of arrival, 1 being the oldest; none beyond the end.

        They are counted within those that have the numbers `among`, or within the folder: sorting costs the server what
        it sorts, and the answer what is shown.
        """
        bottom, top = among or (1, self._connection.exists)
        return self._sorted(first, last, b"%d:%d" % (bottom, top)) if 0 < bottom <= top else []

    def find(self, search: Search) -> int:
        """How many messages are found; the server remembers which (SEARCHRES, RFC 5182).

        Raises UnsafeText, SearchTooSlow.
        """
        try:
            return number(_told(self._searched(b"SAVE COUNT", keys(search)), b"COUNT"))
        except MailServerUnavailable as error:
            if isinstance(error.__cause__, StreamSlow):
                raise SearchTooSlow(str(error)) from error
            raise

    def perhaps(self, search: Search, newest: int) -> list[int]:
        """UIDs among the folder's `newest` messages that `find` passed over and whose HTML may spell it otherwise."""
        first = max(1, self._connection.exists - newest + 1)
        return self._search([b"%d:*" % first, b"NOT $", *keys(search, as_html=True)])

    def add_to_found(self, uids: Sequence[int]) -> int:
        """How many are found with these among them."""
        (also,) = uid_sets(uids)
        return number(_told(self._searched(b"SAVE COUNT", [b"OR $ UID", also]), b"COUNT"))

    def found(self, first: int, last: int) -> list[Summary]:
        """Messages `first` to `last` of what `find` found last, in order of arrival, 1 being the oldest."""
        return self._sorted(first, last, b"$")

    def people(self, newest: int) -> list[tuple[tuple[RawAddress, ...], tuple[RawAddress, ...]]]:
        """Senders and recipients (To, Cc) of the folder's newest messages, the newest first, in one FETCH.

        One more where names stand there without being encoded.
        """
        last = self._connection.exists
        if not last:
            return []
        wanted = b"%d:%d" % (max(1, last - newest + 1), last)
        answers = self._fetch(wanted, b"(UID ENVELOPE)", by_uid=False, budget=ROWS)
        found = [people(answer) for answer in reversed(answers) if is_row(answer)]
        charsets = self._charsets([uid for uid, *named in found if not all(map(is_ascii, named))])
        return [
            (in_utf8(senders, charsets.get(uid, "")), in_utf8(to, charsets.get(uid, ""))) for uid, senders, to in found
        ]

    def _charsets(self, uids: Sequence[int]) -> dict[int, str]:
        """What these messages' texts are written in, and so what stands in their headers without being encoded."""
        told = [fetched(answer) for some in uid_sets(uids) for answer in self._fetch(some, b"(UID BODYSTRUCTURE)")]
        return {number(row.get(b"UID")): charset_of(row.get(b"BODYSTRUCTURE")) for row in told}

    def search(self, search: Search) -> list[int]:
        """UIDs in ascending order, of up to a million messages. Raises UnsafeText for control characters."""
        return self._search(keys(search))

    def find_answers(self, message_id: str) -> list[int]:
        """UIDs of the messages in the folder in hand that answer the one with this Message-ID."""
        return self._search([b"HEADER", b"In-Reply-To", string(message_id)])

    def find_message_id(self, folder: str, message_id: str, *, bare: bool = False) -> list[int]:
        """UIDs of the messages with this Message-ID (with its angle brackets); takes the folder in hand.

        `bare`: if there are none, of those that have it without brackets, as `headers.message_id` reads them.
        """
        self.select(folder)
        found = self._search([b"HEADER", b"Message-ID", string(message_id)])
        if found or not bare:
            return found
        perhaps = set(self._search([b"HEADER", b"Message-ID", string(message_id[1:-1])])[-_BARE_LIMIT:])
        told = self._first_octets(perhaps, b"HEADER.FIELDS (MESSAGE-ID)", _NAME_OCTETS)
        return sorted(
            uid for uid, raw in told if headers.message_id(headers.parse(raw).raw("message-id")) == message_id
        )

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

    def _whole(self, uid: int, root: Part) -> Part:
        """The parts with the whole of their names: of one without quotes BODYSTRUCTURE has the first word only.

        And with their types, of which it has nothing where they are written with a slip. The headers of those that may
        have more, if there are any, are asked for at once.
        """
        sections = [f"{part.section}.MIME" for part in root.walk() if is_half_told(part)][:_NAMES_LIMIT]
        if not sections:
            return root
        return as_written(root, self.parts(uid, sections, 0, _NAME_OCTETS))

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
        rows = [fetched(answer) for some in uid_sets(uids) for answer in self._fetch(some, b"(UID FLAGS)")]
        wanted = set(uids)
        return {uid: flags(row.get(b"FLAGS")) for row in rows if (uid := number(row.get(b"UID"))) in wanted}

    def _one(self, uid: int, items: bytes, length: int = 0) -> dict[bytes, Node]:
        (which,) = uid_sets([uid])
        told: dict[bytes, Node] = {}
        for answer in self._fetch(which, items, budget=length + _SLACK if length else BUDGET):
            row = fetched(answer)
            # The server may mention other messages, or this one's new flags, in between (RFC 9051 section 7.5.2).
            if number(row.get(b"UID")) == uid:
                told |= row
        if told.keys() <= {b"UID", b"FLAGS"}:
            raise MessageGone(f"UID {uid}")
        return told

    def _search(self, pieces: list[bytes]) -> list[int]:
        """As ranges (ESEARCH, RFC 4731), so that a broad search costs few octets."""
        return sorted(islice(_expanded(_told(self._searched(b"ALL", pieces), b"ALL")), _FOUND_LIMIT))

    def _searched(self, wanted: bytes, pieces: list[bytes]) -> list[list[bytes]]:
        self._in_hand()
        command = (b"UID SEARCH RETURN (%s) CHARSET UTF-8" % wanted, *pieces)
        return self._connection.run(*command, keep=(b"ESEARCH",), seconds=SEARCH_SECONDS).get(b"ESEARCH")

    def _sorted(self, first: int, last: int, which: bytes) -> list[Summary]:
        """A part of what is sorted by arrival (ESORT and PARTIAL, RFC 5267 section 4.4), and then its rows."""
        self._in_hand()
        first = max(1, first)
        if first > last:
            return []
        command = b"UID SORT RETURN (PARTIAL %d:%d) (ARRIVAL) UTF-8 %s" % (first, last, which)
        answers = self._connection.run(command, keep=(b"ESEARCH",)).get(b"ESEARCH")
        partial = _told(answers, b"PARTIAL")  # the positions asked for, and the UIDs that stand there
        uids = list(islice(_expanded(partial[-1] if partial and isinstance(partial, list) else None), last - first + 1))
        rows = {row.uid: row for row in self.summaries(uids)}
        return [rows[uid] for uid in uids if uid in rows]


def _told(answers: list[list[bytes]], name: bytes) -> Node:
    """What an ESEARCH answer says of one thing: (TAG "A1") UID COUNT 3 … (RFC 4731 section 3.1)."""
    for answer in answers:
        nodes = parse(answer)
        if name in nodes[:-1]:
            return nodes[nodes.index(name) + 1]
    return None


def _expanded(sequence_set: Node) -> Iterator[int]:
    return (uid for low, high in ranges(octets(sequence_set)) for uid in range(low, high + 1))
