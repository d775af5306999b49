"""Whom a From or Sender line from outside may name, to any reader of the message.

The opposite of the sender policy's reading: that one takes a line only when there is no doubt about it, this one finds
every address that somebody might see there, since each is only asked about.
"""

import re
from collections.abc import Iterator

from mail.domains import ascii_domain
from mail.message import charsets
from mail.message.addresses import parse_list
from mail.message.headers import MAX_HEADER, decode_words
from mail.message.lookalikes import skeleton

# RFC 5322 §3.4.1 without quoting; what stands around an @ when nothing that separates is between.
_LOCAL_END = re.compile(r"[^\s<>@,;:()\[\]]{1,64}\Z")
# In brackets a host is a machine's number (RFC 5321 §4.1.3), but who knows what a reader makes of a name there.
_HOST_START = re.compile(r"\[*([A-Za-z0-9.-]{1,253})")
_HOST_OF_ANY_SCRIPT = re.compile(r"\[*([^\s<>@,;:()\[\]]{1,253})")
_QUOTES = re.compile(r'["\\]+')
_INVISIBLE = re.compile(r'[\s"\\]+')
# A line of one author has a handful at most; each is a question to the database.
MOST = 30


class Unreadable(Exception):
    """A line no honest program writes: too long, or naming too many."""


def named(value: bytes) -> set[str]:
    """Every address in an unfolded line, in lower case. Raises Unreadable. Linear in the line's length."""
    return _few({f"{local}@{host}".lower() for local, host in _addresses(value) if local})


def hosts(value: bytes) -> set[str]:
    """Every host in an unfolded line, in lower case, whatever stands before its at sign. Raises Unreadable. Linear."""
    return _few({host.lower() for _, host in _addresses(value)})


def _few(found: set[str]) -> set[str]:
    if len(found) > MOST:
        raise Unreadable("more authors than any message has")
    return found


def _addresses(value: bytes) -> Iterator[tuple[str, str]]:
    """What stands before ("" for what needs quotes) and after each at sign, in every reading of the line."""
    if len(value) > MAX_HEADER:
        raise Unreadable("longer than any author's name")
    decoded = decode_words(value)
    shown = (one.address for one in parse_list(value))
    readings = [charsets.decode(value), decoded, without_comments(decoded), skeleton(decoded), *shown]
    # With blanks, "ana@brand-a.test (at work)" ends where it should; without, "ana @ brand-a.test" is one.
    for bare in {blank.sub("", reading) for reading in readings for blank in (_INVISIBLE, _QUOTES)}:
        yield from _addresses_in(bare)


def without_comments(text: str) -> str:
    """Text without comments, which nest and which quotes protect (RFC 5322 §3.2.2)."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for sign in text:
        if escaped or sign == "\\":
            escaped = not escaped
        elif sign == '"' and not depth:
            quoted = not quoted
        elif sign == "(" and not quoted:
            depth += 1
        elif sign == ")" and depth:
            depth -= 1
            continue
        if not depth:
            kept.append(sign)
    return "".join(kept)


def _addresses_in(bare: str) -> Iterator[tuple[str, str]]:
    at = bare.find("@")
    while at >= 0:
        local = _LOCAL_END.search(bare, max(at - 64, 0), at)
        found = (pattern.match(bare, at + 1) for pattern in (_HOST_START, _HOST_OF_ANY_SCRIPT))
        for host in {match[1] for match in found if match}:
            ascii_host = host.rstrip(".") if host.isascii() else ascii_domain(host)
            if ascii_host:
                yield local[0] if local else "", ascii_host
        at = bare.find("@", at + 1)
