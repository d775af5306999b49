"""Content-Transfer-Encoding undone (RFC 2045 section 6), whole or in pieces of any size."""

import quopri
import re
from binascii import a2b_base64
from collections.abc import Iterable, Iterator
from typing import Final

_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/=]")
_FOOTER: Final = re.compile(rb"[^A-Za-z0-9+/=\s]")
_PADDING: Final = re.compile(rb"=+")
# Blanks at the end of a line were added on the way (RFC 2045 section 6.7, rule 3): the line goes on all the same.
_SOFT_END: Final = re.compile(rb"=[ \t]+(?=\r?\n|\Z)")
_QUOTED_PRINTABLE: Final = "quoted-printable"
# A line of quoted-printable longer than this is no quoted-printable; it is decoded where it stands.
_MAX_LINE: Final = 65_536


class Decoder:
    """Undoes one transfer encoding piece by piece, with a bounded rest in between. Never raises.

    What isn't valid is decoded as far as it goes, as every mail program does. An unknown encoding, 7bit, 8bit and
    binary pass through.
    """

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding.strip().lower()
        self._rest = b""
        self._padded = self._ended = False

    def feed(self, piece: bytes) -> bytes:
        """The decoded bytes that are certain after this piece."""
        if self._encoding == "base64":
            return self._base64(piece)
        if self._encoding == _QUOTED_PRINTABLE:
            data = self._rest + piece
            end = data.rfind(b"\n") + 1
            if not end and len(data) > _MAX_LINE:
                end = len(data) - 2 if b"=" in data[-2:] else len(data)
            self._rest = data[end:]
            return _quoted(data[:end])
        return piece

    def close(self) -> bytes:
        """The decoded rest."""
        rest, self._rest = self._rest, b""
        if self._encoding == _QUOTED_PRINTABLE:
            return _quoted(rest)
        return _groups(rest) if self._encoding == "base64" else b""

    def _base64(self, piece: bytes) -> bytes:
        """Base64 in one or more runs, each with its padding; after the first, what can't be base64 is a footer."""
        if self._ended:
            return b""
        padded_from = 0 if self._padded else piece.find(b"=")
        if padded_from >= 0:
            self._padded = True
            if footer := _FOOTER.search(piece, padded_from):
                piece, self._ended = piece[: footer.start()], True
        *runs, last = _PADDING.split(self._rest + _NOT_BASE64.sub(b"", piece))
        whole = len(last) // 4 * 4
        self._rest = last[whole:]
        return b"".join([_groups(run) for run in runs]) + _groups(last[:whole])


def decode(raw: bytes, encoding: str) -> bytes:
    """The content of a part read at once."""
    decoder = Decoder(encoding)
    return decoder.feed(raw) + decoder.close()


def stream(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The content of a part read in pieces; never holds more than a piece and a line."""
    decoder = Decoder(encoding)
    for piece in pieces:
        if data := decoder.feed(piece):
            yield data
    if data := decoder.close():
        yield data


def _quoted(lines: bytes) -> bytes:
    return quopri.decodestring(_SOFT_END.sub(b"=", lines))


def _groups(letters: bytes) -> bytes:
    """Letters of the alphabet, the last group padded as it needs; a single letter is half an octet, and nothing."""
    left = len(letters) % 4
    return a2b_base64(letters + b"=" * (4 - left) if left > 1 else letters[: len(letters) - left])
