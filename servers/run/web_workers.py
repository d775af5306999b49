"""Several processes behind the web port, and which of them serves whom.

A person's kept connections, each with its folder selected, lie in the process that serves them. So whoever takes a
connection looks whose request it brings, and passes it on, with what was read of it, to the process where that browser
is at home (SCM_RIGHTS, unix(7)). Between two requests a proxy's connection moves on as well. Nothing depends on it: any
process may serve anybody, only not as quickly.
"""

import contextlib
import ctypes
import os
import re
import select
import signal
import socket
import sys
import traceback
import zlib
from collections.abc import Callable
from typing import Any

from waitress import wasyncore

from web.cookies import PERSONS_COOKIE

# The session's cookie, or a program's token: whatever stays the same from one request to the next.
_WHOSE = re.compile(
    rb"\r\n(?:Cookie:(?:[^\r\n]*;)? *(?:__Host-)?%b=([^;\r\n]+)|Authorization: *([^\r\n]+))" % PERSONS_COOKIE.encode(),
    re.IGNORECASE,
)
_LONGEST = 64 * 1024  # octets of one message between two processes
_PATIENCE = 1.0  # seconds another process may take to make room in its inbox
_READY = b"."
_PR_SET_PDEATHSIG = 1  # prctl(2): what a process is sent when the one that made it dies


class Workers:
    """What the processes of one web server know of each other. Made before they part; `me` is this one's number.

    `heard` is called, in the main thread, with what another one tells. One that `is_ending` keeps the connections it
    has: the others are ending, too.
    """

    def __init__(self, count: int) -> None:
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(count)]
        for pair in pairs:
            for end in pair:
                end.setblocking(False)
        self._inboxes, self._outboxes = zip(*pairs, strict=True)
        self.me, self.is_ending = 0, False
        self.heard: Callable[[bytes], object] = lambda _words: None

    def run(self, work: Callable[[Callable[[], None]], None], ready: Callable[[], None]) -> int:
        """Do `work` in every process and wait for all of them; 0 when each ended well.

        `work` calls what it is given once it serves; when all do, `ready` is called here. SIGTERM is passed on to them.
        When one ends by itself, the others are told to end: half a server is none.
        """
        serving, serves = os.pipe()
        children = [self._fork(number, work, serving, serves) for number in range(len(self._inboxes))]
        os.close(serves)

        def end(*_: object) -> None:
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGTERM)

        signal.signal(signal.SIGTERM, end)
        if _all_serve(serving, len(children)):
            ready()
        os.close(serving)
        failed = False
        while children:
            child, status = os.wait()
            children.remove(child)
            failed = failed or status != 0
            end()
        self.close()
        return int(failed)

    def _fork(self, number: int, work: Callable[[Callable[[], None]], None], serving: int, serves: int) -> int:
        parent = os.getpid()
        if child := os.fork():
            return child
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)
        os.close(serving)
        self.me = number

        def is_ready() -> None:
            os.write(serves, _READY)
            os.close(serves)

        status = 1
        try:
            work(is_ready)
            status = 0
        except BaseException:
            traceback.print_exc()  # its last words: the caller's own end is not for this process
        finally:
            sys.stderr.flush()
            os._exit(status)

    def close(self) -> None:
        for end in (*self._inboxes, *self._outboxes):
            end.close()

    def inbox(self, sockets: dict[int, Any], adopt: Callable[[socket.socket, bytes], None]) -> None:
        """From now on this process listens to the others, in the loop over `sockets`."""
        _Inbox(self._inboxes[self.me], sockets, adopt, lambda words: self.heard(words))

    def tell(self, words: bytes) -> bool:
        """Tell all the others; False when one of them didn't listen in time."""
        heard = [_told(box, words) for number, box in enumerate(self._outboxes) if number != self.me]
        return all(heard)

    def pass_on(self, connection: socket.socket, data: bytes) -> bool:
        """Give the connection and what was read from it to where its sender is at home; False when that is here.

        It stays here, too, when its head isn't complete, or the other has its hands full.
        """
        home = self._home_of(data)
        if home == self.me or self.is_ending:
            return False
        try:
            socket.send_fds(self._outboxes[home], [data], [connection.fileno()])
        except OSError:
            return False
        return True

    def _home_of(self, data: bytes) -> int:
        head, complete, _ = data.partition(b"\r\n\r\n")
        found = _WHOSE.search(head) if complete else None
        return zlib.crc32(found[1] or found[2]) % len(self._inboxes) if found else self.me


class _Inbox(wasyncore.dispatcher):  # type: ignore[misc]
    """What the others send: a connection with what was read of it, or words alone."""

    def __init__(
        self,
        box: socket.socket,
        sockets: dict[int, Any],
        adopt: Callable[[socket.socket, bytes], None],
        heard: Callable[[bytes], object],
    ) -> None:
        super().__init__(box, map=sockets)
        self._adopt, self._heard = adopt, heard

    def writable(self) -> bool:
        return False

    def handle_read(self) -> None:
        try:
            words, handed, _flags, _address = socket.recv_fds(self.socket, _LONGEST, 1)
        except BlockingIOError:
            return
        if handed:
            self._adopt(socket.socket(fileno=handed[0]), words)
        elif words:
            self._heard(words)


def _all_serve(serving: int, count: int) -> bool:
    said = b""
    while len(said) < count and (more := os.read(serving, count)):
        said += more
    return len(said) == count


def _told(box: socket.socket, words: bytes) -> bool:
    try:
        _reading, writing, _ = select.select([], [box], [], _PATIENCE)
        return bool(writing) and box.send(words) == len(words)
    except OSError:
        return False
