"""Tokens: made, shown once, limited, counted, revoked; and never found lying around."""

import dataclasses
import logging
import re
import time

import pytest
from flask import Flask
from sqlalchemy import event, select, text, update

from app import create_app
from auth.models import ApiToken
from core.logs import JsonFormatter
from mailboxes.models import AuditEntry
from mailboxes.scopes import READING_SCOPES
from tests.api.conftest import MakeProgram, MakeToken, Program, error_of
from tests.conftest import TokenWatch
from tests.pages.console.console import Desk
from tests.servers.harness import World, logs_with_tokens
from web.context import EXTENSION, Services


def test_the_command_prints_the_token_alone(world: World, app: Flask) -> None:
    command = ["token", "create", "--account", "Acme", "--scopes", "mailboxes:read,audit:read", "--days", "30"]
    said = app.test_cli_runner().invoke(args=command)
    assert said.exit_code == 0
    assert re.fullmatch(r"pr_live_[A-Za-z0-9_-]{43}\n", said.output)
    me = Program(app, said.output.strip()).get("/me")
    assert me["capabilities"] == {"effective_scopes": ["mailboxes:read", "audit:read"]}
    assert me["data"]["account"]["name"] == "Acme"
    with world.db.read() as session:
        made = session.get_one(ApiToken, _id(world, said.output.strip()))
        assert made.expires_at is not None
        assert abs(made.expires_at - time.time() - 30 * 86_400) < 60


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (["--account", "Nobody", "--scopes", "audit:read"], "nothing called Nobody"),
        (["--account", "Acme", "--scopes", "everything"], "no scope everything"),
        (["--account", "Acme", "--scopes", " , "], "at least one scope"),
        (["--account", "Acme", "--scopes", "audit:read", "--days", "0"], "from 1 to"),
        (["--account", "Acme", "--scopes", "audit:read", "--domain", "other.test"], "domains of this account"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(app: Flask, wrong: list[str], words: str) -> None:
    said = app.test_cli_runner().invoke(args=["token", "create", *wrong])
    assert said.exit_code == 1
    assert words in said.stderr
    assert said.stdout == ""


def test_an_owner_makes_one_sees_it_once_and_revokes_it(world: World, app: Flask) -> None:
    olive = Desk(world, app)
    made = olive.post(
        "/api", name="Onboarding", scope=["mailboxes:read"], domain=[olive.domain("brand-b.test")], life="30"
    )
    assert made.status_code == 200
    token = re.findall(r"pr_live_[A-Za-z0-9_-]{43}", made.text)
    assert len(token) == 1
    program = Program(app, token[0])
    assert {one["domain"] for one in program.get("/mailboxes")["data"]} == {"brand-b.test"}
    page = olive.page("/api")
    assert token[0] not in page.html
    assert "Onboarding" in page.text
    assert "mailboxes:read; brand-b.test" in page.text
    assert "last used" in page.text
    revoke = next(path for path in page.controls if path.endswith("/revoke") and str(_id(world, token[0])) in path)
    assert olive.post(revoke.removeprefix("/console")).status_code == 303
    assert program.refused("GET", "/mailboxes") == (401, "unauthenticated")
    with world.db.read() as session:
        query = select(AuditEntry).where(AuditEntry.subject == "Onboarding").order_by(AuditEntry.id)
        noted = [(entry.action, entry.actor, entry.door) for entry in session.scalars(query)]
    assert noted == [("token.made", "owner@acme.test", "web"), ("token.revoked", "owner@acme.test", "web")]


def test_the_form_says_what_is_missing(world: World, app: Flask) -> None:
    olive = Desk(world, app)
    assert "at least one scope" in olive.post("/api", name="Empty", life="30").text
    assert "Give it a name." in olive.post("/api", name="", scope=["audit:read"], life="30").text
    foreign = olive.post("/api", name="x", scope=["audit:read"], domain=["999999"], life="30")
    assert foreign.status_code == 404


def test_another_owners_token_is_not_there(world: World, app: Flask, make_token: MakeToken) -> None:
    theirs = make_token("Other", ["mailboxes:read"])
    assert Desk(world, app).post(f"/api/{_id(world, theirs)}/revoke").status_code == 404
    assert Program(app, theirs).get("/me")


def test_the_use_is_noted_at_most_once_a_minute(world: World, make_program: MakeProgram) -> None:
    program = make_program()
    token_id = _id(world, program.token)

    def used() -> int | None:
        with world.db.read() as session:
            return session.scalar(select(ApiToken.last_used_at).where(ApiToken.id == token_id))

    def set_back(seconds: int) -> None:
        with world.db.write() as session:
            at = int(time.time()) - seconds
            session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=at))

    assert used() is None
    program.get("/me")
    assert used() is not None
    set_back(30)
    before = used()
    program.get("/me")
    assert used() == before
    set_back(61)
    program.get("/me")
    assert used() != before


def test_the_limit_is_said_counted_and_kept(world: World, make_token: MakeToken) -> None:
    app = create_app(dataclasses.replace(world.config, api_requests_per_minute=3))
    here: Services = app.extensions[EXTENSION]
    program = Program(app, make_token())
    try:
        left = []
        for method, path, status in (("GET", "/me", 200), ("DELETE", "/mailboxes/2000000", 404), ("GET", "/me", 200)):
            answer = program.ask(method, path)
            assert answer.status_code == status
            assert answer.headers["RateLimit-Policy"] == '"token";q=3;w=60'
            left.append(re.fullmatch(r'"token";r=(\d+);t=(\d+)', answer.headers["RateLimit"]))
        assert [found and found[1] for found in left] == ["2", "1", "0"]
        for method, path in (("GET", "/me"), ("POST", "/domains"), ("DELETE", "/mailboxes/2000000")):
            answer = program.ask(method, path)
            error = error_of(answer)
            assert (answer.status_code, error["code"], error["retryable"]) == (429, "rate_limited", True)
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
        with here.db.write() as session:
            session.execute(
                update(ApiToken)
                .where(ApiToken.id == _id(world, program.token))
                .values(window_started_at=ApiToken.window_started_at - 60)
            )
        assert program.ask("GET", "/me").status_code == 200
    finally:
        here.db.dispose()


def test_only_a_hash_is_kept(world: World, make_token: MakeToken) -> None:
    token = make_token()
    with world.db.read() as session:
        rows = [dict(row) for row in session.execute(text("SELECT * FROM api_token")).mappings()]
    assert token.removeprefix("pr_live_") not in str(rows)
    assert all(re.fullmatch("[0-9a-f]{64}", row["token_sha256"]) for row in rows)


def test_wrong_and_unknown_take_as_long_and_say_the_same(app: Flask, make_token: MakeToken) -> None:
    """The same is done for them: a token is looked up by its hash, which tells nothing of how near a guess was."""
    good = make_token()
    services: Services = app.extensions[EXTENSION]
    asked: list[str] = []
    event.listen(services.db.engine, "before_cursor_execute", lambda *facts: asked.append(facts[2]))
    said = []
    for guess in (good[:-3] + "xyz", f"pr_live_{7:043}", "7"):
        asked.clear()
        answer = Program(app, guess).ask("GET", "/mailboxes", X_Request_Id="same")
        said.append((answer.status_code, answer.text, answer.headers["WWW-Authenticate"], list(asked)))
    assert said[0] == said[1] == said[2]
    assert any("token_sha256 =" in statement for statement in said[0][3])


def test_no_token_in_any_log(world: World, app: Flask, make_token: MakeToken, caplog: pytest.LogCaptureFixture) -> None:
    token = make_token(scopes=READING_SCOPES)
    with caplog.at_level(logging.DEBUG):
        program = Program(app, token)
        program.get("/mailboxes?search=ana")
        program.refused("POST", "/domains", {"name": "x.test"})
        program.refused("GET", "/mailboxes/2000000")
        program.refused("GET", "/mailboxes?page=x")
        Program(app, f"{token}x").refused("GET", "/me")
    lines = [JsonFormatter().format(record) for record in caplog.records]
    assert any('"path": "/api/v1/mailboxes"' in line and '"request_id": "req_' in line for line in lines)
    assert token.removeprefix("pr_live_") not in "\n".join(lines)


def test_the_watch_on_the_whole_suite_sees_a_token() -> None:
    watch = TokenWatch()
    watch.emit(logging.makeLogRecord({"name": "web", "msg": "asked %s", "args": ("pr_live_" + "x" * 43,)}))
    watch.emit(logging.makeLogRecord({"name": "quiet", "msg": "asked for pr_live_", "detail": "pr_live_short"}))
    assert watch.leaks == {"web"}


def test_no_log_of_this_world_has_a_token(world: World, make_program: MakeProgram) -> None:
    make_program().get("/me")
    assert logs_with_tokens(world.config) == []


def test_a_prefix_of_ones_own(world: World) -> None:
    app = create_app(dataclasses.replace(world.config, api_token_prefix="acme_live_"))
    said = app.test_cli_runner().invoke(args=["token", "create", "--account", "Acme", "--scopes", "audit:read"])
    assert said.output.startswith("acme_live_")
    assert Program(app, said.output.strip()).get("/me")
    app.extensions[EXTENSION].db.dispose()


def _id(world: World, token: str) -> int:
    with world.db.read() as session:
        return session.scalars(select(ApiToken.id).where(ApiToken.ending == token[-4:])).one()
