"""The process behind the web port: whom it believes, and how it ends."""

import contextlib
import http.client
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from waitress import wasyncore

from core.config import Config, ConfigError
from servers.child import ROOT
from servers.run.web_channel import Patience
from servers.run.web_process import bind, listen
from servers.run.web_workers import Workers
from tests.servers.harness import free_ports
from tests.waiting import PATIENCE


def who(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    said = (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"], environ.get("HTTP_X_FORWARDED_FOR", "nothing"))
    return [" ".join(said).encode()]


@pytest.mark.parametrize(
    ("trusted", "seen"),
    [
        ("", "127.0.0.1 http nothing"),
        ("127.0.0.9", "127.0.0.1 http nothing"),
        # Of a chain only the last word is the proxy's own; what stands before, a stranger may have written.
        ("127.0.0.1", "203.0.113.7 https 203.0.113.7"),
    ],
)
def test_only_the_trusted_proxy_is_believed(tmp_path: Path, trusted: str, seen: str) -> None:
    with served(tmp_path, TRUSTED_PROXY=trusted) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        chain = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto": "https"}
        connection.request("GET", "/", headers=chain)
        assert connection.getresponse().read().decode() == seen
        connection.close()


@contextlib.contextmanager
def served(
    place: Path,
    patience: Patience | None = None,
    application: WSGIApplication = who,
    most: int = 900,
    **settings: str,
) -> Iterator[int]:
    """That application behind the real listener; its port."""
    config = Config.from_env({"DATA_DIR": str(place), "PORT": str(free_ports(1)[0])} | settings)
    workers, sockets = Workers(1), dict[int, Any]()
    server = listen(config, application, sockets, bind(config), workers, patience=patience or Patience(), most=most)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield config.port
    finally:
        server.close()
        server.task_dispatcher.shutdown()
        thread.join(5)
        wasyncore.close_all(sockets, ignore_all=True)
        workers.close()


@pytest.mark.parametrize("who_asks", ["one person of many mailboxes", "a team of one mailbox", "many of many"])
def test_forty_hanging_requests_delay_no_strangers_sign_in(tmp_path: Path, who_asks: str) -> None:
    goes_on, at_work = threading.Event(), threading.Semaphore(0)

    def hanging(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/mail/"):
            at_work.release()
            goes_on.wait(60)
        start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
        return [b"here"]

    with served(tmp_path, application=hanging) as port:
        asking = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(40)]
        for number, connection in enumerate(asking):
            person = 1 if who_asks.startswith("one") else number
            mailbox = "support" if who_asks.startswith("a team") else f"box{number}"
            connection.request("GET", f"/mail/{mailbox}@x.test/", headers={"Cookie": f"form=1; postroom=s{person}"})
        for _ in range({"one": 8, "a t": 12, "man": 18}[who_asks[:3]]):
            assert at_work.acquire(timeout=30)
        stranger = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for _ in range(20):
            stranger.request("GET", "/login")
            assert stranger.getresponse().read() == b"here"
        assert not at_work.acquire(blocking=False)
        goes_on.set()
        assert [connection.getresponse().read() for connection in asking] == [b"here"] * 40
        for connection in (stranger, *asking):
            connection.close()


HALF = {
    "nothing": b"",
    "half a line": b"GET / HT",
    "half a head": b"GET / HTTP/1.1\r\nHost: x\r\nX-",
    "half a body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx",
    "half a piece": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx",
    "refused, and going on": b"GET / HTTP/1.1\r\n\r\n",
}


def test_half_a_request_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    """However it goes on, octet by octet; meanwhile, and afterwards, whoever asks is answered."""
    short = Patience(head=1, body=1, octets_a_second=1000, refused=1)
    with served(tmp_path, short) as port, contextlib.ExitStack() as held:
        halves = [held.enter_context(socket.create_connection(("127.0.0.1", port), 20)) for _ in HALF]
        for half, sent in zip(halves, HALF.values(), strict=True):
            half.sendall(sent)
        open_ones = set(halves[1:])
        whole = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        held.callback(whole.close)
        while open_ones:
            whole.request("GET", "/")
            assert whole.getresponse().read()
            for half in select.select(open_ones, [], [], 0.1)[0]:
                if has_ended(half):
                    open_ones.remove(half)
            for half in open_ones:
                with contextlib.suppress(OSError):
                    half.send(b"x" if half is not halves[4] else b"\xff")


def has_ended(half: socket.socket) -> bool:
    """A reset is an end as well: so is answered what still arrives after the end (RFC 9293 §3.10.7.1)."""
    try:
        return not half.recv(65_536)
    except ConnectionResetError:
        return True


def test_a_crowd_that_asks_nothing_makes_room_for_who_does(tmp_path: Path) -> None:
    with served(tmp_path, most=20) as port, contextlib.ExitStack() as held:
        crowd = [held.enter_context(socket.create_connection(("127.0.0.1", port), 20)) for _ in range(30)]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/")
        assert connection.getresponse().read()
        connection.close()
        assert crowd[0].recv(1) == b""
        crowd[-1].sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert crowd[-1].recv(12) == b"HTTP/1.0 200"


SLOW = """
import os, time
from core.config import Config
from servers.run.web_channel import Patience
from servers.run.web_process import serve

def slow(environ, start):
    time.sleep(1)
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"x" * 300_000]

raise SystemExit(serve(Config.from_env(os.environ), slow))
"""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_whoever_has_asked_is_answered_before_it_ends(tmp_path: Path, host: str) -> None:
    """Thirty people, of whom six wait for a thread, and one who keeps a connection open and asks nothing."""
    port = free_ports(1)[0]
    settings = {
        "PATH": os.environ["PATH"],
        "HOST": host,
        "PORT": str(port),
        "DATA_DIR": str(tmp_path),
        "WEB_WORKERS": "1",
    }
    with subprocess.Popen(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", SLOW], cwd=ROOT, env=settings | {"WEB_WORKERS": "1"}, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        idle = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        idle.connect()
        people = [http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE) for _ in range(30)]
        for one in people:
            one.request("GET", "/", headers={"Connection": "close"})
        time.sleep(0.3)  # until all of them are inside
        process.terminate()
        answers = [one.getresponse() for one in people]
        assert [(answer.status, len(answer.read())) for answer in answers] == [(200, 300_000)] * 30
        with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", port), 5):
            pass
        assert process.wait(PATIENCE) == 0
        for one in (idle, *people):
            one.close()


def test_a_proxy_is_named_by_its_address() -> None:
    with pytest.raises(ConfigError, match="TRUSTED_PROXY=localhost is not an IP address"):
        Config.from_env({"TRUSTED_PROXY": "localhost"})
