"""A row of the list: ENVELOPE, flags and the shape of the message (RFC 9051 section 7.5.2, PREVIEW RFC 8970)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple

from mail import clean
from mail.errors import ProtocolTrouble
from mail.imap.answers import Node, number, octets, pairs, parse, unescaped
from mail.imap.leaves import charset_of, has_attachment, previewed_html
from mail.message import charsets, origin
from mail.message.structure import Part

# No RFC822.SIZE: on Maildir it makes a fresh server process look at every file name of the folder.
SUMMARY_ITEMS: Final = (
    b"(UID FLAGS INTERNALDATE PREVIEW ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (%b)])"
    % origin.NOTICE.upper().encode()
)
# Taken apart, the item's name ends with this word, and its value follows.
_NOTICE_AT: Final = b"]"
ADDRESS_LIMIT: Final = 50  # addresses kept of each field
ROW_LIMIT: Final = 256 * 1024  # octets of a row worth taking apart; an honest one has about a thousand
MONTH_NAMES: Final = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MONTHS: Final = {name: index for index, name in enumerate(MONTH_NAMES, start=1)}
# A leaf that isn't text, something to download, or an escape, which would make the next pattern unreliable.
_NOT_PLAIN: Final = re.compile(rb'\("(?!text")[^"]*" "[^"]*" [(N]|"attachment"|\\', re.IGNORECASE).search
# What the first text is: a row whose preview is made of plain text need not be taken apart for it.
_FIRST_TEXT: Final = re.compile(rb'\("text" "([^"]*)"', re.IGNORECASE).search
# A text, a word of an address that is shown, one that isn't, and a list of addresses. They never go back on what they
# have read, so that a row that doesn't match costs no more than one that does.
_TEXT: Final = r'(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|NIL)'
_SHOWN: Final = r'(?:"([^"\\]*+)"|NIL)'
_OTHER: Final = r'(?:"[^"\\]*+"|NIL)'
_PEOPLE: Final = rf"(?:\((?:\({_OTHER} {_OTHER} {_OTHER} {_OTHER}\))++\)|NIL)"
_ADDRESSES: Final = re.compile(rf"\({_SHOWN} {_OTHER} {_SHOWN} {_SHOWN}\)".encode()).finditer
_ROW: Final = re.compile(
    rf'\(UID ([0-9]+) FLAGS \(([^()"]*)\) INTERNALDATE {_SHOWN} PREVIEW {_TEXT} ENVELOPE '
    rf"\({_OTHER} {_TEXT} ({_PEOPLE}) {_PEOPLE} {_PEOPLE} ({_PEOPLE}) {_PEOPLE} {_PEOPLE} {_OTHER} {_SHOWN}\) "
    rf"BODYSTRUCTURE (\(.*\))(?: BODY\[HEADER\.FIELDS \({origin.NOTICE.upper()}\)\] {_TEXT})?\)[\r\n]*".encode(),
    re.DOTALL,
).fullmatch
_TO_ESCAPE: Final = re.compile(rb'["\\]')
_DATE: Final = re.compile(
    rb"([0-9]{1,2})-([A-Z][a-z]{2})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-5][0-9])"
)


class RawAddress(NamedTuple):
    """One address of an ENVELOPE: RFC 2047 words undecoded; a group has no host (RFC 9051 section 7.5.2)."""

    name: bytes | None
    mailbox: bytes | None
    host: bytes | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What the list shows of a message. The raw fields are bytes from a stranger: decode them before showing.

    `internal_date` is when it arrived, aware UTC. `preview` is the server's, not longer than about 200 characters;
    where it is made of HTML, or says nothing beside HTML, `html` is that part, whose styles the server doesn't look at.
    `unclear`: author and subject aren't told as they stand in the header, or at all.
    `claims`: it came in from outside and claims to be from somebody of these domains (`origin.claimed`).
    """

    uid: int
    flags: frozenset[str]
    internal_date: datetime
    subject_raw: bytes
    from_raw: tuple[RawAddress, ...]
    to_raw: tuple[RawAddress, ...]
    message_id: str
    has_attachment: bool
    preview: str
    claims: frozenset[str] | None = None
    html: Part | None = None
    unclear: bool = False


def summary(answer: list[bytes]) -> Summary:
    """One FETCH answer to SUMMARY_ITEMS. Raises ProtocolTrouble when something asked for is missing."""
    if sum(map(len, answer)) > ROW_LIMIT:
        return _outsize_row(answer)
    row = _plain_row(answer) or _any_row(answer)
    if _is_garbled(row):
        return replace(row, unclear=True)
    return (
        row
        if is_ascii((*row.from_raw, *row.to_raw), row.subject_raw)
        else _in_utf8(row, charset_of(fetched(answer).get(b"BODYSTRUCTURE")))
    )


def is_ascii(people: Iterable[RawAddress], subject: bytes = b"") -> bool:
    """Whether nothing stands there that was written in a charset without saying so."""
    names = b"".join([subject, *(one.name or b"" for one in people)])
    return names.isascii() and b"\x1b" not in names


def _is_garbled(row: Summary) -> bool:
    """ISO 2022 writes in the signs of ASCII: some of them mean a comment or an end to who looks for addresses."""
    names = b"".join([row.subject_raw, *(one.name or b"" for one in row.from_raw)])
    return b"\x1b" in names or (names.isascii() and any(one.host == b"MISSING_DOMAIN" for one in row.from_raw))


def in_utf8(people: tuple[RawAddress, ...], charset: str) -> tuple[RawAddress, ...]:
    """Names that stand there without being encoded, as the opened message has them."""
    return tuple(one._replace(name=charsets.utf8(one.name, charset)) if one.name else one for one in people)


def _in_utf8(row: Summary, charset: str) -> Summary:
    subject = charsets.utf8(row.subject_raw, charset)
    return replace(
        row, subject_raw=subject, from_raw=in_utf8(row.from_raw, charset), to_raw=in_utf8(row.to_raw, charset)
    )


def people(answer: list[bytes]) -> tuple[int, tuple[RawAddress, ...], tuple[RawAddress, ...]]:
    """UID, who sent it and to whom, of one FETCH answer to ENVELOPE; nobody when it is out of all proportion."""
    told = fetched(answer) if sum(map(len, answer)) <= ROW_LIMIT else {}
    uid, envelope = number(told.get(b"UID")), told.get(b"ENVELOPE")
    if not isinstance(envelope, list) or len(envelope) < 10:
        return uid, (), ()
    return uid, _addresses(envelope[2]), (*_addresses(envelope[5]), *_addresses(envelope[6]))


def _outsize_row(answer: list[bytes]) -> Summary:
    """Of a row out of all proportion (100,000 recipients, say) only what the server itself wrote.

    Taking one apart costs half a second, and a page may hold fifty.
    """
    head = answer[0].partition(b" PREVIEW ")[0].partition(b" ENVELOPE ")[0]
    items = fetched([head + b")"])
    arrived = _arrived(octets(items.get(b"INTERNALDATE")))
    return Summary(
        number(items.get(b"UID")), flags(items.get(b"FLAGS")), arrived, b"", (), (), "", False, "", unclear=True
    )


def _any_row(answer: list[bytes]) -> Summary:
    items = fetched(answer)
    envelope = items.get(b"ENVELOPE")
    if not isinstance(envelope, list) or len(envelope) < 10:
        raise ProtocolTrouble("an ENVELOPE that is none")
    shape, preview = items.get(b"BODYSTRUCTURE"), _one_line(octets(items.get(b"PREVIEW")))
    _date, subject, from_, _sender, _reply_to, to, _cc, _bcc, _in_reply_to, message_id = envelope[:10]
    return Summary(
        number(items.get(b"UID")),
        flags(items.get(b"FLAGS")),
        _arrived(octets(items.get(b"INTERNALDATE"))),
        octets(subject),
        _addresses(from_),
        _addresses(to),
        octets(message_id).decode("ascii", "replace"),
        has_attachment(shape),
        preview,
        origin.claimed(octets(items.get(_NOTICE_AT))),
        previewed_html(shape, blank=not preview),
    )


def _plain_row(answer: list[bytes]) -> Summary | None:
    """Most rows need not be taken apart: two thirds of them aren't shown, and the rest stands where it always does.

    None for a row that is written otherwise, or has escapes in a name; what is given is what `_any_row` would give.
    """
    match = _ROW(answer[0] if len(answer) == 1 else _in_quotes(answer))
    if not match:
        return None
    uid, flagged, date, told, subject, from_, to, message_id, shape, notice = match.groups(b"")
    preview = _one_line(unescaped(told))
    first = _FIRST_TEXT(shape)
    tree = parse([shape])[0] if _NOT_PLAIN(shape) or not preview or (first and first[1].lower() != b"plain") else None
    return Summary(
        number(uid),
        flags([*flagged.split()]),
        _arrived(date),
        unescaped(subject),
        _plain_addresses(from_),
        _plain_addresses(to),
        message_id.decode("ascii", "replace"),
        has_attachment(tree),
        preview,
        origin.claimed(notice),
        previewed_html(tree, blank=not preview),
    )


def _one_line(preview: bytes) -> str:
    return clean.blanks_closed(preview.decode("utf-8", "replace"))


def _in_quotes(answer: list[bytes]) -> bytes:
    """The answer with its literals as strings."""
    return b"".join(
        b'"%b"' % _TO_ESCAPE.sub(rb"\\\g<0>", piece) if index % 2 else piece for index, piece in enumerate(answer)
    )


def _arrived(text: bytes) -> datetime:
    arrived = when(text)
    if arrived is None:
        raise ProtocolTrouble("an INTERNALDATE that is none")
    return arrived


def _plain_addresses(text: bytes) -> tuple[RawAddress, ...]:
    return tuple([RawAddress(*match.groups()) for match in islice(_ADDRESSES(text), ADDRESS_LIMIT)])


def fetched(answer: list[bytes]) -> dict[bytes, Node]:
    """The items of one FETCH answer by name."""
    nodes = parse(answer)
    return pairs(nodes[0]) if len(nodes) == 1 else {}


def flags(node: Node) -> frozenset[str]:
    if not isinstance(node, list):
        return frozenset()
    return frozenset([word.decode("ascii", "replace") for word in node if isinstance(word, bytes)])


def when(text: bytes) -> datetime | None:
    """An INTERNALDATE's moment in UTC (RFC 9051 section 9); None when it is none or lies outside our calendar."""
    match = _DATE.fullmatch(text.lstrip())
    if not match or match[2] not in _MONTHS:
        return None
    day, month, year, hour, minute, second, sign, east, east_minutes = match.groups()
    try:
        local = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), min(int(second), 59), tzinfo=UTC)
        if east == east_minutes == b"00":
            return local
        offset = timedelta(hours=int(east), minutes=int(east_minutes))
        return local - offset if sign == b"+" else local + offset
    except (ValueError, OverflowError):
        return None


def _addresses(node: Node) -> tuple[RawAddress, ...]:
    if not isinstance(node, list):
        return ()
    return tuple(
        [
            RawAddress(_text(one[0]), _text(one[2]), _text(one[3]))
            for one in node[:ADDRESS_LIMIT]
            if isinstance(one, list) and len(one) >= 4
        ]
    )


def _text(node: Node) -> bytes | None:
    return node if isinstance(node, bytes) else None
