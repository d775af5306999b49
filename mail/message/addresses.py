"""Addresses as people see them, from header text, from an IMAP ENVELOPE and from what somebody typed.

Reading is forgiving and linear in its input. What people of ours are called is strict (`spec`); to whom they may write
is for the server there to judge, so that any address that fits on the wire will do (`sendable`).
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mail.domains import ascii_domain
from mail.message import charsets, headers

MAX_ADDRESSES: Final = 1_000
MAX_NAME: Final = 200
# In octets, as it goes on the wire: what fits into one line of any header (RFC 5322 section 2.1.1). Limits of RFC 5321
# section 4.5.3.1 are what everybody must take at least: addresses made by machines are longer.
MAX_ADDRESS: Final = 900

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
# What the world calls itself without quotes: dots anywhere, other scripts (RFC 6531 section 3.3), no second at sign.
_ANY_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u00a1-\ufe6a\ufe6c-\uff1f\uff21-\U0010ffff-]+")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ANY_HOST: Final = re.compile(r"(?=.{1,253}$)[\w-]{1,63}(?:\.[\w-]{1,63})*", re.ASCII)
# One token of an address list: a quoted string, a comment, an angle address, a separator, or a run of the rest, in
# which an encoded word counts as a whole because mailers leave commas in it, and so does a host by its IPv6 address.
# Nothing has to match after a run, so that reading never goes back.
_ENCODED: Final = r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?\r\n]*\?="
_LITERAL: Final = r"\[(?i:ipv6):[0-9A-Fa-f:.]{2,45}\]"
TOKEN: Final = re.compile(
    rf'"((?:[^"\\]|\\.)*)"?|\(([^()]*)\)?|<+([^<>]*)>*|([,;:])|((?:[^"(<,;:=\[]+|{_ENCODED}|=|{_LITERAL}|\[)+)',
    re.DOTALL,
)
# Wide and small, it reads as an at sign all the same.
AT: Final = re.compile("[@\N{FULLWIDTH COMMERCIAL AT}\N{SMALL COMMERCIAL AT}]")
_INSIDE: Final = re.compile(r" *(@) *| +(\.) *")
_MAILTO: Final = re.compile(r"\A\s*mailto:", re.IGNORECASE)
ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """A name ("" when there is none) and an address, both clean and of one line.

    `address` is what stood there, well-formed or not, its domain in lower case; `valid` tells whether it can be
    written to. Without an at sign it is none, and may be any words.
    """

    name: str
    address: str

    @property
    def valid(self) -> bool:
        return sendable(self.address) == self.address

    @property
    def display(self) -> str:
        """The name, or the address where there is no name, or where the name gives itself out for an address."""
        return self.name if self.name and not AT.search(self.name) else self.address or self.name

    @property
    def without_false_name(self) -> "Address":
        """The address alone where its name gives itself out for an address; else itself."""
        return self if self.name == self.display != self.address else Address("", self.address)

    def __str__(self) -> str:
        """As people write it: Kim <kim@customer.test>, with quotes where the name needs them."""
        if not self.name:
            return self.address
        plain = re.fullmatch(r"[^\x00-\x1f()<>\[\]:;@\\,.\"\uff20\ufe6b]+", self.name)
        name = self.name if plain else '"' + re.sub(r'([\\"])', r"\\\1", self.name) + '"'
        return f"{name} <{self.address}>"


def parse_list(value: str | bytes, limit: int = MAX_ADDRESSES) -> list[Address]:
    """The addresses of a From, To, Cc or Reply-To value as received, at most `limit`. Never raises.

    Encoded words are decoded after the list has been split, so that a comma inside a name stays there. Group
    names are left out, their members kept (RFC 5322 section 3.4).
    """
    text = charsets.decode(value) if isinstance(value, bytes) else value
    return [_received(name, spec) for name, spec in _split(text[: headers.MAX_BLOCK], limit)]


def addresses_of(received: headers.Headers, name: str) -> list[Address]:
    """The addresses of every line of this name: one is what RFC 5322 section 3.6 allows, and more are sent.

    Of From the first line alone: who wrote a message can't be added to.
    """
    lines = [value for field, value in received.fields if field == name.lower()]
    return parse_list(b", ".join(lines[:1] if name.lower() == "from" else lines))


def is_cut(received: headers.Headers, name: str) -> bool:
    """Whether a field names more people than are read of it: it is too long, or they are over 1,000."""
    values = [value for field, value in received.fields if field == name.lower()]
    if name.lower() in received.shortened:
        return True
    if sum(value.count(b",") + value.count(b";") + 1 for value in values) <= MAX_ADDRESSES:
        return False
    return len(parse_list(b", ".join(values), MAX_ADDRESSES + 1)) > MAX_ADDRESSES


def from_envelope(name: bytes | None, local: bytes | None, host: bytes | None) -> Address | None:
    """One address of an IMAP ENVELOPE (RFC 9051 section 7.5.2); None for the markers of a group.

    Where a half of the address is missing, Dovecot says so in its place.
    """
    if local is None or host is None:
        return None
    if local == b"MISSING_MAILBOX":
        return _received(_plain(name or b""), "")
    if not host or host == b"MISSING_DOMAIN":
        return _received(_plain(name or b""), _plain(local))
    address = f"{_plain(local)}@{_plain(host)}"
    return _received(_plain(name or b""), sendable(address) or f"{_requoted(_plain(local))}@{_plain(host)}")


def same(one: str, other: str) -> bool:
    """Whether two addresses reach the same mailbox as far as anyone outside can tell: case is ignored."""
    return one.strip().lower() == other.strip().lower()


def belongs_to(address: str, mailbox: str) -> bool:
    """Whether what is sent there comes to this mailbox of ours: sub-addresses do (RFC 5233)."""
    local, at, host = address.rpartition("@")
    return same(address, mailbox) or same(local.partition("+")[0] + at + host, mailbox)


def _plain(raw: bytes) -> str:
    return raw.decode("ascii") if raw.isascii() else charsets.decode(raw)


def _received(name: str, spec: str) -> Address:
    written = _MAILTO.sub("", headers.decode_words(spec))
    # Blanks around an at sign and before a dot divide nothing (RFC 5322 section 4.4); elsewhere another word begins.
    bare = _INSIDE.sub(r"\1\2", written)
    address = sendable(written) or sendable(bare)
    if address is None and bare.count("@") == 1:
        words = bare.split()[:1] if name else bare.split()  # behind a name in angle brackets only a remark may follow
        address = next(filter(None, map(sendable, words)), None)
    if address is None:
        # What is drawn as blanks would make a name of an address, and put its end out of sight.
        local, at, host = "".join(bare.split()).rpartition("@")
        address = (local + at + host.lower() if at else " ".join(bare.split()))[:MAX_ADDRESS]
    return Address(headers.decode_words(name)[:MAX_NAME], address)


def _requoted(local: str) -> str:
    """A local part without quotes as it is shown: with them where it needs them."""
    if _ANY_LOCAL.fullmatch(local):
        return local
    return '"' + re.sub(r'([\\"])', r"\\\1", local) + '"'


def _split(text: str, limit: int) -> list[tuple[str, str]]:
    """(name, addr-spec) pairs of a list; a lone word is taken for an addr-spec."""
    pairs: list[tuple[str, str]] = []
    words: list[str] = []
    comment = angle = None
    for match in TOKEN.finditer(text):
        quoted, remark, address, separator, word = match.groups()
        if quoted is not None:
            # A quoted local part keeps its quotes: "a b"@host.
            after = text[match.end() : match.end() + 1]
            words.append(match[0] if after == "@" else ESCAPED.sub(r"\1", quoted))
        elif remark is not None:
            comment = remark
        elif address is not None:
            angle = angle or address
        elif word is not None:
            words.append(word.strip())
        elif separator == ":" and angle is None:
            words = []
        else:
            pairs.extend(_pair(words, comment, angle))
            words, comment, angle = [], None, None
            if len(pairs) >= limit:
                break
    else:
        pairs.extend(_pair(words, comment, angle))
    return pairs[:limit]


def _pair(words: Sequence[str], comment: str | None, angle: str | None) -> list[tuple[str, str]]:
    name = " ".join(word for word in words if word)
    if angle is not None:
        # "<@relay:kim@host>" is a source route, which RFC 5322 section 4.4 says to ignore.
        return [(name or comment or "", angle.partition(":")[2].strip() if angle.startswith("@") else angle.strip())]
    spec = closed(name)
    return [((comment or "").strip(), spec)] if spec or comment else []


def closed(spec: str) -> str:
    """An address without the blanks that may stand around its at sign (RFC 5322 section 4.4)."""
    local, at, host = spec.rpartition("@")
    return f"{local.rstrip()}{at}{host.lstrip()}"


def spec(written: str) -> str | None:
    """A well-formed addr-spec with its domain in ASCII lower case, None when it can't be one."""
    local, _, host = written.strip().rpartition("@")
    if len(local) > 64 or not _LOCAL.fullmatch(local):
        return None
    ascii_host = ascii_domain(host)
    return f"{local}@{ascii_host}" if ascii_host else None


def sendable(written: str) -> str | None:
    """An address that can go on the wire, in the one form that is compared and shown; None when it can't.

    The rule of every door: who can be heard can be answered. Quotes stand around its local part only where a blank or
    a special sign needs them, the domain is ASCII in lower case, or an address of a machine (RFC 5321 section 4.1.3).
    Whether anybody has this address is for the server there to say. Nothing of it ends a line or a path.
    """
    local, _, host = written.strip().rpartition("@")
    quoted = _QUOTED.fullmatch(local)
    content = ESCAPED.sub(r"\1", quoted[1]) if quoted else local
    host = _host(host)
    if not (content and host and content.isprintable()) or re.search("[<>]", content):
        return None
    if not quoted and not _ANY_LOCAL.fullmatch(content):
        return None
    address = f"{_requoted(content)}@{host}"
    return address if len(wire(address).encode()) <= MAX_ADDRESS else None


def _host(written: str) -> str:
    """As the wire has it; "" for what is none."""
    host = written.removesuffix(".").lower()
    if host.startswith("[") and host.endswith("]"):
        inner = host[1:-1]
        try:
            ipaddress.IPv6Address(inner[5:]) if inner.startswith("ipv6:") else ipaddress.IPv4Address(inner)
        except ValueError:
            return ""
        return host if "%" not in host else ""
    return host if _ANY_HOST.fullmatch(host) else ascii_domain(host) or ""


def wire(address: str) -> str:
    """A `sendable` address as commands and headers have it: its local part quoted where dots stand where none may."""
    local, _, host = address.rpartition("@")
    plain = local.startswith('"') or (".." not in local and not local.startswith(".") and not local.endswith("."))
    return address if plain else f'"{local}"@{host}'
