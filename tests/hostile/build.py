"""The few lines every hostile message shares."""

import base64
from collections.abc import Iterable

TRAP = "trap.evil.test"
RUN = "document.title='owned'"

TOP = (
    "From: Mallory <mallory@evil.test>\r\nTo: support@brand-a.test\r\n"
    "Date: Mon, 02 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
)


def message(name: str, content: str, content_type: str = "text/html; charset=utf-8", extra: str = "") -> bytes:
    top = f"{TOP}Subject: {name}\r\nMessage-ID: <{name}@evil.test>\r\n{extra}Content-Type: {content_type}\r\n\r\n"
    return f"{top}{content}\r\n".encode("utf-8", "surrogateescape")


def raw(name: str, fields: bytes, body: bytes = b"Hello.\r\n", content_type: bytes = b"text/plain") -> bytes:
    """A message whose other headers are given as they are; From, To and Subject too."""
    identity = f"Message-ID: <{name}@evil.test>\r\n".encode()
    return fields + identity + b"MIME-Version: 1.0\r\nContent-Type: " + content_type + b"\r\n\r\n" + body


def mixed(name: str, parts: Iterable[bytes], subtype: str = "mixed") -> bytes:
    body = b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + b"--edge--\r\n"
    return message(name, body.decode("utf-8", "surrogateescape"), f'multipart/{subtype}; boundary="edge"')


def file_part(headers: bytes, data: bytes = b"<script>document.title='owned'</script>") -> bytes:
    return headers + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data)
