"""Web servers of the sender's own, and the only roads to them."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mail.images.public_addresses import IPAddress, is_public
from mail.images.remote import ImageRefused, Limits, Network, Reason, fetch, public_network

LOOPBACK = ipaddress.ip_address("127.0.0.1")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)
BMP = (
    b"BM" + (70).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little") + (40).to_bytes(4, "little") + bytes(60)
)

Answer = bytes | Callable[[socket.socket], None]


def ok(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join((b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers, b"", body))


def moved(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


class Stranger:
    """A web server of the sender's: gives its answers in order and remembers what it was asked."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[bytes] = []
        self._answers = list(answers)
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def url(self, path: str = "/a.png", host: str = "pictures.test", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                try:
                    self._answer(self._tls.wrap_socket(connection, server_side=True) if self._tls else connection)
                except OSError:
                    continue

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                data = connection.recv(65536)
                if not data:
                    return
                request += data
            self.asked.append(request)
            answer = self._answers.pop(0)
            if callable(answer):
                answer(connection)
            else:
                connection.sendall(answer)


@contextmanager
def stranger(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Stranger]:
    server = Stranger(*answers, tls=tls)
    try:
        yield server
    finally:
        server.close()


class Road:
    """The way to one stranger's server and nowhere else; counts what was looked up and connected to."""

    def __init__(self, *servers: Stranger, public: bool = False, **addresses: str) -> None:
        self.looked_up: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self._addresses = addresses
        self.network = Network(
            ports=frozenset({80, 443, *(server.port for server in servers)}),
            admits=is_public if public else self._admits,
            resolve=self._resolve,
            connect=self._connect,
            tls=public_network().tls,
        )

    def _admits(self, address: IPAddress) -> bool:
        return address == LOOPBACK or is_public(address)

    def _resolve(self, host: str, port: int) -> list[IPAddress]:
        self.looked_up.append(host)
        texts = self._addresses.get(host.replace(".", "_"), "127.0.0.1")
        return [ipaddress.ip_address(text) for text in texts.split()]

    def _connect(self, address: IPAddress, port: int, timeout: float) -> socket.socket:
        self.connected.append((str(address), port))
        return socket.create_connection(("127.0.0.1", port), timeout)


def refusal(url: str, network: Network | None = None, limits: Limits | None = None) -> Reason:
    with pytest.raises(ImageRefused) as caught:
        fetch(url, network=network, limits=limits)
    assert caught.value.__class__.status == 502
    assert str(caught.value.reason) in str(caught.value)
    return caught.value.reason
