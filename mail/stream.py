"""A TCP connection that can neither be held up nor filled up by the server at its other end."""

import contextlib
import socket
import time
from dataclasses import dataclass
from typing import Final

from mail import patience
from mail.errors import MailServerUnavailable, ProtocolTrouble

LINE_LIMIT: Final = 16 * 1024 * 1024  # a SEARCH answer over 2,000,000 messages or a hostile BODYSTRUCTURE still fits
_CHUNK: Final = 256 * 1024
_SLOWEST: Final = 512 * 1024  # octets a second below which a long transfer counts as a hang


class StreamBroken(Exception):
    """The connection is gone. Whoever knows what was under way turns it into an error with a name."""


class StreamSlow(StreamBroken):
    """The deadline has passed; the connection may live, but it is of no use any more."""


@dataclass(slots=True)
class Traffic:
    """What crossed the wire since the connection was made."""

    commands: int = 0
    sent: int = 0
    received: int = 0


class Stream:
    """Lines and counted octets over one socket, under a deadline and a budget.

    `begin` starts an exchange: from then on its reads and writes together may take `seconds` and bring in `budget`
    octets. A server that sends one octet a second meets the same deadline as one that sends nothing. Where the patience
    of whoever asks (mail/patience.py) ends earlier, so does the exchange.
    Raises StreamBroken for loss and slowness, ProtocolTrouble for too much.
    """

    def __init__(self, host: str, port: int, timeout: float) -> None:
        try:
            self._socket = socket.create_connection((host, port), max(min(timeout, patience.left()), 0.001))
        except OSError as error:
            raise MailServerUnavailable(f"connect to {host}:{port}: {error}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.traffic = Traffic()
        self._buffer = bytearray()
        self._start = 0  # what lies before it in the buffer has been read
        self.begin(timeout, LINE_LIMIT)

    def begin(self, seconds: float, budget: int) -> None:
        self._deadline = time.monotonic() + seconds
        self._budget = budget

    def send(self, data: bytes) -> None:
        self._deadline += len(data) / _SLOWEST
        self.traffic.sent += len(data)
        try:
            self._socket.settimeout(self._left())
            self._socket.sendall(data)
        except TimeoutError as error:
            raise StreamSlow("too slow to take what is sent") from error
        except OSError as error:
            raise StreamBroken(f"send: {error}") from error

    def readline(self) -> bytes:
        """One line with its line end; at most LINE_LIMIT octets."""
        searched = 0
        while (end := self._buffer.find(b"\n", self._start + searched)) < 0:
            searched = len(self._buffer) - self._start
            if searched > LINE_LIMIT:
                raise ProtocolTrouble("a line without an end")
            self._fill()
        return self._take(end + 1 - self._start)

    def read(self, size: int) -> bytes:
        """Exactly `size` octets. Refused before anything is reserved when the budget doesn't allow them."""
        if size - (len(self._buffer) - self._start) > self._budget:
            raise ProtocolTrouble(f"{size} octets announced, more than was asked for")
        self._deadline += size / _SLOWEST
        while len(self._buffer) - self._start < size:
            self._fill()
        return self._take(size)

    def abort(self) -> None:
        """End the connection from any thread; a read under way elsewhere fails at once."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.abort()
        self._socket.close()

    def _left(self) -> float:
        left = patience.until(self._deadline) - time.monotonic()
        if left <= 0:
            raise StreamSlow("too slow")
        return left

    def _fill(self) -> None:
        try:
            self._socket.settimeout(self._left())
            data = self._socket.recv(_CHUNK)
        except TimeoutError as error:
            raise StreamSlow("no answer in time") from error
        except OSError as error:
            raise StreamBroken(f"receive: {error}") from error
        if not data:
            raise StreamBroken("closed by the server")
        self.traffic.received += len(data)
        self._budget -= len(data)
        if self._budget < 0:
            raise ProtocolTrouble("more octets than any honest answer has")
        self._buffer += data

    def _take(self, size: int) -> bytes:
        end = self._start + size
        data = bytes(memoryview(self._buffer)[self._start : end])
        if end == len(self._buffer):
            self._buffer.clear()
            end = 0
        elif end > _CHUNK:
            del self._buffer[:end]
            end = 0
        self._start = end
        return data
