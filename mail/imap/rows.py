"""Rows of the list, and what of them the first answer doesn't tell: a second one is asked for those that need it."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from mail.html import as_text
from mail.html.style_hiding import TooMuch
from mail.imap.answers import esearch, expanded, number, octets
from mail.imap.leaves import charset_of
from mail.imap.session import Session, uid_sets
from mail.imap.summaries import (
    ADDRESS_LIMIT,
    SUMMARY_ITEMS,
    RawAddress,
    Summary,
    fetched,
    in_utf8,
    is_ascii,
    people,
    summary,
)
from mail.message import addresses, headers
from mail.message.addresses import Address
from mail.message.contents import decode_body
from mail.message.structure import Part

ROWS: Final = 160 * 1024 * 1024  # fifty rows, each with as many recipients as a header of 2 MB can name
# Octets of HTML looked at for a preview: newsletters have up to 20 KB of styles before their first word.
PREVIEW_OCTETS: Final = 32 * 1024
PREVIEW_LENGTH: Final = 200
_SECTIONS: Final = 3  # of different places where HTML stands; nearly all of it is in the first two
_KEPT: Final = 500
_HEADER_OCTETS: Final = 4096
_SLACK: Final = 64 * 1024


class Rows:
    """The messages of the folder in hand, as a list shows them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        # What was found out about messages, by folder, UIDVALIDITY and UID: they never change, and are listed often.
        self._found: dict[tuple[str, int, int], dict[str, Any]] = {}

    def page(self, first: int, last: int, among: tuple[int, int] | None = None) -> list[Summary]:
        """Messages `first` to `last` in order of arrival, 1 being the oldest; none beyond the end.

        They are counted within those that have the numbers `among`, or within the folder: sorting costs the server what
        it sorts, and the answer what is shown.
        """
        bottom, top = among or (1, self._session.connection.exists)
        return self._sorted(first, last, b"%d:%d" % (bottom, top)) if 0 < bottom <= top else []

    def found(self, first: int, last: int) -> list[Summary]:
        """Messages `first` to `last` of what `find` found last, in order of arrival, 1 being the oldest."""
        return self._sorted(first, last, b"$")

    def people(self, newest: int) -> list[tuple[tuple[RawAddress, ...], tuple[RawAddress, ...]]]:
        """Senders and recipients (To, Cc) of the folder's newest messages, the newest first, in one FETCH.

        One more where names stand there without being encoded.
        """
        last = self._session.connection.exists
        if not last:
            return []
        wanted = b"%d:%d" % (max(1, last - newest + 1), last)
        answers = self._session.fetch(wanted, b"(UID ENVELOPE)", by_uid=False, budget=ROWS)
        found = [people(answer) for answer in reversed(answers) if is_row(answer)]
        charsets = self._charsets([uid for uid, *named in found if not all(map(is_ascii, named))])
        return [
            (in_utf8(senders, charsets.get(uid, "")), in_utf8(to, charsets.get(uid, ""))) for uid, senders, to in found
        ]

    def summaries(self, uids: Sequence[int]) -> list[Summary]:
        """Those of the messages that still exist, in order of UID."""
        answers = [
            answer for some in uid_sets(uids) for answer in self._session.fetch(some, SUMMARY_ITEMS, budget=ROWS)
        ]
        # Answers that only tell changed flags are no rows.
        rows = sorted((summary(answer) for answer in answers if is_row(answer)), key=lambda row: row.uid)
        place = (self._session.in_hand().folder, self._session.in_hand().uidvalidity)
        keys = {row.uid: (*place, row.uid) for row in rows}
        unknown = [row for row in rows if (row.html or row.unclear) and keys[row.uid] not in self._found]
        previews, written = dict(self._beginnings(unknown)), dict(self._headers(unknown))
        told = {row.uid: previews.get(row.uid, {}) | written.get(row.uid, {}) for row in unknown}
        seen = [replace(row, **(told.get(row.uid) or self._found.get(keys[row.uid], {}))) for row in rows]
        # What wasn't asked for, or not answered, is asked for the next time.
        self._found |= {
            keys[row.uid]: told[row.uid]
            for row in unknown
            if (not row.html or row.uid in previews) and (not row.unclear or row.uid in written)
        }
        for old in [*self._found][:-_KEPT]:
            del self._found[old]
        return seen

    def _beginnings(self, rows: Sequence[Summary]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Previews without what styles hide, where the beginning of the HTML tells them: a command for each section."""
        parts = {row.uid: row.html for row in rows if row.html}
        for section, _ in Counter(part.section for part in parts.values()).most_common(_SECTIONS):
            uids = {uid for uid, part in parts.items() if part.section == section}
            for uid, raw in first_octets(self._session, uids, section.encode("ascii"), PREVIEW_OCTETS):
                words = _seen_first(raw, parts[uid])
                yield uid, {} if words is None else {"preview": words}

    def _headers(self, rows: Sequence[Summary]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Author and subject as they stand in the header, where ENVELOPE couldn't tell."""
        uids = {row.uid for row in rows if row.unclear}
        for uid, raw in first_octets(self._session, uids, b"HEADER.FIELDS (FROM SUBJECT)", _HEADER_OCTETS):
            written = headers.parse(raw)
            people = addresses.parse_list(written.raw("from") or b"", ADDRESS_LIMIT)
            told = {"from_raw": tuple(map(_raw, people)), "subject_raw": written.raw("subject")}
            yield uid, {name: value for name, value in told.items() if value}

    def _charsets(self, uids: Sequence[int]) -> dict[int, str]:
        """What these messages' texts are written in, and so what stands in their headers without being encoded."""
        told = [
            fetched(answer) for some in uid_sets(uids) for answer in self._session.fetch(some, b"(UID BODYSTRUCTURE)")
        ]
        return {number(row.get(b"UID")): charset_of(row.get(b"BODYSTRUCTURE")) for row in told}

    def _sorted(self, first: int, last: int, which: bytes) -> list[Summary]:
        """A part of what is sorted by arrival (ESORT and PARTIAL, RFC 5267 section 4.4), and then its rows."""
        self._session.in_hand()
        first = max(1, first)
        if first > last:
            return []
        command = b"UID SORT RETURN (PARTIAL %d:%d) (ARRIVAL) UTF-8 %s" % (first, last, which)
        answers = self._session.connection.run(command, keep=(b"ESEARCH",)).get(b"ESEARCH")
        partial = esearch(answers, b"PARTIAL")  # the positions asked for, and the UIDs that stand there
        uids = list(islice(expanded(partial[-1] if partial and isinstance(partial, list) else None), last - first + 1))
        rows = {row.uid: row for row in self.summaries(uids)}
        return [rows[uid] for uid in uids if uid in rows]


def first_octets(session: Session, uids: Collection[int], section: bytes, most: int) -> Iterator[tuple[int, bytes]]:
    """The beginning of a section, at most so many octets, of each of the messages that has it, by UID."""
    # Taken apart, the name of a section with fields in it is three words, of which the last has the value.
    name = b"]<0>" if b" " in section else b"BODY[%s]<0>" % section
    for some in uid_sets(uids):
        items = b"(UID BODY.PEEK[%s]<0.%d>)" % (section, most)
        for answer in session.fetch(some, items, budget=len(uids) * most + _SLACK):
            told = fetched(answer)
            if name in told and (uid := number(told.get(b"UID"))) in uids:
                yield uid, octets(told[name])


def is_row(answer: list[bytes]) -> bool:
    return any(b"ENVELOPE" in piece for piece in answer[::2])


def _raw(person: Address) -> RawAddress:
    local, _, host = person.address.rpartition("@")
    return RawAddress(person.name.encode(), (local or "MISSING_MAILBOX").encode(), (host or "MISSING_DOMAIN").encode())


def _seen_first(raw: bytes, part: Part) -> str | None:
    """The first visible words of HTML that begins with `raw`; None when that isn't enough to tell."""
    try:
        return as_text.beginning(decode_body(raw, part), PREVIEW_LENGTH, whole=len(raw) < PREVIEW_OCTETS)
    except TooMuch:
        return None
