"""Fetching the pictures a message points at, so that the sender learns nothing about who reads it.

Whoever writes a message chooses the address, so this is a request made on a stranger's behalf from inside the network.
It goes to public addresses only, and the address that was judged is the address that is connected to.
"""

import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple

from mail.images.public_addresses import IPAddress, is_public
from mail.images.remote_url import ImageRefused, Reason, Target, join, parse

__all__ = ["FetchedImage", "ImageRefused", "Limits", "Network", "Reason", "fetch", "public_network"]

# The same for every person and installation, or it would tell them apart.
USER_AGENT: Final = "Mozilla/5.0 (compatible; image proxy)"
ACCEPT: Final = "image/png, image/jpeg, image/gif, image/webp, image/bmp"

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MAGIC_LENGTH: Final = 32
_HEADER_ALLOWANCE: Final = 256 * 1024
_CHUNK: Final = 64 * 1024


class FetchedImage(NamedTuple):
    """A picture of a raster format. `content_type` was read from its first bytes, never from the server's word."""

    content_type: str
    data: bytes


@dataclass(frozen=True)
class Limits:
    """What one fetch may cost, redirects included. Times in seconds, sizes in bytes."""

    connect_seconds: float = 5.0
    total_seconds: float = 10.0
    max_bytes: int = 5 * 1024 * 1024
    max_redirects: int = 3
    max_url_length: int = 8192


def look_up(host: str, port: int) -> list[IPAddress]:
    """The addresses of `host`, as the system's resolver gives them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def open_socket(address: IPAddress, port: int, timeout: float) -> socket.socket:
    """A TCP connection to exactly this address. Raises OSError."""
    return socket.create_connection((str(address), port), timeout)


@dataclass(frozen=True)
class Network:
    """Where a fetch may go and how it gets there; the defaults are the public Internet on the ports of the web."""

    ports: frozenset[int] = frozenset({80, 443})
    admits: Callable[[IPAddress], bool] = is_public
    resolve: Callable[[str, int], list[IPAddress]] = look_up
    connect: Callable[[IPAddress, int, float], socket.socket] = open_socket
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)


@cache
def public_network() -> Network:
    """The one `Network` of the process: reading the certificate store costs more than most fetches."""
    return Network()


def fetch(url: str, *, network: Network | None = None, limits: Limits | None = None) -> FetchedImage:
    """The picture at `url`. Raises ImageRefused, and nothing else whatever the server does.

    http and https only. Nothing of the person goes along: no cookie, Referer, language or client address.
    """
    network, limits = network or public_network(), limits or Limits()
    deadline = time.monotonic() + limits.total_seconds
    for _ in range(limits.max_redirects + 1):
        answer = _ask(parse(url, network.ports, limits.max_url_length), network, limits, deadline)
        if isinstance(answer, FetchedImage):
            return answer
        url = join(url, answer)
    raise ImageRefused(Reason.REDIRECTS)


def _ask(target: Target, network: Network, limits: Limits, deadline: float) -> FetchedImage | str:
    """One request: the picture, or where a redirect points."""
    addresses = _addresses(target, network, deadline)
    with _connect(addresses, target, network, limits, deadline) as connection:
        try:
            connection.settimeout(_left(deadline))
            connection.sendall(_request(target))
            bounded = _Bounded(connection, deadline, limits.max_bytes + _HEADER_ALLOWANCE)
            # All that HTTPResponse asks of its socket is makefile().
            response = http.client.HTTPResponse(bounded)  # type: ignore[arg-type]
            response.begin()
            location = response.getheader("Location")
            if response.status in _REDIRECTS and location:
                # Header text arrives as Latin-1; most servers mean UTF-8.
                return location.encode("latin-1", "replace").decode("utf-8", "replace")
            return _read_image(response, limits.max_bytes)
        except TimeoutError as error:
            raise ImageRefused(Reason.TIMEOUT) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ImageRefused(Reason.PROTOCOL, type(error).__name__) from error


def _addresses(target: Target, network: Network, deadline: float) -> list[IPAddress]:
    """Every address of the target, once; one that isn't admitted refuses them all."""
    try:
        found: list[IPAddress] = [ipaddress.ip_address(target.host)]
    except ValueError:
        found = _look_up_in_time(target, network, deadline)
    for address in found:
        if not network.admits(address):
            raise ImageRefused(Reason.ADDRESS, f"{target.host} is {address}")
    return found


def _look_up_in_time(target: Target, network: Network, deadline: float) -> list[IPAddress]:
    """Resolve in a thread of its own: the system's resolver knows no timeout."""
    found: list[IPAddress] = []

    def look() -> None:
        try:
            found.extend(network.resolve(target.host, target.port))
        except (OSError, ValueError):  # ValueError: a name the resolver's encoding can't hold
            found.clear()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(_left(deadline))
    if thread.is_alive():
        raise ImageRefused(Reason.TIMEOUT, "looking up the host")
    if not found:
        raise ImageRefused(Reason.LOOKUP, target.host)
    return found


def _connect(
    addresses: list[IPAddress], target: Target, network: Network, limits: Limits, deadline: float
) -> socket.socket:
    """A connection to the first address that takes one; with https the certificate is checked for the name."""
    until = min(deadline, time.monotonic() + limits.connect_seconds)
    trouble: Exception | None = None
    for address in addresses:
        try:
            return _dress(network.connect(address, target.port, _left(until)), target, network, until)
        except (OSError, ValueError) as error:  # ValueError: a name that no certificate can carry
            trouble = error
    reason = Reason.TIMEOUT if isinstance(trouble, TimeoutError) else Reason.CONNECT
    raise ImageRefused(reason, f"{target.host}: {type(trouble).__name__}") from trouble


def _dress(connection: socket.socket, target: Target, network: Network, until: float) -> socket.socket:
    if target.scheme == "http":
        return connection
    try:
        connection.settimeout(_left(until))
        return network.tls.wrap_socket(connection, server_hostname=target.host.removesuffix("."))
    except (OSError, ValueError, ImageRefused):
        connection.close()
        raise


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise ImageRefused(Reason.TIMEOUT)
    return left


def _request(target: Target) -> bytes:
    lines = (
        f"GET {target.path} HTTP/1.1",
        f"Host: {target.host_header}",
        f"User-Agent: {USER_AGENT}",
        f"Accept: {ACCEPT}",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode("ascii")


class _Bounded(io.RawIOBase):
    """A connection that stops at a moment and after a number of bytes, however slowly either is reached.

    A socket's own timeout starts anew with every byte, and headers and chunk sizes are bytes too.
    """

    def __init__(self, connection: socket.socket, deadline: float, max_bytes: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._budget = max_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._connection.settimeout(_left(self._deadline))
        count = self._connection.recv_into(buffer)
        self._budget -= count
        if self._budget < 0:
            raise ImageRefused(Reason.TOO_LARGE)
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)


def _read_image(response: http.client.HTTPResponse, max_bytes: int) -> FetchedImage:
    if response.status != http.client.OK:
        raise ImageRefused(Reason.STATUS, str(response.status))
    if response.length is not None and response.length > max_bytes:
        raise ImageRefused(Reason.TOO_LARGE)
    data = bytearray(response.read(_MAGIC_LENGTH))
    content_type = raster_type(bytes(data))
    if not content_type:
        raise ImageRefused(Reason.NOT_AN_IMAGE)
    while chunk := response.read(_CHUNK):
        data += chunk
        if len(data) > max_bytes:
            raise ImageRefused(Reason.TOO_LARGE)
    if response.length:
        raise ImageRefused(Reason.PROTOCOL, "cut short")
    return FetchedImage(content_type, bytes(data))


def raster_type(start: bytes) -> str:
    """The content type that the first bytes prove: PNG, JPEG, GIF, WebP or BMP, else ""."""
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if start.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if start.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "image/webp"
    # "BM" alone also begins plain words: ask for the reserved zeros and a known header size as well.
    if start.startswith(b"BM") and start[6:10] == bytes(4) and start[14:18] in _BMP_HEADERS:
        return "image/bmp"
    return ""


_BMP_HEADERS: Final = frozenset(size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124))
