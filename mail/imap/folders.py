"""Folders: their names (modified UTF-7, RFC 3501 section 5.1.3), roles (RFC 6154) and counts (RFC 5819)."""

import base64
import re
from dataclasses import dataclass
from typing import Final

from mail.errors import BadFolderName, UnsafeText
from mail.imap.answers import Node, number, octets, pairs, parse
from mail.imap.connection import Reply, string

LIST_EVERYTHING: Final = (b"LIST", b'""', b'"*"', b"RETURN (SPECIAL-USE STATUS (MESSAGES UNSEEN))")
_NAME_LIMIT: Final = 255  # octets on the wire
_ROLES: Final = {
    b"\\drafts": "drafts",
    b"\\sent": "sent",
    b"\\archive": "archive",
    b"\\junk": "junk",
    b"\\trash": "trash",
}
_SHIFTED: Final = re.compile(rb"&([A-Za-z0-9+,]*)-")
_TO_SHIFT: Final = re.compile(r"&|[^\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class Folder:
    """`role` is inbox, drafts, sent, archive, junk, trash or "". Counts are 0 where `selectable` is False.

    The parts of `name` are parted by `separator`, "" in a flat hierarchy.
    """

    name: str
    role: str
    selectable: bool
    total: int
    unseen: int
    separator: str


def to_wire(name: str) -> bytes:
    """A folder name as a quoted string. Raises BadFolderName for an empty or too long one, or control characters."""
    if not name:
        raise BadFolderName("empty folder name")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in name):
        raise BadFolderName("surrogate in a folder name")
    wire = _TO_SHIFT.sub(_shift, name) if not _is_control(name) else ""
    if not wire or len(wire) > _NAME_LIMIT:
        raise BadFolderName(f"folder name {name[:80]!r}")
    try:
        return string(wire)
    except UnsafeText as error:
        raise BadFolderName(str(error)) from error


def _is_control(name: str) -> bool:
    return any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in name)


def _shift(match: re.Match[str]) -> str:
    if match[0] == "&":
        return "&-"
    packed = base64.b64encode(match[0].encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
    return f"&{packed.decode()}-"


def from_wire(name: bytes) -> str:
    """The name in unicode. What isn't proper modified UTF-7 stays as it is, so that it can still be seen."""
    if b"&" not in name:
        return name.decode("utf-8", "replace")
    try:
        return _SHIFTED.sub(_unshift, name).decode("utf-8")
    except ValueError:
        return name.decode("utf-8", "replace")


def _unshift(match: re.Match[bytes]) -> bytes:
    packed = match[1].replace(b",", b"/")
    if not packed:
        return b"&"
    return base64.b64decode(packed + b"=" * (-len(packed) % 4)).decode("utf-16-be").encode()


def folders(reply: Reply) -> list[Folder]:
    """The answers to LIST_EVERYTHING, in the server's order."""
    counts = {}
    for answer in reply.get(b"STATUS"):
        name, items = parse(answer)[:2]
        counts[octets(name)] = pairs(items)
    return [_folder(parse(answer), counts) for answer in reply.get(b"LIST")]


def _folder(listed: list[Node], counts: dict[bytes, dict[bytes, Node]]) -> Folder:
    attributes, separator, name = listed[:3]
    words = {octets(word).lower() for word in attributes} if isinstance(attributes, list) else set()
    wire = octets(name)
    role = "inbox" if wire.upper() == b"INBOX" else next((_ROLES[word] for word in words if word in _ROLES), "")
    told = counts.get(wire, {})
    return Folder(
        name="INBOX" if role == "inbox" else from_wire(wire),
        role=role,
        selectable=not words & {b"\\noselect", b"\\nonexistent"},
        total=number(told.get(b"MESSAGES")),
        unseen=number(told.get(b"UNSEEN")),
        separator=octets(separator).decode("ascii", "replace"),
    )
