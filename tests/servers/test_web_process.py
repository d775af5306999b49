"""Who a request comes from: what the connection says, unless it comes from the one proxy that is trusted."""

import dataclasses
import http.client
import threading
from collections.abc import Iterable
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from core.config import Config, ConfigError
from servers.web_process import listen
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
    config = Config.from_env({"DATA_DIR": str(tmp_path), "TRUSTED_PROXY": trusted})
    server = listen(dataclasses.replace(config, port=free_ports(1)[0]), who)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.effective_port, timeout=10)
        chain = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto": "https"}
        connection.request("GET", "/", headers=chain)
        assert connection.getresponse().read().decode() == seen
        connection.close()
    finally:
        server.close()
        server.task_dispatcher.shutdown()
        thread.join(5)


def test_a_proxy_is_named_by_its_address() -> None:
    with pytest.raises(ConfigError, match="TRUSTED_PROXY=localhost is not an IP address"):
        Config.from_env({"TRUSTED_PROXY": "localhost"})
