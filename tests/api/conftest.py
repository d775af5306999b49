"""The demo world with its API, and programs that carry tokens."""

import dataclasses
from collections.abc import Callable, Collection, Iterator
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import create_app
from auth.passwords import Cost, hashing_cost
from core.config import Config
from mailboxes.api_access import issue_token
from mailboxes.audit import Doer
from mailboxes.directory import find_account
from mailboxes.models import Domain, Mailbox
from mailboxes.scopes import EVERY_SCOPE
from migrations.migrate import upgrade
from servers.child import Child
from servers.demo.people import seed_people
from tests.api.mcp.agents import Connect, over_http, over_stdio
from tests.apps import made
from tests.pages.mail.browser import serving
from tests.servers.harness import World, free_ports
from tests.servers.postgres import Cluster
from web.context import EXTENSION, Services

V1 = "/api/v1"
DOER = Doer("the tests", "cli")


class Program:
    """A script with a token."""

    def __init__(self, app: Flask, token: str) -> None:
        self.client, self.token = app.test_client(use_cookies=False), token

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """One call. Header names are given with underscores: Idempotency_Key."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        extra = {} if body is None else {"json": body}
        return self.client.open(V1 + path, method=method, headers=sent, **extra)

    def get(self, path: str, status: int = 200) -> Any:
        return self._done(self.ask("GET", path), status)

    def post(self, path: str, body: Any = None, status: int = 201, **headers: str) -> Any:
        return self._done(self.ask("POST", path, body, **headers), status)

    def patch(self, path: str, body: Any, status: int = 200, **headers: str) -> Any:
        return self._done(self.ask("PATCH", path, body, **headers), status)

    def delete(self, path: str, status: int = 200, **headers: str) -> Any:
        return self._done(self.ask("DELETE", path, **headers), status)

    def refused(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        """Status and code of a call that has to fail."""
        answer = self.ask(method, path, body, **headers)
        return answer.status_code, error_of(answer)["code"]

    @staticmethod
    def _done(answer: TestResponse, status: int) -> Any:
        assert answer.status_code == status, answer.text
        return answer.json


MakeToken = Callable[..., str]
MakeProgram = Callable[..., Program]


def error_of(answer: TestResponse) -> dict[str, Any]:
    """The error, after a look at its envelope."""
    assert answer.content_type == "application/json", (answer.status_code, answer.text[:200])
    assert answer.json is not None
    assert set(answer.json) == {"error"}
    error: dict[str, Any] = answer.json["error"]
    assert {"code", "message", "hint", "request_id", "retryable"} <= set(error)
    assert error["request_id"] == answer.headers["X-Request-Id"]
    assert (error["code"] == "validation_failed") == ("fields" in error)
    return error


def roomy(config: Config) -> Config:
    """Without a limit that the tests together would reach."""
    return dataclasses.replace(config, api_requests_per_minute=1_000_000)


@pytest.fixture(scope="package", autouse=True)
def _cheap_hashing() -> Iterator[None]:
    with hashing_cost(Cost(passes=1, memory_kib=8, lanes=1)):
        yield


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Everybody, on SQLite, with running mail servers and empty mailboxes."""
    with World(mail=False) as world:
        yield world


@pytest.fixture(scope="session")
def app(world: World) -> Iterator[Flask]:
    with made(roomy(world.config)) as app:
        yield app


@pytest.fixture(scope="session")
def site(world: World, app: Flask) -> Iterator[str]:
    """The app, served; the base URL."""
    with serving(app, world.config.port) as url:
        yield url


@pytest.fixture(scope="session")
def make_token(world: World) -> MakeToken:
    """A token, for every scope unless said otherwise."""

    def make(
        account: str = "Acme",
        scopes: Collection[str] = EVERY_SCOPE,
        *,
        name: str = "a script",
        days: int | None = None,
        domains: Collection[str] | None = None,
    ) -> str:
        with world.db.write() as session:
            ids = None
            if domains is not None:
                ids = list(session.scalars(select(Domain.id).where(Domain.name.in_(domains))))
            found = find_account(session, account)
            prefix = world.config.api_token_prefix
            return issue_token(session, DOER, found, prefix, name, scopes, days=days, domain_ids=ids)

    return make


@pytest.fixture(scope="session")
def make_program(app: Flask, make_token: MakeToken) -> MakeProgram:
    def make(*args: Any, **kwargs: Any) -> Program:
        return Program(app, make_token(*args, **kwargs))

    return make


@pytest.fixture(scope="session")
def script(make_program: MakeProgram) -> Program:
    """A program that may do everything in Acme."""
    return make_program()


@pytest.fixture(scope="session")
def ids(world: World) -> dict[str, int]:
    """The id of every mailbox and domain of the demo world, by name."""
    with world.db.read() as session:
        found = dict(session.execute(select(Mailbox.address, Mailbox.id)).all())
        return found | dict(session.execute(select(Domain.name, Domain.id)).all())


@pytest.fixture(scope="session")
def tool_server(world: World, site: str) -> Iterator[str]:
    """The process that `make run` starts; its URL."""
    child = Child("api.mcp.process", world.user, world.environment(), world.config.log_dir / "mcp.log")
    child.start()
    yield f"http://127.0.0.1:{world.config.mcp_port}/mcp"
    child.stop()


@pytest.fixture(params=["stdio", "http"])
def connect(request: pytest.FixtureRequest, site: str) -> Connect:
    """How an agent connects: `connect(token, revision)`."""
    if request.param == "stdio":
        return lambda token, revision: over_stdio(site, token, revision)
    url = request.getfixturevalue("tool_server")
    return lambda token, revision: over_http(url, token, revision)


_numbers = count(1)


def key() -> str:
    """An Idempotency-Key that nobody used."""
    return f"key-{next(_numbers)}"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A program that may do everything in Acme; the mail servers are away."""
    settings = {"DATA_DIR": str(tmp_path_factory.mktemp("once")), "ASSETS": "local"}
    if request.param == "postgresql":
        with Cluster(free_ports(1)[0]) as cluster:
            yield from _program(settings | {"DATABASE_URL": cluster.database()})
    else:
        yield from _program(settings)


def _program(settings: dict[str, str]) -> Iterator[Program]:
    app = create_app(roomy(Config.from_env(settings)))
    here: Services = app.extensions[EXTENSION]
    upgrade(here.db)
    with here.db.write() as session:
        seed_people(session, here.vault)
        token = issue_token(session, DOER, find_account(session, "Acme"), "pr_live_", "once", EVERY_SCOPE)
    yield Program(app, token)
    here.db.dispose()


def of(program: Program) -> Services:
    found: Services = program.client.application.extensions[EXTENSION]
    return found


def mailbox_id(program: Program, address: str) -> int:
    with of(program).db.read() as session:
        return session.scalars(select(Mailbox.id).where(Mailbox.address == address)).one()
