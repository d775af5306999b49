"""What the web server refuses by itself, before the application sees it: in the envelope for programs."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from servers.child import Child
from tests.servers.harness import World, free_ports

LIMIT = 262_144  # of a head, in bytes; to the byte, as what is left unread would reset the connection
CASES = {
    "too large": (b"POST /api/v1/domains HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n", 413, "payload_too_large"),
    "long header": (
        (b"GET /api/v1/me HTTP/1.1\r\nX-Long: ").ljust(LIMIT, b"x"),
        431,
        "headers_too_large",
    ),
    "long query": (b"GET /api/v1/me?".ljust(LIMIT, b"a"), 431, "headers_too_large"),
    "long absolute form": (
        b"GET http://127.0.0.1/api/v1/me?".ljust(LIMIT, b"a"),
        431,
        "headers_too_large",
    ),
    "no header": (b"GET /api/v1/me HTTP/1.1\r\nno header at all\r\n\r\n", 400, "bad_request"),
    "no number": (b"POST /api/v1/domains HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400, "bad_request"),
    "escaped": (b"GET /%61pi/v1/me HTTP/1.1\r\nno header at all\r\n\r\n", 400, "bad_request"),
    "unknown coding": (b"POST /api/v1/domains HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "bad_request"),
    "broken chunk": (b"POST /api/v1/domains HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "bad_request"),
}


@pytest.fixture(scope="module")
def process(world: World) -> Iterator[str]:
    """The web process as `make run` starts it, on a port of its own."""
    port = free_ports(1)[0]
    settings = world.environment() | {"PORT": str(port)}
    child = Child("servers.web_process", world.user, settings, world.config.log_dir / "web.log")
    child.start()
    yield f"http://127.0.0.1:{port}"
    child.stop()


def answer_to(process: str, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of whatever comes back."""
    where = urlsplit(process)
    with socket.create_connection((where.hostname, where.port), 10) as connection:
        connection.sendall(request)
        whole = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = whole.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_is_the_envelope(process: str, case: str) -> None:
    request, expected, code = CASES[case]
    status, headers, body = answer_to(process, request)
    assert (status, headers["Content-Type"]) == (expected, "application/json"), body[:200]
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
    error = json.loads(body)["error"]
    assert set(error) == {"code", "message", "hint", "request_id", "retryable"}
    assert (error["code"], error["request_id"]) == (code, headers["X-Request-Id"])


def test_people_get_words(process: str) -> None:
    for path in (b"/login", b"http://127.0.0.1/login", b"/apiary", b"/?next=/api/"):
        _status, headers, _body = answer_to(process, b"GET " + path + b" HTTP/1.1\r\nno header at all\r\n\r\n")
        assert headers["Content-Type"].startswith("text/plain"), path
        assert headers["X-Content-Type-Options"] == "nosniff"
