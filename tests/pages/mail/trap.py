"""Stands in the place of every host that nobody may be asked by reading mail, and remembers who came."""

import contextlib
import socket
import threading
from dataclasses import dataclass
from typing import Self

from tests.waiting import until

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
# Tells in its title what the page that opened it has given away.
PAGE = b"<!doctype html><script>document.title = `opener ${window.opener}, referrer [${document.referrer}]`</script>"


@dataclass
class Caught:
    """One connection: the first bytes that came over it, none when it was only opened."""

    said: bytes = b""

    def header(self, name: str) -> str:
        lines = self.said.decode("latin-1").split("\r\n")[1:]
        return next((line.partition(":")[2].strip() for line in lines if line.lower().startswith(f"{name}:")), "")

    @property
    def path(self) -> str:
        return self.said.split(b" ")[1].decode("latin-1") if self.said.count(b" ") > 1 else ""


class Trap:
    """Listens on a port of its own; `caught` are the connections since the last `clear`."""

    def __enter__(self) -> Self:
        self.caught: list[Caught] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def clear(self) -> None:
        self.caught.clear()

    @property
    def asked(self) -> list[Caught]:
        """The connections over which something was said."""
        return [caught for caught in self.caught if caught.said]

    def wait(self, count: int) -> None:
        """Until so many have asked."""
        until(lambda: len(self.asked) >= count)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                caught = Caught()
                self.caught.append(caught)
                threading.Thread(target=self._answer, args=(connection, caught), daemon=True).start()

    def _answer(self, connection: socket.socket, caught: Caught) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(20)
            said = connection.recv(65_536)
            caught.said = said
            picture = said.startswith(b"GET ") and b".png" in said.split(b"\r\n")[0]
            kind, content = (b"image/png", PIXEL) if picture else (b"text/html", PAGE)
            head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
            connection.sendall(head % (kind, len(content)) + content)
