"""A next mail server that answers as it is told: real sockets, chosen faults."""

import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

HANG_UP = "hang up"


class ScriptedServer:
    """Speaks LMTP on a Unix socket, or SMTP on a TCP port, to one client after another.

    `rcpt` and `data` give the reply for an address (default 250); `HANG_UP` closes the connection instead. `extensions`
    are named after EHLO; `at_data` is called when a message begins.
    """

    def __init__(
        self,
        where: Path | int,
        *,
        rcpt: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        extensions: Sequence[str] = (),
        at_data: Callable[[], object] = lambda: None,
    ) -> None:
        self._extensions, self._at_data = extensions, at_data
        self.senders: list[str] = []
        self.rcpt, self.data = dict(rcpt or {}), dict(data or {})
        self.taken: list[tuple[str, bytes]] = []
        self._each = isinstance(where, Path)
        if isinstance(where, Path):
            self._listener = socket.create_server(str(where), family=socket.AF_UNIX)
        else:
            self._listener = socket.create_server(("127.0.0.1", where))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as wire:
                self._converse(wire)

    def _converse(self, wire) -> None:  # type: ignore[no-untyped-def]
        def say(text: str) -> None:
            wire.write(text.encode() + b"\r\n")
            wire.flush()

        recipients: list[str] = []
        say("220 next")
        while line := wire.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                address = line.decode().partition("<")[2].partition(">")[0]
                reply = self.rcpt.get(address, "250 OK")
                if reply.startswith("250"):
                    recipients.append(address)
                say(reply)
            elif verb == b"MAIL":
                self.senders.append(line.decode().strip())
                say("250 OK")
            elif verb in (b"EHLO", b"LHLO"):
                for extension in ("next", *self._extensions):
                    say(f"250-{extension}")
                say("250 HELP")
            elif verb == b"DATA":
                self._at_data()
                say("354 go on")
                body = b""
                while (text := wire.readline()) != b".\r\n":
                    if not text:
                        return
                    body += text
                for address in recipients if self._each else recipients[:1]:
                    reply = self.data.get(address, "250 OK")
                    if reply == HANG_UP:
                        return
                    if reply.startswith("250"):
                        self.taken += [(one, body) for one in ([address] if self._each else recipients)]
                    say(reply)
            else:
                say("250 OK")
