"""Between Postroom and a mail server: every octet is counted, and the line can be troubled at any point.

The server behind it is the real one. A trouble waits for what Postroom says and then happens once:

    relay.trouble("lose the answer", b"last words")  # the server hears it, and its answer never comes back
    relay.trouble("cut before", b" APPEND ")         # the server never hears it
    relay.trouble("hold", b" APPEND ")               # the server never hears it, and the line stays silent
"""

import contextlib
import re
import select
import socket
import threading
import time
from typing import Literal, Self

Trouble = Literal["lose the answer", "hold the answer", "cut before", "hold"]

_COMMAND = re.compile(rb"^P\d+ ", re.MULTILINE)
# Dovecot's tagged answers end in the time they took, which has more digits the longer it is.
_TIME_TAKEN = re.compile(rb" \([0-9.]+(?: \+ [0-9.]+)* secs\)")
# How long the server gets to act on what it has heard before the line is cut.
_ACTING_SECONDS = 0.7


class Relay:
    """A port of this machine that leads to another one. `commands`, `sent` and `received` count what passes.

    What is received counts by whole lines, without the time an answer says it took.
    """

    def __init__(self, port: int) -> None:
        self._behind = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.commands = self.sent = self.received = 0
        self.happened = threading.Event()
        self.silent = False  # while True nobody hears anything, and nobody hangs up
        self.delay = 0.0  # seconds before anything the server says is passed on
        self._trouble: tuple[Trouble, re.Pattern[bytes]] | None = None
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._closed = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def trouble(self, kind: Trouble, when: bytes) -> None:
        """Once, at the first thing said that matches."""
        with self._lock:
            self.happened.clear()
            self._trouble = (kind, re.compile(when))

    def calm(self) -> None:
        """No trouble any more for what is said from now on; the lines that are open are cut."""
        with self._lock:
            self._trouble, self.silent, self.delay = None, False, 0.0
        self.cut()

    def cut(self) -> None:
        """Cut every line that is open."""
        with self._lock:
            lines, self._open = self._open, []
        for line in lines:
            _hang_up(line)

    def counted(self) -> tuple[int, int]:
        """Commands, and octets in both directions, so far."""
        return self.commands, self.sent + self.received

    def _accept(self) -> None:
        while not self._closed:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._behind), 5)
        except OSError:
            _hang_up(near)
            return
        for line in (near, far):
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open += [near, far]
        with contextlib.suppress(OSError):
            if kind := self._until_trouble(near, far):
                self._let_happen(kind, near, far)
                return
        _hang_up(near, far)

    def _until_trouble(self, near: socket.socket, far: socket.socket) -> Trouble | None:
        """Carry both ways until the trouble comes, or until one side hangs up."""
        said = line_begun = b""
        while True:
            for line in select.select([near, far], [], [])[0]:
                while self.silent:
                    time.sleep(0.02)
                data = line.recv(1 << 18)
                if not data:
                    return None
                if line is far:
                    time.sleep(self.delay)
                    lines, end, line_begun = (line_begun + data).rpartition(b"\n")
                    self.received += len(_TIME_TAKEN.sub(b"", lines + end))
                    near.sendall(data)
                    continue
                said = (said + data)[-4096:]
                kind = self._meets_trouble(said)
                if kind in ("cut before", "hold"):
                    return kind
                self.sent += len(data)
                self.commands += len(_COMMAND.findall(data))
                far.sendall(data)
                if kind:
                    return kind

    def _meets_trouble(self, said: bytes) -> Trouble | None:
        with self._lock:
            if self._trouble is None or not self._trouble[1].search(said):
                return None
            kind, self._trouble = self._trouble[0], None
            return kind

    def _let_happen(self, kind: Trouble, near: socket.socket, far: socket.socket) -> None:
        if kind in ("lose the answer", "hold the answer"):
            self._swallow(near, far)
        self.happened.set()
        if kind.startswith("hold"):
            return
        _hang_up(near, far)

    def _swallow(self, near: socket.socket, far: socket.socket) -> None:
        """For a while the server still hears everything, and nobody hears the server."""
        deadline = time.monotonic() + _ACTING_SECONDS
        with contextlib.suppress(OSError):
            while (left := deadline - time.monotonic()) > 0:
                for line in select.select([near, far], [], [], left)[0]:
                    piece = line.recv(1 << 18)
                    if not piece:
                        return
                    if line is near:
                        far.sendall(piece)


def _hang_up(*lines: socket.socket) -> None:
    for line in lines:
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        line.close()
