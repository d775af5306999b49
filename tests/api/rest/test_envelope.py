"""Whatever goes wrong under /api/ is the same JSON, and every answer says which request it was."""

import logging
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from api.rest.error_codes import HINTS
from core.db import Database
from servers.child import ROOT
from tests.api.conftest import V1, MakeToken, Program, error_of
from tests.cast import SUPPORT
from web.context import EXTENSION


def test_what_http_itself_refuses(app: Flask, script: Program) -> None:
    client = app.test_client()
    token = {"Authorization": f"Bearer {script.token}"}
    cases = [
        (client.get("/api/nothing"), 404, "not_found"),
        (client.get("/api"), 404, "not_found"),
        (client.get(f"{V1}/nothing", headers=token), 404, "not_found"),
        (client.get(f"{V1}/mailboxes/", headers=token), 404, "not_found"),
        (client.get(f"{V1}/mailboxes/0", headers=token), 404, "not_found"),
        (client.get(f"{V1}/mailboxes/{'9' * 400}", headers=token), 404, "not_found"),
        (client.get(f"{V1}/mailboxes/-1", headers=token), 404, "not_found"),
        (client.delete(f"{V1}/mailboxes/0", headers=token), 404, "not_found"),
        (client.delete(f"{V1}/mailboxes/2147483648", headers=token), 404, "not_found"),
        (client.delete(f"{V1}/mailboxes/{'9' * 5000}", headers=token), 404, "not_found"),
        (client.put(f"{V1}/me", headers=token), 405, "method_not_allowed"),
        (client.post("/api/docs"), 405, "method_not_allowed"),
        (client.post(f"{V1}/domains", headers=token, data={"name": "x.test"}), 415, "unsupported_media_type"),
        (client.post(f"{V1}/domains", headers=token, data="x"), 415, "unsupported_media_type"),
    ]
    for answer, status, code in cases:
        assert (answer.status_code, error_of(answer)["code"]) == (status, code), answer.request.path
    assert set(client.put(f"{V1}/me").headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1]",
        b'"text"',
        b"null",
        b"nul",
        b'{"name": NaN}',
        b"\xff\xfe",
        b'{"name": "\\ud800"}',
        b'{"name": "a\\u0000b.test"}',
        b'{"name": 1}',
        b'{"name": ["x.test"]}',
        b'{"name": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"name":' * 50_000,
        b"",
    ],
)
def test_what_is_no_request_is_said_and_does_no_harm(app: Flask, script: Program, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {script.token}", "Content-Type": "application/json"}
    answer = app.test_client().post(f"{V1}/domains", headers=headers, data=body)
    error = error_of(answer)
    assert (answer.status_code, error["code"]) == (422, "validation_failed")
    assert error["fields"]


def test_a_huge_body(app: Flask, script: Program) -> None:
    headers = {"Authorization": f"Bearer {script.token}", "Content-Type": "application/json"}
    answer = app.test_client().post(f"{V1}/domains", headers=headers, data=b" " * 1_000_001)
    assert (answer.status_code, error_of(answer)["code"]) == (413, "payload_too_large")


def test_numbers_and_words_that_are_none(script: Program, ids: dict[str, int]) -> None:
    domain = ids["brand-a.test"]
    good = {"domain_id": domain, "local_part": "strict", "password": "A-Password-for-2-people"}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"domain_id": str(domain)}, "domain_id"),
        ({"domain_id": True}, "domain_id"),
        ({"domain_id": 1.5}, "domain_id"),
        ({"domain_id": 0}, "domain_id"),
        ({"domain_id": 10**30}, "domain_id"),
        ({"local_part": "a b"}, "local_part"),
        ({"local_part": "a..b"}, "local_part"),
        ({"local_part": ""}, "local_part"),
        ({"display_name": "a\nBcc: x"}, "display_name"),
        ({"display_name": "a line end\n"}, "display_name"),
        ({"display_name": "a\u2028b"}, "display_name"),
        ({"display_name": "x" * 201}, "display_name"),
        ({"password": "short"}, "password"),
        ({"password": "strict@brand-a.test"}, "password"),
        ({"storage_allocation_mb": -1}, "storage_allocation_mb"),
        ({"password_mode": "generated_one_time"}, "password"),
    ]
    for change, field in wrong:
        answer = script.ask("POST", "/mailboxes", good | change)
        assert (answer.status_code, list(error_of(answer)["fields"])) == (422, [field]), change
    for query in ("page=0", "page=x", "page=1.0", "per_page=101", "has_members=1", "type=all", "domain_id=-1"):
        answer = script.ask("GET", f"/mailboxes?{query}")
        assert (answer.status_code, list(error_of(answer)["fields"])) == (422, [query.partition("=")[0]])
    extra = script.post("/mailboxes", good | {"colour": "blue", "id": 5})
    assert extra["data"]["address"] == "strict@brand-a.test"


def test_a_request_keeps_its_id(script: Program, caplog: pytest.LogCaptureFixture) -> None:
    assert script.ask("GET", "/me", X_Request_Id="mine-1").headers["X-Request-Id"] == "mine-1"
    assert error_of(script.ask("GET", "/nothing", X_Request_Id="mine-2"))["request_id"] == "mine-2"
    for given in ("mine-3", "no good id"):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            answered = script.ask("GET", "/mailboxes/2000000", X_Request_Id=given).headers["X-Request-Id"]
        logged = {record.request_id for record in caplog.records if hasattr(record, "request_id")}
        assert logged == {answered}
        assert {record.message for record in caplog.records} >= {"call"}
    made = {script.ask("GET", "/me", X_Request_Id="no good id").headers["X-Request-Id"] for _ in range(3)}
    assert len(made) == 3
    assert "no good id" not in made


def test_what_nobody_foresaw_is_said_without_details(app: Flask, make_token: MakeToken) -> None:
    """A database that isn't one: nothing of it shows."""
    program = Program(app, make_token())
    here = app.extensions[EXTENSION]
    whole: Database = here.db
    for error, status, code in (
        (OperationalError("SELECT secret", {}, Exception("locked")), 503, "temporarily_unavailable"),
        (RuntimeError("secret"), 500, "internal_error"),
    ):
        object.__setattr__(here, "db", _Broken(error))
        try:
            answer = program.ask("GET", "/me")
        finally:
            object.__setattr__(here, "db", whole)
        assert (answer.status_code, error_of(answer)["code"]) == (status, code)
        assert "secret" not in answer.text


class _Broken:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self) -> Any:
        raise self._error


def test_no_cookies_and_no_pages(script: Program, ids: dict[str, int]) -> None:
    for answer in (script.ask("GET", "/me"), script.ask("GET", "/mailboxes/2000000")):
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.content_type == "application/json"
    assert script.get(f"/mailboxes/{ids[SUPPORT]}")["data"]["member_count"] == 4


def test_every_error_has_a_hint() -> None:
    contract = """unauthenticated insufficient_scope feature_not_available not_found address_taken already_member
        idempotency_conflict validation_failed last_member not_shared already_shared member_not_eligible
        plan_limit_reached rate_limited mail_server_unavailable"""
    http = """bad_request method_not_allowed payload_too_large unsupported_media_type headers_too_large internal_error
        temporarily_unavailable"""
    assert set(HINTS) == {*contract.split(), *http.split()}
    assert all(HINTS.values())
    assert {code for code in HINTS if f"`{code}`" not in (ROOT / "docs" / "api.md").read_text()} == set()
