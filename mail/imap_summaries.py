"""A row of the list: ENVELOPE, flags and the shape of the message (RFC 9051 section 7.5.2, PREVIEW RFC 8970)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Final, NamedTuple

from mail import charsets, origin
from mail.errors import ProtocolTrouble
from mail.imap_answers import Node, number, octets, pairs, parse, unescaped

# No RFC822.SIZE: on Maildir it makes a fresh server process look at every file name of the folder.
SUMMARY_ITEMS: Final = (
    b"(UID FLAGS INTERNALDATE PREVIEW ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (%b)])"
    % origin.NOTICE.upper().encode()
)
# Taken apart, the item's name ends with this word, and its value follows.
_NOTICE_AT: Final = b"]"
_DISPOSITION, _TEXT_DISPOSITION, MESSAGE_DISPOSITION = 8, 9, 11
ADDRESS_LIMIT: Final = 50  # addresses kept of each field
ROW_LIMIT: Final = 256 * 1024  # octets of a row worth taking apart; an honest one has about a thousand
_SIGNATURES: Final = frozenset((b"pgp-signature", b"pkcs7-signature", b"x-pkcs7-signature"))
MONTH_NAMES: Final = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MONTHS: Final = {name: index for index, name in enumerate(MONTH_NAMES, start=1)}
# A leaf that isn't text, something to download, or an escape, which would make the next pattern unreliable.
_NOT_PLAIN: Final = re.compile(rb'\("(?!text")[^"]*" "[^"]*" [(N]|"attachment"|\\', re.IGNORECASE).search
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

    `internal_date` is when it arrived, aware UTC. `preview` is the server's, not longer than about 200 characters.
    `not_from_inside`: it claims to be from somebody here and came in from outside (`mail/origin.py`).
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
    not_from_inside: bool = False


def summary(answer: list[bytes]) -> Summary:
    """One FETCH answer to SUMMARY_ITEMS. Raises ProtocolTrouble when something asked for is missing."""
    if sum(map(len, answer)) > ROW_LIMIT:
        return _outsize_row(answer)
    row = _plain_row(answer) or _any_row(answer)
    return row if _is_ascii(row) else _in_utf8(row, charset_of(fetched(answer).get(b"BODYSTRUCTURE")))


def _is_ascii(row: Summary) -> bool:
    names = b"".join([row.subject_raw, *(one.name or b"" for one in (*row.from_raw, *row.to_raw))])
    return names.isascii() and b"\x1b" not in names


def _in_utf8(row: Summary, charset: str) -> Summary:
    """What stands there without being encoded, as the opened message has it."""

    def read(people: tuple[RawAddress, ...]) -> tuple[RawAddress, ...]:
        return tuple(one._replace(name=charsets.utf8(one.name, charset)) if one.name else one for one in people)

    subject = charsets.utf8(row.subject_raw, charset)
    return replace(row, subject_raw=subject, from_raw=read(row.from_raw), to_raw=read(row.to_raw))


def charset_of(root: Node) -> str:
    """The charset that the first text of a BODYSTRUCTURE names, if it isn't the default; "" for none."""
    for leaf in _leaves(root):
        if octets(leaf[0]).lower() == b"text" and isinstance(leaf[2], list):
            charset = octets(pairs(leaf[2]).get(b"CHARSET")).decode("ascii", "replace")
            if not charsets.says_nothing(charset):
                return charset
    return ""


def people(answer: list[bytes]) -> tuple[tuple[RawAddress, ...], tuple[RawAddress, ...]]:
    """Who sent a message and to whom, of one FETCH answer to ENVELOPE; nobody when it is out of all proportion."""
    envelope = fetched(answer).get(b"ENVELOPE") if sum(map(len, answer)) <= ROW_LIMIT else None
    if not isinstance(envelope, list) or len(envelope) < 10:
        return (), ()
    return _addresses(envelope[2]), (*_addresses(envelope[5]), *_addresses(envelope[6]))


def _outsize_row(answer: list[bytes]) -> Summary:
    """Of a row out of all proportion (100,000 recipients, say) only what the server itself wrote.

    Taking one apart costs half a second, and a page may hold fifty. Whoever opens the message is told what is wrong.
    """
    head = answer[0].partition(b" PREVIEW ")[0].partition(b" ENVELOPE ")[0]
    items = fetched([head + b")"])
    arrived = _arrived(octets(items.get(b"INTERNALDATE")))
    return Summary(number(items.get(b"UID")), flags(items.get(b"FLAGS")), arrived, b"", (), (), "", False, "")


def _any_row(answer: list[bytes]) -> Summary:
    items = fetched(answer)
    envelope = items.get(b"ENVELOPE")
    if not isinstance(envelope, list) or len(envelope) < 10:
        raise ProtocolTrouble("an ENVELOPE that is none")
    _date, subject, from_, _sender, _reply_to, to, _cc, _bcc, _in_reply_to, message_id = envelope[:10]
    return Summary(
        number(items.get(b"UID")),
        flags(items.get(b"FLAGS")),
        _arrived(octets(items.get(b"INTERNALDATE"))),
        octets(subject),
        _addresses(from_),
        _addresses(to),
        octets(message_id).decode("ascii", "replace"),
        _has_attachment(items.get(b"BODYSTRUCTURE")),
        octets(items.get(b"PREVIEW")).decode("utf-8", "replace"),
        origin.is_noticed(octets(items.get(_NOTICE_AT))),
    )


def _plain_row(answer: list[bytes]) -> Summary | None:
    """Most rows need not be taken apart: two thirds of them aren't shown, and the rest stands where it always does.

    None for a row that is written otherwise, or has escapes in a name; what is given is what `_any_row` would give.
    """
    match = _ROW(answer[0] if len(answer) == 1 else _in_quotes(answer))
    if not match:
        return None
    uid, flagged, date, preview, subject, from_, to, message_id, shape, notice = match.groups(b"")
    return Summary(
        number(uid),
        flags([*flagged.split()]),
        _arrived(date),
        unescaped(subject),
        _plain_addresses(from_),
        _plain_addresses(to),
        message_id.decode("ascii", "replace"),
        _NOT_PLAIN(shape) is not None and _has_attachment(parse([shape])[0]),
        unescaped(preview).decode("utf-8", "replace"),
        origin.is_noticed(notice),
    )


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


def _has_attachment(root: Node) -> bool:
    """Whether a reader would call one of the parts an attachment."""
    return any(map(_is_attachment, _leaves(root)))


def _leaves(root: Node) -> Iterator[list[Node]]:
    """The parts that aren't multipart, in order."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, list) or not node:
            continue
        if isinstance(node[0], list):
            waiting += reversed([*takewhile(lambda inner: isinstance(inner, list), node)])
        elif len(node) > 6:
            yield node


def _is_attachment(leaf: list[Node]) -> bool:
    at = disposition_at(leaf)
    disposition = leaf[at] if len(leaf) > at else None
    said = octets(disposition[0]).lower() if isinstance(disposition, list) and disposition else b""
    kind, subtype, params, content_id = leaf[:4]
    if said == b"attachment" or at == MESSAGE_DISPOSITION:
        return True
    # A picture with a Content-ID is shown inside the HTML (RFC 2392); text without "attachment" is the letter itself.
    if at == _TEXT_DISPOSITION or (content_id is not None and octets(kind).lower() == b"image"):
        return False
    named = isinstance(params, list) and any(octets(word).lower().startswith(b"name") for word in params[::2])
    return (named or said == b"inline") and octets(subtype).lower() not in _SIGNATURES


def disposition_at(leaf: list[Node]) -> int:
    """Where Content-Disposition stands: behind a text's lines, or a message's envelope, structure and lines."""
    kind = leaf[0].lower() if isinstance(leaf[0], bytes) else b""
    if kind == b"text":
        return _TEXT_DISPOSITION
    if kind == b"message" and len(leaf) > 8 and isinstance(leaf[7], list):
        return MESSAGE_DISPOSITION
    return _DISPOSITION
