"""Putting a demo message together, as many different mail programs would have."""

import base64
import quopri
import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from hashlib import sha256
from typing import Self
from urllib.parse import quote

CRLF = b"\r\n"
_LONGEST_LINE = 76
_WORD_BYTES = 36  # so that an encoded word (at most 75 characters, RFC 2047 section 2) fits behind its field's name


@dataclass(frozen=True)
class Part:
    """A MIME entity: its headers, already encoded, and its body, already encoded."""

    headers: tuple[bytes, ...]
    body: bytes

    @classmethod
    def text(cls, text: str, subtype: str = "plain", charset: str = "utf-8", params: str = "") -> Self:
        """A text part in `charset`, or in UTF-8 where that can't hold the text."""
        text = text.replace("\n", "\r\n")
        try:
            data = text.encode(charset)
        except UnicodeEncodeError:
            charset, data = "utf-8", text.encode()
        if data.isascii() and max(map(len, data.split(CRLF))) <= 998:
            # ISO-2022-JP is made of ASCII bytes but still has to be named (RFC 1468).
            name = charset if charset == "iso-2022-jp" else "us-ascii"
            return cls(_text_headers(subtype, name, params, "7bit"), data)
        if sum(byte > 127 for byte in data) * 3 > len(data):
            return cls(_text_headers(subtype, charset, params, "base64"), _base64(data))
        return cls(_text_headers(subtype, charset, params, "quoted-printable"), _quoted_printable(data))

    @classmethod
    def file(cls, content_type: str, filename: str, data: bytes, content_id: str = "") -> Self:
        """An attachment; with a Content-ID, a picture shown inside the text (RFC 2392)."""
        disposition = "inline" if content_id else "attachment"
        headers = [
            header("Content-Type", f"{content_type}; {_parameter('name', filename)}"),
            header("Content-Transfer-Encoding", "base64"),
            header("Content-Disposition", f"{disposition}; {_parameter('filename', filename)}"),
        ]
        if content_id:
            headers.append(header("Content-ID", f"<{content_id}>"))
        return cls(tuple(headers), _base64(data))

    @classmethod
    def multipart(cls, subtype: str, *parts: "Part") -> Self:
        """Several parts as one, or the one itself where there is no other."""
        if len(parts) == 1:
            return cls(parts[0].headers, parts[0].body)
        boundary = sha256(b"".join(part.body for part in parts)).hexdigest()[:24]
        inner = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part.to_bytes()) for part in parts)
        content_type = header("Content-Type", f'multipart/{subtype}; boundary="{boundary}"')
        return cls((content_type,), inner + b"--%s--\r\n" % boundary.encode())

    def to_bytes(self) -> bytes:
        return CRLF.join((*self.headers, b"", self.body))


def message(fields: list[tuple[str, str]], root: Part) -> bytes:
    """A whole message (RFC 5322): the given fields, then those of its content."""
    lines = [header(name, value) for name, value in fields if value]
    return Part((*lines, b"MIME-Version: 1.0", *root.headers), root.body).to_bytes()


def header(name: str, value: str) -> bytes:
    """One header field, folded, with words outside ASCII encoded (RFC 2047)."""
    text = f"{name}: {value if value.isascii() else encoded_words(value)}"
    if len(text) <= _LONGEST_LINE:
        return text.encode("ascii")
    lines = textwrap.wrap(text, _LONGEST_LINE, break_long_words=False, break_on_hyphens=False)
    return "\r\n ".join(lines).encode("ascii")


def encoded_words(text: str) -> str:
    """`text` as encoded words, none of them breaking a character."""
    words, piece = [], b""
    for letter in text:
        if len(piece) + len(letter.encode()) > _WORD_BYTES:
            words.append(piece)
            piece = b""
        piece += letter.encode()
    return " ".join(f"=?utf-8?B?{base64.b64encode(word).decode()}?=" for word in (*words, piece))


def address(name: str, addr_spec: str) -> str:
    """A mailbox of RFC 5322 section 3.4, ready for a header."""
    if not name.isascii():
        return f"{encoded_words(name)} <{addr_spec}>"
    return f'"{name}" <{addr_spec}>' if set(name) & set('.,;:@"()<>[]\\') else f"{name} <{addr_spec}>"


def trace(sender: str, receiver: str, identifier: str, at: int) -> bytes:
    """What the servers on the way wrote on top (RFC 5321 section 4.4); of a sender of ours, nothing."""
    domain = sender.partition("@")[2]
    host = "mail.postroom.test" if domain.endswith(".test") else f"mx.{domain} (mx.{domain} [192.0.2.{_octet(domain)}])"
    lines = (
        f"Return-Path: <{sender}>",
        f"Delivered-To: {receiver}",
        f"Received: from {host}",
        f"\tby mail.postroom.test with ESMTPS id {identifier[1:11]}",
        f"\tfor <{receiver}>; {date(at, '+0000')}",
    )
    return "\r\n".join((*lines, "")).encode("ascii")


def message_id(*facts: str) -> str:
    """A Message-ID of the domain that comes last; always the same for the same facts."""
    return f"<{sha256(chr(0).join(facts).encode()).hexdigest()[:24]}@{facts[-1]}>"


def date(at: int, zone: str) -> str:
    """The Date of a mail program whose clock is in `zone` (`+0100`)."""
    hours = int(zone[:3])
    offset = timedelta(hours=hours, minutes=int(zone[0] + zone[3:]))
    return format_datetime(datetime.fromtimestamp(at, UTC).astimezone(timezone(offset)))


def _text_headers(subtype: str, charset: str, params: str, encoding: str) -> tuple[bytes, ...]:
    content_type = f"text/{subtype}; charset={charset}{params}"
    return header("Content-Type", content_type), header("Content-Transfer-Encoding", encoding)


def _parameter(name: str, value: str) -> str:
    if value.isascii():
        return f'{name}="{value}"'
    return f"{name}*=utf-8''{quote(value)}"  # RFC 2231 section 4


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", CRLF)


def _quoted_printable(data: bytes) -> bytes:
    return quopri.encodestring(data.replace(CRLF, b"\n")).replace(b"\n", CRLF)


def _octet(domain: str) -> int:
    return sha256(domain.encode()).digest()[0] % 250 + 2
