"""Addresses as people see them, from header text, from an IMAP ENVELOPE and from what somebody typed.

Reading is forgiving and linear in its input; writing is strict (RFC 5322 section 3.4).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import idna

from mail import charsets, clean, headers

MAX_ADDRESSES: Final = 1_000
MAX_NAME: Final = 200

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_HOST: Final = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)
# One token of an address list: a quoted string, a comment, an angle address, a separator, or a run of the rest, in
# which an encoded word counts as a whole because mailers leave commas in it. Nothing has to match after a run, so
# that reading never goes back.
_ENCODED: Final = r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?\r\n]*\?="
_TOKEN: Final = re.compile(
    rf'"((?:[^"\\]|\\.)*)"?|\(([^()]*)\)?|<([^<>]*)>?|([,;:])|((?:[^"(<,;:=]+|{_ENCODED}|=)+)', re.DOTALL
)
# A capitalised word or two, a comma, a given name, an address in angle brackets; no quotes, which say it themselves. A
# small letter is sooner an address that isn't finished than a name.
_WORDS: Final = r"[^\W\d_a-z][^\s@<>\",;:()]{0,60}(?: [^\s@<>\",;:()]{1,60}){0,3}"
_FAMILY_NAME: Final = re.compile(rf"(?:(?<=^)|(?<=[,;\n]))[ ]*({_WORDS}),[ ]*({_WORDS}) ?<", re.MULTILINE)
# Wide and small, it reads as an at sign all the same.
_AT: Final = re.compile("[@\N{FULLWIDTH COMMERCIAL AT}\N{SMALL COMMERCIAL AT}]")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """A name ("" when there is none) and an address, both clean and of one line.

    `address` is what stood there, well-formed or not, its domain in lower case; `valid` tells whether it can be
    written to.
    """

    name: str
    address: str

    @property
    def valid(self) -> bool:
        return spec(self.address) == self.address

    @property
    def display(self) -> str:
        """The name, or the address where there is no name, or where the name gives itself out for an address."""
        return self.name if self.name and not _AT.search(self.name) else self.address or self.name

    def __str__(self) -> str:
        """As people write it: Kim <kim@customer.test>, with quotes where the name needs them."""
        if not self.name:
            return self.address
        plain = re.fullmatch(r"[^\x00-\x1f()<>\[\]:;@\\,.\"]+", self.name)
        name = self.name if plain else '"' + re.sub(r'([\\"])', r"\\\1", self.name) + '"'
        return f"{name} <{self.address}>"


def parse_list(value: str | bytes, limit: int = MAX_ADDRESSES) -> list[Address]:
    """The addresses of a From, To, Cc or Reply-To value as received, at most `limit`. Never raises.

    Encoded words are decoded after the list has been split, so that a comma inside a name stays there. Group
    names are left out, their members kept (RFC 5322 section 3.4).
    """
    text = charsets.decode(value) if isinstance(value, bytes) else value
    return [_received(name, spec) for name, spec in _split(text[: headers.MAX_BLOCK], limit)]


def from_envelope(name: bytes | None, local: bytes | None, host: bytes | None) -> Address | None:
    """One address of an IMAP ENVELOPE (RFC 9051 section 7.5.2); None for the markers of a group.

    Where a half of the address is missing, Dovecot says so in its place.
    """
    if local is None or host is None:
        return None
    if local == b"MISSING_MAILBOX":
        return _received(_plain(name or b""), "")
    spec = local + b"@" + host if host and host != b"MISSING_DOMAIN" else local
    return _received(_plain(name or b""), _plain(spec))


def parse_typed(text: str) -> tuple[list[Address], list[str]]:
    """What a person typed into To, Cc or Bcc: the addresses, and the entries that are none.

    Comma, semicolon and line end separate, and a blank between two addresses. A family name before the comma in
    "Keller, Kim <kim@x.test>" belongs to the name. International domains become punycode (IDNA 2008); a local part
    beyond ASCII would need SMTPUTF8, which few servers take, so it counts as bad. Repeated addresses are kept once.
    """
    good: dict[str, Address] = {}
    bad: list[str] = []
    text = _FAMILY_NAME.sub(r'"\1, \2" <', text[: headers.MAX_BLOCK])
    for name, written in _each(_split(re.sub(r"[\r\n]+", ",", text), MAX_ADDRESSES)):
        found = spec(written)
        if found is None:
            bad.append(clean.one_line(f"{name} <{written}>" if name and written else name or written)[:MAX_NAME])
        else:
            good.setdefault(found.lower(), Address(clean.one_line(name)[:MAX_NAME], found))
    return list(good.values()), bad


def _each(entries: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The entries, those taken apart that are several addresses with blanks between."""
    for name, written in entries:
        words = written.split()
        if not name and len(words) > 1 and all(map(spec, words)):
            yield from (("", word) for word in words)
        else:
            yield name, written


def typed(addresses: Iterable[Address]) -> str:
    """Addresses as a person would type them into a field; `parse_typed` reads them back."""
    return ", ".join(str(address) for address in addresses)


def same(one: str, other: str) -> bool:
    """Whether two addresses reach the same mailbox as far as anyone outside can tell: case is ignored."""
    return one.strip().lower() == other.strip().lower()


def _plain(raw: bytes) -> str:
    return raw.decode("ascii") if raw.isascii() else charsets.decode(raw)


def _received(name: str, spec: str) -> Address:
    local, at, host = headers.decode_words(spec).replace(" ", "").rpartition("@")
    return Address(headers.decode_words(name)[:MAX_NAME], (local + at + host.lower())[:320])


def _split(text: str, limit: int) -> list[tuple[str, str]]:
    """(name, addr-spec) pairs of a list; a lone word is taken for an addr-spec."""
    pairs: list[tuple[str, str]] = []
    words: list[str] = []
    comment = angle = None
    for match in _TOKEN.finditer(text + ","):
        quoted, remark, address, separator, word = match.groups()
        if quoted is not None:
            # A quoted local part keeps its quotes: "a b"@host.
            after = text[match.end() : match.end() + 1]
            words.append(match[0] if after == "@" else _ESCAPED.sub(r"\1", quoted))
        elif remark is not None:
            comment = remark
        elif address is not None:
            angle = address if angle is None else angle
        elif word is not None:
            words.append(word.strip())
        elif separator == ":" and angle is None:
            words = []
        else:
            pairs.extend(_pair(words, comment, angle))
            words, comment, angle = [], None, None
            if len(pairs) >= limit:
                break
    return pairs[:limit]


def _pair(words: Sequence[str], comment: str | None, angle: str | None) -> list[tuple[str, str]]:
    name = " ".join(word for word in words if word)
    if angle is not None:
        # "<@relay:kim@host>" is a source route, which RFC 5322 section 4.4 says to ignore.
        return [(name or comment or "", angle.rpartition(":")[2].strip() if angle.startswith("@") else angle.strip())]
    spec = name.replace(" @", "@").replace("@ ", "@")
    return [((comment or "").strip(), spec)] if spec or comment else []


def spec(written: str) -> str | None:
    """A well-formed addr-spec with its domain in ASCII lower case, None when it can't be one."""
    local, _, host = written.strip().rpartition("@")
    if len(local) > 64 or not _LOCAL.fullmatch(local):
        return None
    ascii_host = ascii_domain(host)
    return f"{local}@{ascii_host}" if ascii_host else None


def ascii_domain(host: str) -> str | None:
    """A host name as DNS knows it (punycode, lower case), None when it is not one."""
    host = host.strip().removesuffix(".").lower()
    if len(host) > 253:
        return None
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    return host if _HOST.fullmatch(host) else None


def readable_domain(host: str) -> str:
    """A host name as people write it: `münchen.test` for `xn--mnchen-3ya.test`. What can't be decoded stays."""
    try:
        return idna.decode(host) if "xn--" in host else host
    except (idna.IDNAError, UnicodeError):
        return host
