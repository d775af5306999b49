"""The files inside Outlook's winmail.dat ([MS-OXTNEF]). Nothing else of it is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mail.message import charsets, filenames

MAX_FILES: Final = 200
MAX_PROPERTIES: Final = 1_000

_SIGNATURE: Final = 0x223E9F78
# Attributes of an attachment (section 2.1.3): a new one begins, its name, its content, its properties.
_BEGINS, _TITLE, _CONTENT, _PROPERTIES, _CODEPAGE = 0x00069002, 0x00018010, 0x0006800F, 0x00069005, 0x00069007
_DATA, _SHORT_NAME, _LONG_NAME = 0x3701, 0x3704, 0x3707
_STRING, _UNICODE, _BINARY, _OBJECT = 0x1E, 0x1F, 0x102, 0x0D
_VARIABLE: Final = frozenset({_STRING, _UNICODE, _BINARY, _OBJECT})
_EIGHT: Final = frozenset({0x05, 0x06, 0x07, 0x14, 0x40})
_CLSID, _MANY, _NAMED = 0x48, 0x1000, 0x8000


@dataclass(frozen=True, slots=True)
class File:
    filename: str
    data: bytes


@dataclass
class _Attachment:
    title: str = ""
    long_name: str = ""
    data: bytes = b""


def is_tnef(content_type: str, filename: str) -> bool:
    """Whether this is such a file, by what its sender calls it."""
    kinds = {"application/ms-tnef", "application/vnd.ms-tnef"}
    return content_type in kinds or (content_type == "application/octet-stream" and filename.lower() == "winmail.dat")


def files(data: bytes) -> list[File]:
    """The files, by safe names, at most 200; as many as can be read of one that is broken. Never raises.

    What they hold is no larger than `data`: nothing in it is compressed.
    """
    found: list[_Attachment] = []
    charset = "windows-1252"
    for kind, value in _attributes(data):
        if kind == _CODEPAGE:
            charset = f"windows-{int.from_bytes(value[:4], 'little')}"
        elif kind == _BEGINS:
            found.append(_Attachment())
        elif found and kind == _TITLE:
            found[-1].title = _text(value, charset)
        elif found and kind == _CONTENT:
            found[-1].data = value
        elif found and kind == _PROPERTIES:
            _describe(found[-1], value, charset)
        if len(found) > MAX_FILES:
            break
    named = [(one.long_name or one.title, one.data) for one in found[:MAX_FILES] if one.title or one.data]
    return [File(filenames.clean_name(name), content) for name, content in named]


def is_damaged(data: bytes) -> bool:
    """Whether it is no such file, or ends in the middle of something; blanks and zeros behind it do no harm."""
    at = 6
    while at + 9 <= len(data):
        at += 11 + int.from_bytes(data[at + 5 : at + 9], "little")
    is_one = int.from_bytes(data[:4], "little") == _SIGNATURE
    return not is_one or at > len(data) or bool(data[at:].strip(b"\0 \t\r\n"))


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Section 2.1.1: a signature and a key, then level, kind, length, value and checksum, again and again."""
    if int.from_bytes(data[:4], "little") != _SIGNATURE:
        return
    at = 6
    while at + 9 <= len(data):
        kind, length = (int.from_bytes(data[start : start + 4], "little") for start in (at + 1, at + 5))
        at += 9
        if at + length > len(data):
            return
        yield kind, data[at : at + length]
        at += length + 2


def _describe(attachment: _Attachment, value: bytes, charset: str) -> None:
    """Its long name, and its content where that stands among the properties (section 2.1.3.4)."""
    for kind, name, content in _properties(value):
        if name == _LONG_NAME and kind in (_STRING, _UNICODE):
            attachment.long_name = _text(content, "utf-16le" if kind == _UNICODE else charset)
        elif name == _SHORT_NAME and kind in (_STRING, _UNICODE) and not attachment.title:
            attachment.title = _text(content, "utf-16le" if kind == _UNICODE else charset)
        elif name == _DATA and kind == _BINARY and not attachment.data:
            attachment.data = content


def _properties(value: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 4
    for _ in range(min(int.from_bytes(value[:4], "little"), MAX_PROPERTIES)):
        kind, name = _number(value, at, 2), _number(value, at + 2, 2)
        at += 4
        if name >= _NAMED:  # a GUID, then an id or a name
            by_name, length = _number(value, at + 16, 4), _number(value, at + 20, 4)
            at += 24 + (_padded(length) if by_name else 0)
        count = 1
        if kind & _MANY or kind in _VARIABLE:
            count, at = _number(value, at, 4), at + 4
        for _ in range(min(count, MAX_PROPERTIES)):
            if at >= len(value):
                return
            length, at = (_number(value, at, 4), at + 4) if kind & ~_MANY in _VARIABLE else (_size(kind), at)
            yield kind, name, value[at : at + length]
            at += _padded(length)


def _size(kind: int) -> int:
    kind &= ~_MANY
    return 16 if kind == _CLSID else 8 if kind in _EIGHT else 4


def _padded(length: int) -> int:
    return length + -length % 4


def _number(value: bytes, at: int, size: int) -> int:
    return int.from_bytes(value[at : at + size], "little")


def _text(value: bytes, charset: str) -> str:
    return charsets.decode(value, charset).partition("\0")[0]
