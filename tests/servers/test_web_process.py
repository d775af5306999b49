"""The process behind the web port: whom it believes, and how it ends."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from core.config import Config, ConfigError
from servers.child import ROOT
from servers.web_process import bind, listen
from servers.web_workers import Workers
from tests.servers.harness import free_ports


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
    config = Config.from_env({"DATA_DIR": str(tmp_path), "TRUSTED_PROXY": trusted, "PORT": str(free_ports(1)[0])})
    workers = Workers(1)
    server = listen(config, who, {}, bind(config), workers)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", config.port, timeout=10)
        chain = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto": "https"}
        connection.request("GET", "/", headers=chain)
        assert connection.getresponse().read().decode() == seen
        connection.close()
    finally:
        server.close()
        server.task_dispatcher.shutdown()
        thread.join(5)
        workers.close()


SLOW = """
import os, time
from core.config import Config
from servers.web_process import serve

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
        idle = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        idle.connect()
        people = [http.client.HTTPConnection("127.0.0.1", port, timeout=20) for _ in range(30)]
        for one in people:
            one.request("GET", "/", headers={"Connection": "close"})
        time.sleep(0.3)  # until all of them are inside
        process.terminate()
        answers = [one.getresponse() for one in people]
        assert [(answer.status, len(answer.read())) for answer in answers] == [(200, 300_000)] * 30
        with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", port), 5):
            pass
        assert process.wait(10) == 0
        for one in (idle, *people):
            one.close()


def test_a_proxy_is_named_by_its_address() -> None:
    with pytest.raises(ConfigError, match="TRUSTED_PROXY=localhost is not an IP address"):
        Config.from_env({"TRUSTED_PROXY": "localhost"})
