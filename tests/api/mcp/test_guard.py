"""The tool server's door over HTTP: who gets in, from where, under which name, and in which words of the protocol."""

import json
import select
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select as query_of
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from api.mcp.connection import Connection
from api.mcp.process import listener
from auth.models import ApiToken
from core.config import Config
from core.version import version
from servers.child import Child
from tests.api.conftest import MakeProgram, MakeToken
from tests.servers.harness import World, free_ports
from tests.waiting import PATIENCE

EARLIER = ("2025-06-18", "2025-03-26")
ACCEPT = "application/json, text/event-stream"


def say(url: str, token: str, message: dict[str, Any], **headers: str) -> httpx2.Response:
    """One JSON-RPC message, as a client without the SDK posts it."""
    sent = {"Authorization": f"Bearer {token}"} if token else {}
    sent |= {"Accept": ACCEPT} | {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.post(url, json={"jsonrpc": "2.0"} | message, headers=sent, trust_env=False, timeout=PATIENCE)


def hello(revision: str = EARLIER[0]) -> dict[str, Any]:
    facts = {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "by hand", "version": "1"}}
    return {"id": 1, "method": "initialize", "params": facts}


@pytest.mark.parametrize("revision", EARLIER)
def test_clients_of_earlier_years_are_understood(
    tool_server: str, make_token: MakeToken, ids: dict[str, int], revision: str
) -> None:
    token = make_token()
    first = say(tool_server, token, hello(revision))
    assert first.status_code == 200, first.text
    result = first.json()["result"]
    assert result["protocolVersion"] == revision
    assert (result["serverInfo"]["name"], result["serverInfo"]["version"]) == ("postroom", version())
    spoken = {"Mcp_Protocol_Version": revision}
    assert say(tool_server, token, {"method": "notifications/initialized"}, **spoken).status_code == 202
    listed = say(tool_server, token, {"id": 2, "method": "tools/list", "params": {}}, **spoken).json()["result"]
    assert len(listed["tools"]) == 16
    assert all(tool["inputSchema"]["additionalProperties"] is False for tool in listed["tools"])
    call = {"name": "get_mailbox", "arguments": {"mailbox_id": ids["ana@brand-a.test"]}}
    told = say(tool_server, token, {"id": 3, "method": "tools/call", "params": call}, **spoken).json()["result"]
    assert told["structuredContent"]["data"]["address"] == "ana@brand-a.test"
    assert json.loads(told["content"][0]["text"]) == told["structuredContent"]
    assert not told.get("isError")


@pytest.mark.parametrize("token", ["", "pr_live_wrong", "x" * 600, "a b"])
def test_without_a_good_token_it_is_a_401_from_the_first_word(tool_server: str, token: str) -> None:
    answer = say(tool_server, token, hello())
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/json"
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "hint", "request_id", "retryable"}
    assert (error["code"], error["request_id"]) == ("unauthenticated", answer.headers["X-Request-Id"])


def test_whether_a_token_is_good_is_asked_seldom(
    world: World, tool_server: str, make_token: MakeToken, make_program: MakeProgram
) -> None:
    token = make_token()
    for _ in range(5):
        assert say(tool_server, token, hello()).status_code == 200
    with world.db.read() as session:
        query = query_of(ApiToken.window_count).where(ApiToken.ending == token[-4:]).order_by(ApiToken.id.desc())
        assert session.scalars(query).first() == 1


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost:x", "127.0.0.1:80.evil.example"])
def test_under_another_name_nobody_gets_in(tool_server: str, make_token: MakeToken, host: str) -> None:
    answer = say(tool_server, make_token(), hello(), Host=host)
    assert (answer.status_code, answer.json()["error"]["code"]) == (421, "bad_request")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "http://localhost:80.evil.example",
        "http://localhost@evil.example",
        "http://evil.example/http://localhost",
        "file://localhost",
        "http://localhost:evil",
        "http://localhost/page",
    ],
)
def test_a_page_of_another_site_gets_nowhere(tool_server: str, make_token: MakeToken, origin: str) -> None:
    answer = say(tool_server, make_token(), hello(), Origin=origin)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "bad_request")


@pytest.mark.parametrize(
    "origin", ["http://localhost", "http://127.0.0.1:6274", "http://[::1]:3000", "HTTPS://LOCALHOST"]
)
def test_a_page_of_this_machine_gets_in(tool_server: str, make_token: MakeToken, origin: str) -> None:
    assert say(tool_server, make_token(), hello(), Origin=origin).status_code == 200


@pytest.fixture(scope="module")
def over_ipv6(world: World) -> Iterator[str]:
    """Web and tools on ::1, as `HOST=::1 make run` starts them; the URL of the tools."""
    settings = world.environment() | {"HOST": "::1"}
    children = [
        Child(module, world.user, settings, world.config.log_dir / f"{module}.ipv6.log")
        for module in ("servers.run.web_process", "api.mcp.process")
    ]
    for child in children:
        child.start()
    yield f"http://[::1]:{world.config.mcp_port}/mcp"
    for child in children:
        child.stop()


def test_everything_works_over_ipv6(over_ipv6: str, make_token: MakeToken) -> None:
    token, call = make_token(), {"name": "list_domains", "arguments": {}}
    assert say(over_ipv6, token, hello()).status_code == 200
    told = say(over_ipv6, token, {"id": 3, "method": "tools/call", "params": call}).json()["result"]
    assert "brand-a.test" in str(told["structuredContent"]["data"])


class Hasty(Connection):
    """Of a server that waits a second, and holds twenty."""

    patience, most = 1.0, 20


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[int]:
    """The port of such a server: the real listener, with an application that answers at once."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await PlainTextResponse("here")(scope, receive, send)

    config = Config.from_env({"DATA_DIR": str(tmp_path), "MCP_PORT": str(free_ports(1)[0])})
    server = listener(config, app, Hasty)
    with ThreadPoolExecutor(1) as aside:
        serving = aside.submit(server.run)
        while not server.started and not serving.done():
            time.sleep(0.02)
        yield config.mcp_port
        server.should_exit = True


HEAD = b"POST /mcp HTTP/1.1\r\nHost: x\r\n"
HALF = (b"", b"POST", HEAD, HEAD + b"X-Long: ", HEAD + b"Content-Length: 100\r\n\r\nx", HEAD + b"\r\n" + HEAD)


def test_half_a_request_is_not_waited_for_for_ever(hasty: int) -> None:
    """Also of those that go on octet by octet; whoever asks meanwhile is answered."""
    with ExitStack() as held:
        halves = [held.enter_context(socket.create_connection(("127.0.0.1", hasty), 20)) for _ in HALF]
        for half, sent in zip(halves, HALF, strict=True):
            half.sendall(sent)
        still = set(halves)
        while still:
            assert httpx2.get(f"http://127.0.0.1:{hasty}/", trust_env=False, timeout=20).text == "here"
            for half in select.select(still, [], [], 0.1)[0]:
                with suppress(ConnectionResetError):
                    if half.recv(65_536):
                        continue
                still.remove(half)
            for half in still - {halves[0]}:
                with suppress(OSError):
                    half.send(b"x")


def test_a_crowd_that_asks_nothing_makes_room_for_who_does(hasty: int) -> None:
    with ExitStack() as held:
        crowd = [held.enter_context(socket.create_connection(("127.0.0.1", hasty), 20)) for _ in range(30)]
        assert httpx2.get(f"http://127.0.0.1:{hasty}/", trust_env=False, timeout=20).text == "here"
        with suppress(ConnectionResetError):
            assert crowd[0].recv(1) == b""


def test_no_http_is_told_in_the_envelope(hasty: int) -> None:
    for request in (b"nothing of the kind\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", HEAD + b"X: ".ljust(50_000, b"y")):
        with socket.create_connection(("127.0.0.1", hasty), 20) as line:
            line.sendall(request)
            head, _, body = line.makefile("rb").read().partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert json.loads(body)["error"]["code"] == "bad_request"


@pytest.mark.parametrize("pieces", [False, True])
def test_a_call_is_no_longer_than_one_of_the_api(tool_server: str, make_token: MakeToken, pieces: bool) -> None:
    headers = {"Authorization": f"Bearer {make_token()}", "Content-Type": "application/json"}
    long = b" " * 1_000_001
    answer = httpx2.post(
        tool_server, content=iter([long]) if pieces else long, headers=headers, trust_env=False, timeout=20
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "payload_too_large")
