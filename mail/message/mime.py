"""MIME written: headers that can't be injected into, and parts encoded so that every server passes them on.

Written here rather than by the standard library, whose older versions let a line end inside a value through and keep
several copies of an attachment in memory.
"""

import base64
import hashlib
import quopri
import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote

from mail import clean
from mail.message import filenames
from mail.message.addresses import Address, wire

MAX_LINE: Final = 76
MAX_SUBJECT: Final = 2_000
_LONGEST_NAME: Final = 250  # in octets: six encoded words, of 42 octets each in at most 76
# What a line may have (RFC 5322 section 2.1.1), less the field's name and the signs around name and address.
_ROOM: Final = 998 - 20
# Bytes of an attachment encoded at a time: a multiple of the 57 that make one line of base64.
_SLICE: Final = 57 * 16_384

_BOUNDARY: Final = re.compile(r"[A-Za-z0-9=_.]{1,70}")
_MEDIA_TYPE: Final = re.compile(r"[a-z]{1,20}/[a-z0-9][a-z0-9.+_-]{0,80}")
_CONTENT_ID: Final = re.compile(r"[A-Za-z0-9.!$*_+=~-]{1,120}@[A-Za-z0-9.-]{1,80}")
_ATTACHED: Final = "Content-Disposition: attachment"
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")


def header(name: str, value: str) -> bytes:
    """One header line of free text, folded; beyond ASCII as RFC 2047 encoded words."""
    value = clean.one_line(value)[:MAX_SUBJECT]
    if not value.isascii() or "=?" in value or any(len(word) > 900 for word in value.split(" ")):
        return f"{name}: {words(value)}\r\n".encode("ascii")
    return _fold(name, re.split(r"(?<=\S) (?=\S)", value), " ")


def structured(name: str, items: Iterable[str], separator: str) -> bytes:
    """One header line of items that are well-formed already, folded between them only.

    ASCII, but for addresses that aren't: those stand as they are (RFC 6532 section 3.2).
    """
    kept = [item for item in items if item]
    if not all(map(str.isprintable, kept)):
        raise ValueError(f"not fit for a header: {name}")
    return _fold(name, kept, separator)


def _fold(name: str, items: Sequence[str], separator: str) -> bytes:
    lines, line = [], f"{name}:"
    for number, item in enumerate(items):
        piece = item + (separator.rstrip() if number < len(items) - 1 else "")
        if line.strip() and number and len(line) + 1 + len(piece) > MAX_LINE:
            lines.append(line)
            line = ""
        line += f" {piece}"
    return ("\r\n".join([*lines, line]) + "\r\n").encode()


def words(text: str) -> str:
    """RFC 2047 encoded words of at most 75 characters, one a line, no character cut in half."""
    pieces, piece = [], b""
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(piece) + len(encoded) > 42:
            pieces.append(piece)
            piece = b""
        piece += encoded
    pieces.append(piece)
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(piece).decode('ascii')}?=" for piece in pieces)


def mailbox(address: Address) -> str:
    """An address for a header (RFC 5322 section 3.4); the name in encoded words where it isn't plain ASCII.

    A name is cut where a line would be longer than 998 octets with it.

    Raises ValueError for an address that can't be written to: it must have been refused before.
    """
    if not address.valid:
        raise ValueError(f"not an address: {address.address!r}")
    name = clean.one_line(address.name)[:200]
    if not name:
        return wire(address.address)
    room = _ROOM - len(wire(address.address).encode())
    if not name.isascii() or "=?" in name:
        name = name.encode("utf-8", "replace")[: min(_LONGEST_NAME, room * 42 // 76)].decode("utf-8", "ignore")
        return f"{words(name).replace(chr(13) + chr(10), '')} <{wire(address.address)}>"
    name = name[: room // 2]  # every sign of it may have to be escaped
    if not _PLAIN_NAME.fullmatch(name):
        name = '"' + re.sub(r'([\\"])', r"\\\1", name) + '"'
    return f"{name} <{wire(address.address)}>"


def text_part(text: str, subtype: str) -> list[bytes]:
    """A text/plain or text/html part in UTF-8, in the encoding that fits it (RFC 2045 section 6)."""
    lines = clean.body(text).rstrip("\n") + "\n"
    content = lines.encode("utf-8", "replace")
    charset = "us-ascii" if lines.isascii() else "utf-8"
    top = f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: "
    if lines.isascii() and max(map(len, lines.split("\n"))) <= MAX_LINE:
        return [f"{top}7bit\r\n\r\n".encode(), content.replace(b"\n", b"\r\n")]
    if sum(byte > 126 for byte in content) > len(content) // 3:
        return [f"{top}base64\r\n\r\n".encode(), *_base64(content.replace(b"\n", b"\r\n"))]
    encoded = quopri.encodestring(content).replace(b"\n", b"\r\n")
    return [f"{top}quoted-printable\r\n\r\n".encode(), encoded]


def content_id(given: str) -> str:
    """A Content-ID that is fit for a header and a cid: URL (RFC 2392), unbracketed; as given if it is."""
    if _CONTENT_ID.fullmatch(given):
        return given
    digest = hashlib.sha256(given.encode("utf-8", "replace")).hexdigest()
    return f"{digest[:32]}@cid.invalid"


def file_part(filename: str, content_type: str, data: bytes, *, picture: str = "") -> list[bytes]:
    """An attachment in base64. Its name is cleaned; a type that may not be encoded so becomes octets.

    With the Content-ID `picture` it is shown in the HTML that refers to it, and not below.
    """
    name = filenames.clean_name(filename, content_type)
    media = content_type.strip().lower()
    if not _MEDIA_TYPE.fullmatch(media) or media.startswith(("multipart/", "message/")):
        media = "application/octet-stream"
    parameter = f'filename="{name}"' if name.isascii() else f"filename*=utf-8''{quote(name, safe='')}"
    shown = f"Content-ID: <{content_id(picture)}>\r\nContent-Disposition: inline" if picture else _ATTACHED
    top = f"Content-Type: {media}\r\n{shown};\r\n {parameter}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return [top.encode("ascii"), *_base64(data)]


def multipart(subtype: str, boundary: str, parts: Iterable[Sequence[bytes]]) -> list[bytes]:
    """Parts joined under one boundary (RFC 2046 section 5.1). Returns pieces: their bytes are never copied here."""
    if not _BOUNDARY.fullmatch(boundary):
        raise ValueError("not a boundary")
    root = '\r\n type="text/html";' if subtype == "related" else ""  # RFC 2387 section 3.1
    pieces = [f'Content-Type: multipart/{subtype};{root}\r\n boundary="{boundary}"\r\n\r\n'.encode("ascii")]
    for part in parts:
        pieces += [f"--{boundary}\r\n".encode("ascii"), *part, b"\r\n"]
    return [*pieces, f"--{boundary}--\r\n".encode("ascii")]


def _base64(data: bytes) -> list[bytes]:
    view = memoryview(data)
    slices = (view[at : at + _SLICE] for at in range(0, len(view), _SLICE))
    return [base64.encodebytes(piece).replace(b"\n", b"\r\n") for piece in slices]
