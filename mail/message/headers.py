"""The header block of a received message: cut, unfolded and decoded with a bound on everything.

The standard library's parser isn't used on received mail: some headers keep it busy for half a minute,
others make it raise, and an encoded newline comes out of it as a newline.
"""

import quopri
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from mail import clean
from mail.message import charsets, transfer

MAX_BLOCK: Final = 262_144
MAX_HEADER: Final = 8_192
MAX_RECIPIENT_HEADER: Final = 65_536
MAX_ENCODED_WORDS: Final = 200
MAX_LINES: Final = 20  # of one name; RFC 5322 section 3.6 allows one
MAX_MESSAGE_IDS: Final = 100
LONGEST_MESSAGE_ID: Final = 900  # on a line of its own it stays below the 998 of RFC 5322 section 2.1.1

# The fields that people see, and how much of one is read; only these are bounded, since nobody reads the others.
_PEOPLE: Final = dict.fromkeys(("from", "sender", "reply-to", "to", "cc", "bcc"), MAX_RECIPIENT_HEADER)
_LIMITS: Final = {"subject": MAX_HEADER, **_PEOPLE}
_FIELD: Final = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
# What stands in a "Q" word: also blanks, and question marks, as careless mailers leave them there. One that an encoded
# octet follows ("?=20") ends the word unless another end comes; "=?" begins the next word, so nothing is read twice.
_Q: Final = r"(?:[^?=\r\n]|=(?!\?)|\?(?!=)|\?(?==[0-9A-F]{2}(?:[^?=\s]|=(?!\?)|\?(?!=))*+\?=))*+"
# A quoted string, a comment, an angle address, the end of one person, or a run of the rest (RFC 5322 section 3.4).
_PERSON: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?|\([^()]*\)?|<[^<>]*>?|([,;])|[^"(<,;]+', re.DOTALL)
# RFC 2047 section 2, with the language of RFC 2231 section 5.
_WORD: Final = re.compile(
    rf"=\?([A-Za-z0-9_.:()-]{{1,60}})(?:\*[A-Za-z0-9-]{{0,40}})?\?(?:[bB]\?([^?\r\n]*)|[qQ]\?({_Q}))\?="
)
# RFC 5322 section 3.6.4 is what an id should be. The next program looks for what stands there, so all that can stand in
# a header of ours counts: blanks, two at signs or none.
_IN_BRACKETS: Final = re.compile(rf"<[ !-;=?-~]{{1,{LONGEST_MESSAGE_ID - 2}}}>")
_BARE: Final = re.compile(r'(?<![^\s,;])[^\s<>()",;@]{1,400}@[^\s<>()",;]{1,400}(?![^\s,;])', re.ASCII)


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of one header block in order, names lower-case, values unfolded but still encoded.

    What people see of it is in UTF-8. `shortened` names the fields of which only the first part is here, and is
    "header" where the block itself was longer than 256 KiB.
    """

    fields: tuple[tuple[str, bytes], ...]
    shortened: tuple[str, ...] = ()

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


def parse(raw: bytes, charset: str = "") -> Headers:
    """Read a header block, the first 256 KiB of it (what follows the first empty line is ignored). Never raises.

    Lines that are no header are skipped (RFC 5322 section 2.2). `charset` is the body's: what stands in a header
    beyond ASCII and isn't UTF-8 was written in it.
    """
    block, *body = re.split(rb"\r?\n\r?\n", raw[:MAX_BLOCK], maxsplit=1)
    found = [match for field in re.split(rb"\r?\n(?![ \t])", block) if (match := _FIELD.match(field))]
    unfinished = found.pop() if found and not body and len(raw) >= MAX_BLOCK else None
    fields: list[tuple[str, bytes]] = []
    shortened: dict[str, None] = {}
    lines: Counter[str] = Counter()
    for match in [*found, unfinished] if unfinished else found:
        name, value = match[1].lower().decode("ascii"), re.sub(rb"\r?\n(?=[ \t])", b"", match[2]).strip()
        if name in _LIMITS:
            lines[name] += 1
            first = _first_part(name, value, finished=match is not unfinished) if lines[name] <= MAX_LINES else None
            if first != value:
                shortened[name] = None
            if first is None:
                continue
            value = charsets.utf8(first, charset)
        fields.append((name, value))
    return Headers(tuple(fields), (*shortened, "header") if unfinished else tuple(shortened))


def _first_part(name: str, value: bytes, *, finished: bool) -> bytes:
    """As much of a field that people see as is read: all of it, but for what no person wrote."""
    if name == "subject":
        first = b"=?".join(value[:MAX_HEADER].split(b"=?", MAX_ENCODED_WORDS + 1)[: MAX_ENCODED_WORDS + 1])
        return first if len(first) == len(value) else first.rpartition(b" ")[0] or first
    whole = finished and len(value) <= _LIMITS[name]
    return value if whole else _first_people(value, _LIMITS[name], finished=finished)


def _first_people(value: bytes, limit: int, *, finished: bool) -> bytes:
    """Whole addresses only: half of one, or what is quoted in a name, may be somebody else's.

    A name longer than all that leaves its address, if its end is known.
    """
    end, address = 0, b""
    for match in _PERSON.finditer(value):
        if match[1] and match.start() > limit:
            break
        if match[1]:
            end = match.start()
        elif match[0].startswith(b"<"):
            address = match[0]
    return value[:end] if end else address[:limit] if finished else b""


def decode_words(value: bytes | str) -> str:
    """Decode RFC 2047 encoded words and clean the outcome to one line. Never raises.

    Neighbouring words of the same charset are joined before decoding, because mailers cut characters in half.
    What follows the 200th word is left out.
    """
    text = charsets.decode(value[:MAX_BLOCK]) if isinstance(value, bytes) else value[:MAX_BLOCK]
    if "=?" not in text:
        return clean.one_line(text)
    pieces: list[str] = []
    pending, charset, end = b"", "", 0
    for count, match in enumerate(_WORD.finditer(text), start=1):
        if count > MAX_ENCODED_WORDS:
            text = text[:end]
            break
        between = text[end : match.start()]
        if between.strip() or (count == 1 and between) or match[1].lower() != charset:
            pieces.append(charsets.decode(pending, charset))
            pending = b""
            pieces.append(between if between.strip() or count == 1 else "")
        charset = match[1].lower()
        pending += _base64(match[2]) if match[3] is None else _q(match[3])
        end = match.end()
    pieces.append(charsets.decode(pending, charset))
    return clean.one_line("".join(pieces) + text[end:])


def _base64(content: str) -> bytes:
    return transfer.decode(content.encode("ascii", "ignore"), "base64")


def _q(content: str) -> bytes:
    return quopri.decodestring(content.replace("_", "=20").encode("utf-8", "replace"), header=False)


def message_ids(value: str | bytes | None) -> list[str]:
    """The message ids of a References or In-Reply-To value, each as it stood there between "<" and ">".

    Where nothing stands in brackets, the words with an at sign. Without repetition, in order; of more than 100 the
    first and the last 99, as a thread needs (RFC 5322 section 3.6.4). Each is at most 900 characters of ASCII.
    """
    text = _one_line(value)
    found = list(dict.fromkeys(_IN_BRACKETS.findall(text)))
    if not found and "<" not in text:
        found = [f"<{word}>" for word in dict.fromkeys(_BARE.findall(text)) if word.isascii() and word.isprintable()]
    return found if len(found) <= MAX_MESSAGE_IDS else [found[0], *found[1 - MAX_MESSAGE_IDS :]]


def message_id(value: str | bytes | None) -> str:
    """The id of a message by its Message-ID value, in angle brackets also where it came without; "" for none."""
    text = _one_line(value).strip()
    found = _IN_BRACKETS.search(text) or _IN_BRACKETS.fullmatch(f"<{text}>")
    return found[0] if found else ""


def _one_line(value: str | bytes | None) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value or ""
    return text[:MAX_BLOCK].replace("\t", " ")


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
