"""What the web server refuses by itself, before the application sees it: in the envelope for programs."""

import json
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import process_time
from urllib.parse import parse_qsl, urlsplit

import pytest

from servers.child import Child
from tests.cast import ANA, KIM
from tests.servers.harness import World, free_ports
from tests.visitor import Page

HEAD = 65_536  # octets
HOST = b"Host: 127.0.0.1\r\n"
DOMAINS = b"POST /api/v1/domains HTTP/1.1\r\n" + HOST
CASES = {
    "too large": (DOMAINS + b"Content-Length: 100000000\r\n\r\n", 413, "payload_too_large"),
    "too large, asking first": (
        DOMAINS + b"Expect: 100-continue\r\nContent-Length: 100000000\r\n\r\n",
        413,
        "payload_too_large",
    ),
    "too large, in pieces": (
        DOMAINS + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 200_000,
        413,
        "payload_too_large",
    ),
    "a piece whose length never ends": (
        DOMAINS + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 2_000_000,
        413,
        "payload_too_large",
    ),
    "long header": (b"GET /api/v1/me HTTP/1.1\r\nX-Long: ".ljust(10 * HEAD, b"x"), 431, "headers_too_large"),
    "a megabyte of cookies": (
        b"GET /api/v1/me HTTP/1.1\r\n" + HOST + b"Cookie: " + b"a=b; " * 200_000,
        431,
        "headers_too_large",
    ),
    "many headers": (b"GET /api/v1/me HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 300 + b"\r\n", 431, "headers_too_large"),
    "long query": (
        b"GET /api/v1/me?".ljust(20_000, b"a") + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        414,
        "headers_too_large",
    ),
    "endless query": (b"GET /api/v1/me?".ljust(2 * HEAD, b"a"), 431, "headers_too_large"),
    "long absolute form": (
        b"GET http://127.0.0.1/api/v1/me?".ljust(2 * HEAD, b"a"),
        431,
        "headers_too_large",
    ),
    "no host": (b"GET /api/v1/me HTTP/1.1\r\n\r\n", 400, "bad_request"),
    "two hosts": (b"GET /api/v1/me HTTP/1.1\r\n" + HOST * 2 + b"\r\n", 400, "bad_request"),
    "a host that is none": (b"GET /api/v1/me HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "bad_request"),
    "no header": (b"GET /api/v1/me HTTP/1.1\r\nno header at all\r\n\r\n", 400, "bad_request"),
    "no number": (DOMAINS + b"Content-Length: x\r\n\r\n", 400, "bad_request"),
    "two lengths": (DOMAINS + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400, "bad_request"),
    "escaped": (b"GET /%61pi/v1/me HTTP/1.1\r\nno header at all\r\n\r\n", 400, "bad_request"),
    "unknown coding": (DOMAINS + b"Transfer-Encoding: gzip\r\n\r\n", 501, "bad_request"),
    "broken chunk": (DOMAINS + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "bad_request"),
}


@pytest.fixture(scope="module")
def process(world: World) -> Iterator[str]:
    """The web process as `make run` starts it, on a port of its own."""
    port = free_ports(1)[0]
    settings = world.environment() | {"PORT": str(port), "WEB_WORKERS": "1"}
    child = Child("servers.run.web_process", world.user, settings, world.config.log_dir / "web.log")
    child.start()
    yield f"http://127.0.0.1:{port}"
    child.stop()


@pytest.fixture(scope="module")
def workers(process: str) -> list[int]:
    """The processes behind the port: the web as these tests started it, and what it started in turn."""
    parents = {int(path.parent.name): parent_in(path) for path in Path("/proc").glob("[0-9]*/stat")}
    mine, newest = set[int](), {os.getpid()}
    while newest := {pid for pid, parent in parents.items() if parent in newest}:
        mine |= newest
    return [pid for pid in mine if b"servers.run.web_process" in read_if_there(Path(f"/proc/{pid}/cmdline"))]


def parent_in(stat: Path) -> int:
    return int((read_if_there(stat).rpartition(b")")[2].split() or [b"", b"0"])[1])


def read_if_there(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # somebody else's, or gone
        return b""


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
        _status, headers, body = answer_to(process, b"GET " + path + b" HTTP/1.1\r\nno header at all\r\n\r\n")
        assert headers["Content-Type"].startswith("text/html"), path
        assert headers["X-Content-Type-Options"] == "nosniff"
        page = Page(body.decode())
        page.check()
        assert "Go back and try again." in page.text


def form(path: bytes, content: bytes, kind: bytes = b"application/x-www-form-urlencoded", more: bytes = b"") -> bytes:
    length = str(len(content)).encode()
    more += b"Connection: close\r\n"
    head = b"POST " + path + b" HTTP/1.1\r\n" + HOST + b"Content-Type: " + kind + b"\r\n" + more
    return head + b"Content-Length: " + length + b"\r\n\r\n" + content


def parts(count: int, name: bytes = b"n") -> bytes:
    """A form of many fields."""
    line = b'--edge\r\nContent-Disposition: form-data; name="%b%d"\r\n\r\nx\r\n'
    return b"".join(line % (name, number) for number in range(count)) + b"--edge--\r\n"


COOKIE = b"Cookie: postroom=made-up\r\n"
MULTIPART = b"multipart/form-data; boundary=edge"
MEGABYTES = 24
BOMB = b"&".join(b"%d" % number for number in range(3_000_000))[: MEGABYTES * 1_000_000]


@pytest.mark.parametrize("path", [b"/login", b"/console/login", b"/mail/ana@brand-a.test/send", b"/nothing/here"])
@pytest.mark.parametrize("kind", [b"application/x-www-form-urlencoded", MULTIPART, b"application/json", b"a/b"])
def test_who_has_not_signed_in_brings_kilobytes(process: str, path: bytes, kind: bytes) -> None:
    """Whatever they call it, to whichever route; a cookie alone opens nothing."""
    for more in (b"", COOKIE):
        status, _, body = answer_to(process, form(path, b"x" * 2_000_000, kind, more))
        if more and path.endswith(b"/send"):  # it may be somebody whose session ended while they wrote
            assert (status, b"not signed in any more" in body) == (401, True)
        else:
            assert (status, b"too large to send" in body) == (413, True), more


def test_who_writes_on_after_their_session_ended_gets_the_words_back(world: World, process: str) -> None:
    """However long the letter and whatever is attached, with the form's own token and without scripts."""
    cookie, path = f"Cookie: postroom={world.sign_in(ANA)}", f"/mail/{ANA}/send".encode()
    compose = f"GET /mail/{ANA}/compose HTTP/1.1\r\n{cookie}\r\nConnection: close\r\n".encode() + HOST + b"\r\n"
    _, headers, body = answer_to(process, compose)
    cookie += f"; {headers['Set-Cookie'].partition(';')[0]}\r\n"
    world.sign_out(ANA)
    written = {"to": KIM, "subject": "Written on", "text": "Every word. " * 30_000 + "The end."}
    fields = written | {"csrf_token": Page(body.decode()).fields["csrf_token"]}
    field = '--edge\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    letter = "".join(field.format(*pair) for pair in fields.items()).encode()
    letter += b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a.bin"\r\n\r\n' + b"x" * 3_000_000
    letter += b"\r\n--edge--\r\n"
    status, _, body = answer_to(process, form(path, letter, MULTIPART, cookie.encode()))
    page = Page(body.decode())
    assert (status, "/login" in page.links) == (401, True)
    assert f"To: {KIM}\nSubject: Written on\n\n{written['text']}" in page.text
    # A page with scripts still has the words, and is told to sign in as everywhere.
    status, headers, body = answer_to(process, form(path, letter, MULTIPART, cookie.encode() + b"HX-Request: true\r\n"))
    assert (status, headers["Hx-Redirect"], body) == (401, "/login", b"")


@pytest.mark.parametrize("cookie", [b"", COOKIE])
def test_a_small_form_of_too_many_fields_is_refused(process: str, cookie: bytes) -> None:
    many = form(b"/login", b"&".join(b"%d" % number for number in range(100)), more=cookie)
    assert answer_to(process, many)[0] == 413
    assert answer_to(process, form(b"/login", parts(100), MULTIPART, cookie))[0] == 413


def test_three_bombs_at_once_cost_next_to_nothing_and_others_are_served(process: str, workers: list[int]) -> None:
    """Distinct names: taken apart, each form would be a gigabyte and many seconds."""
    forms = [
        form(b"/login", BOMB),
        form(b"/mail/ana@brand-a.test/send", BOMB),
        form(b"/mail/x/send", BOMB, more=COOKIE),
    ]
    costs = [calibrate()]
    before = [(cpu_of(pid), memory_of(pid)) for pid in workers]
    with ThreadPoolExecutor(4) as at_once:
        bombs = [at_once.submit(answer_to, process, one) for one in forms]
        page = answer_to(process, b"GET /login HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        assert page[0] == 200
        assert [bomb.result()[0] for bomb in bombs] == [413, 413, 401]
    spent = sum(cpu_of(pid) - earlier for pid, (earlier, _) in zip(workers, before, strict=True))
    grown = max(memory_of(pid) - earlier for pid, (_, earlier) in zip(workers, before, strict=True))
    assert grown < 2 * len(BOMB), grown  # less than any two of them
    assert spent < min(costs[0], calibrate()), (spent, costs)


def calibrate() -> float:
    """What this machine needs to take one such form apart, in seconds of its processor, measured on a quarter of it."""
    began = process_time()
    parse_qsl(BOMB[: len(BOMB) // 4].decode(), keep_blank_values=True)
    return 4 * (process_time() - began)


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> int:
    """The most it ever had, in octets."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
