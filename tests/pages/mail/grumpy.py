"""A submission server in a bad mood: it signs everybody in and refuses what it is told to refuse."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from flask import Flask

from mail.smtp.submission import Submission
from web.context import EXTENSION, Services

_FINE = {"EHLO": "250 grumpy", "AUTH": "235 yes", "DATA": "354 go on", "QUIT": "221 bye"}


class Grumpy:
    """`refuse` maps the beginning of what is said, or "greeting", or "dot", to the reply. `taken` are the messages.

    `at_data` is called before DATA is answered, `at_dot` before the dot is.
    """

    def __init__(
        self,
        refuse: dict[str, str],
        at_dot: Callable[[], object] = lambda: None,
        at_data: Callable[[], object] = lambda: None,
    ) -> None:
        self._refuse, self._at_dot, self._at_data = refuse, at_dot, at_data
        self.taken: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            with line, contextlib.suppress(OSError):
                self._talk(line)

    def _talk(self, line: socket.socket) -> None:
        heard = line.makefile("rb")
        line.sendall(self._reply("greeting", "220 hello"))
        while said := heard.readline().decode().strip():
            verb = said.split()[0]
            if verb == "DATA":
                self._at_data()
            reply = self._reply(said, _FINE.get(verb, "250 fine"))
            line.sendall(reply)
            if verb == "DATA" and reply.startswith(b"354"):
                self._listen(heard.readline, line)

    def _listen(self, readline: Callable[[], bytes], line: socket.socket) -> None:
        message = bytearray()
        while (said := readline()) != b".\r\n":
            if not said:
                return
            message += said
        self._at_dot()
        reply = self._reply("dot", "250 taken")
        if reply.startswith(b"2"):
            self.taken.append(bytes(message))
        line.sendall(reply)

    def _reply(self, said: str, otherwise: str) -> bytes:
        found = next((reply for start, reply in self._refuse.items() if said.startswith(start)), otherwise)
        return found.encode() + b"\r\n"


@contextmanager
def grumpy(
    app: Flask,
    refuse: dict[str, str],
    at_dot: Callable[[], object] = lambda: None,
    confirm_timeout: float = 10,
    *,
    at_data: Callable[[], object] = lambda: None,
) -> Iterator[Grumpy]:
    """Inside the block the app hands its messages to this server instead of the real one."""
    real: Services = app.extensions[EXTENSION]
    server = Grumpy(refuse, at_dot, at_data)
    submission = Submission("127.0.0.1", server.port, "mail.postroom.test", confirm_timeout=confirm_timeout)
    app.extensions[EXTENSION] = replace(real, submission=submission)
    try:
        yield server
    finally:
        app.extensions[EXTENSION] = real
        server.close()
