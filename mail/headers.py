"""The header block of a received message: cut, unfolded and decoded with a bound on everything.

The standard library's parser isn't used on received mail: some headers keep it busy for half a minute,
others make it raise, and an encoded newline comes out of it as a newline.
"""

import quopri
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from mail import charsets, clean, transfer
from mail.errors import HostileMessage

MAX_BLOCK: Final = 131_072
MAX_HEADER: Final = 8_192
MAX_RECIPIENT_HEADER: Final = 65_536
MAX_HEADERS: Final = 1_000
MAX_ENCODED_WORDS: Final = 200
MAX_MESSAGE_IDS: Final = 100

_LONG_ONES: Final = {b"to", b"cc", b"bcc", b"references", b"received", b"dkim-signature", b"arc-seal"}
_FIELD: Final = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
# RFC 2047 section 2, with the language of RFC 2231 section 5, and blanks in "Q" text as careless mailers send them.
_WORD: Final = re.compile(r"=\?([A-Za-z0-9_.:()-]{1,60})(?:\*[A-Za-z0-9-]{0,40})?\?([bBqQ])\?([^?\r\n]*)\?=")
LONGEST_MESSAGE_ID: Final = 403
# RFC 5322 section 3.6.4, kept to what can stand in a header of ours without quoting.
_MESSAGE_ID: Final = re.compile(r"<([A-Za-z0-9!#$%&'*+/=?^_`{|}~.:;,\[\]()-]{1,200}@[A-Za-z0-9.:_\[\]-]{1,200})>")


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of one header block in order, names lower-case, values unfolded but still encoded."""

    fields: tuple[tuple[str, bytes], ...]

    def raw(self, name: str) -> bytes | None:
        """The first value of this name as it came, None when there is none."""
        return next((value for field, value in self.fields if field == name.lower()), None)

    def get(self, name: str) -> str:
        """The first value of this name, decoded and on one clean line; "" when there is none."""
        value = self.raw(name)
        return decode_words(value) if value is not None else ""

    def get_all(self, name: str) -> list[str]:
        return [decode_words(value) for field, value in self.fields if field == name.lower()]

    def date(self) -> datetime | None:
        return parse_date(self.raw("date") or b"")


def parse(raw: bytes) -> Headers:
    """Read a header block (what follows the first empty line is ignored).

    Raises `HostileMessage` when the block, one header, or the number of headers or of encoded words is beyond
    what any mailer writes. Lines that are no header are skipped (RFC 5322 section 2.2).
    """
    if len(raw) > MAX_BLOCK:
        raise HostileMessage(f"header block over {MAX_BLOCK} bytes")
    block = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    fields: list[tuple[str, bytes]] = []
    words = 0
    for field in re.split(rb"\r?\n(?![ \t])", block):
        match = _FIELD.match(field)
        if match is None:
            continue
        name, value = match[1].lower(), re.sub(rb"\r?\n(?=[ \t])", b"", match[2]).strip()
        words += value.count(b"=?") if b"?=" in value else 0
        _bound(name, value, len(fields), words)
        fields.append((name.decode("ascii"), value))
    return Headers(tuple(fields))


def _bound(name: bytes, value: bytes, headers: int, words: int) -> None:
    limit = MAX_RECIPIENT_HEADER if name in _LONG_ONES else MAX_HEADER
    if len(value) > limit:
        raise HostileMessage(f"one header over {limit} bytes")
    if headers >= MAX_HEADERS:
        raise HostileMessage(f"over {MAX_HEADERS} headers")
    if words > MAX_ENCODED_WORDS:
        raise HostileMessage(f"over {MAX_ENCODED_WORDS} encoded words")


def decode_words(value: bytes | str) -> str:
    """Decode RFC 2047 encoded words and clean the outcome to one line. Never raises.

    Neighbouring words of the same charset are joined before decoding, because mailers cut characters in half.
    Beyond 200 words the rest stays encoded.
    """
    text = charsets.decode(value[:MAX_BLOCK]) if isinstance(value, bytes) else value[:MAX_BLOCK]
    if "=?" not in text:
        return clean.one_line(text)
    pieces: list[str] = []
    pending, charset, end = b"", "", 0
    for count, match in enumerate(_WORD.finditer(text), start=1):
        if count > MAX_ENCODED_WORDS:
            break
        between = text[end : match.start()]
        if between.strip() or (count == 1 and between) or match[1].lower() != charset:
            pieces.append(charsets.decode(pending, charset))
            pending = b""
            pieces.append(between if between.strip() or count == 1 else "")
        charset = match[1].lower()
        pending += _word_bytes(match[2], match[3])
        end = match.end()
    pieces.append(charsets.decode(pending, charset))
    return clean.one_line("".join(pieces) + text[end:])


def _word_bytes(encoding: str, content: str) -> bytes:
    if encoding in "bB":
        return transfer.decode(content.encode("ascii", "ignore"), "base64")
    return quopri.decodestring(content.replace("_", "=20").encode("utf-8", "replace"), header=False)


def message_ids(value: str | bytes | None) -> list[str]:
    """The well-formed message ids of a References, In-Reply-To or Message-ID value, each as "<left@right>".

    Without repetition, in order; of more than 100 the first and the last 99, as a thread needs (RFC 5322 3.6.4).
    """
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value or ""
    found = list(dict.fromkeys(match[0] for match in _MESSAGE_ID.finditer(text[:MAX_BLOCK])))
    return found if len(found) <= MAX_MESSAGE_IDS else [found[0], *found[1 - MAX_MESSAGE_IDS :]]


def parse_date(value: str | bytes) -> datetime | None:
    """A Date header as an aware time on its writer's clock; None when it can't be read (RFC 5322 section 3.3)."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    try:
        found = parsedate_to_datetime(clean.one_line(text[:100]))
        found = found if found.tzinfo else found.replace(tzinfo=UTC)  # -0000: nobody says whose clock it is
        found.astimezone(UTC)  # fails now, not later, where the year 9999 ends
        return found
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
