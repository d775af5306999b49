"""What a request may look like: its body, its method, its path, and how it waits for the database."""

import json
import time
from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import V1, Program, error_of
from tests.cast import DAN, SUPPORT
from tests.servers.harness import World
from tests.waiting import PATIENCE


def sent(app: Flask, script: Program, method: str, path: str, **more: Any) -> Any:
    """A request with a body of any kind."""
    headers = {"Authorization": f"Bearer {script.token}"} | more.pop("headers", {})
    return app.test_client().open(V1 + path, method=method, headers=headers, **more)


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "PUT"])
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "huge"}])
def test_a_huge_body_is_refused_whatever_the_method(app: Flask, script: Program, method: str, key: Any) -> None:
    path = "/domains" if method in ("GET", "POST") else "/mailboxes/2000000"
    answer = sent(app, script, method, path, headers=key, data=b" " * 1_000_001, content_type="application/json")
    expected = (405, "method_not_allowed") if method == "PUT" else (413, "payload_too_large")
    assert (answer.status_code, error_of(answer)["code"]) == expected


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "ignored"}])
@pytest.mark.parametrize("body", [b"", b"{", b'{"a": 1}', b"a=b", b"[" * 100_000])
def test_what_comes_with_a_delete_is_not_looked_at(app: Flask, script: Program, key: Any, body: bytes) -> None:
    for content_type in ("application/json", "text/plain"):
        answer = sent(app, script, "DELETE", "/mailboxes/2000000", headers=key, data=body, content_type=content_type)
        assert (answer.status_code, error_of(answer)["code"]) == (404, "not_found")


def test_nothing_sent_as_a_form_is_nothing(app: Flask, script: Program, ids: dict[str, int]) -> None:
    """What `curl --data ''` sends."""
    form = "application/x-www-form-urlencoded"
    intent = sent(app, script, "POST", f"/mailboxes/{ids[DAN]}:delete-intent", data=b"", content_type=form)
    assert intent.status_code == 201, intent.text
    changed = sent(app, script, "PATCH", f"/mailboxes/{ids[DAN]}", data=b"", content_type=form)
    assert changed.status_code == 200, changed.text
    missing = sent(app, script, "POST", "/domains", data=b"", content_type=form)
    assert (missing.status_code, list(error_of(missing)["fields"])) == (422, ["name"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1"])
def test_json_is_utf_8(app: Flask, script: Program, ids: dict[str, int], encoding: str) -> None:
    body = json.dumps({"display_name": "Müller"}, ensure_ascii=False).encode(encoding)
    answer = sent(app, script, "PATCH", f"/mailboxes/{ids[DAN]}", data=body, content_type="application/json")
    assert (answer.status_code, list(error_of(answer)["fields"])) == (422, ["body"])


@pytest.mark.parametrize("path", ["/api//v1/me", "/api/v1//me", "/api/v1/mailboxes//1", "/api///docs"])
def test_two_slashes_are_no_address(app: Flask, script: Program, path: str) -> None:
    answer = app.test_client().get(path, headers={"Authorization": f"Bearer {script.token}"})
    assert (answer.status_code, error_of(answer)["code"]) == (404, "not_found")


def test_options_say_the_methods_and_nothing_else(app: Flask, script: Program) -> None:
    answer = script.ask("OPTIONS", "/domains")
    assert (answer.status_code, answer.data, answer.headers.get("Content-Type")) == (204, b"", None)
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert app.test_client().options("/api/docs").status_code == 204
    assert error_of(app.test_client().options(f"{V1}/domains"))["code"] == "unauthenticated"


def test_who_reads_does_not_wait_for_who_writes(
    world: World, script: Program, ids: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.db.write(), monkeypatch.context() as patched:
        patched.setattr("core.db._LOCK_SECONDS", 10 * PATIENCE)  # whoever waited for the lock would wait on
        for path in ("/me", f"/mailboxes/{ids[SUPPORT]}"):
            started = time.monotonic()
            answer = script.ask("GET", path)
            assert answer.status_code == 200
            assert "RateLimit" not in answer.headers
            assert time.monotonic() - started < PATIENCE
        patched.undo()
        late = script.ask("PATCH", f"/mailboxes/{ids[SUPPORT]}", {"display_name": "Support"})
        error = error_of(late)
        assert (late.status_code, error["code"], error["retryable"]) == (503, "temporarily_unavailable", True)
        assert int(late.headers["Retry-After"]) >= 1
    assert "RateLimit" in script.ask("GET", "/me").headers
