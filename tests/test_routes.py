"""Every route is public on purpose, or refuses whoever hasn't signed in."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from core.config import Config
from migrations.migrate import upgrade
from web.bounds import BOUNDS, FORM, LETTER, PROGRAMS, SMALL, bound_of
from web.context import EXTENSION
from web.gate import BY_TOKEN, PUBLIC

# What a public route answers to somebody who brings nothing: no page of anybody's.
PUBLIC_ANSWERS = {
    "static": 404,
    "auth.login": 200,
    "auth.login_code": 303,
    "owner.login": 200,
    "owner.login_code": 303,
    "owner.forgot": 200,
    "owner.reset": 410,
    "webmail.remote_image": 404,
    "web.health": 200,
    "web.robots": 200,
    "web.favicon": 200,
    "web.security": 200,
    "web.change_password": 303,
    "api_docs.openapi": 200,
    "api_docs.page": 200,
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    directory: Path = tmp_path_factory.mktemp("routes")
    app = create_app(Config.from_env({"DATA_DIR": str(directory), "ASSETS": "local"}))
    upgrade(app.extensions[EXTENSION].db)
    yield app
    app.extensions[EXTENSION].db.dispose()


def rules(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Every endpoint, with each of its methods and a URL."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, url_of(rule.rule)


def url_of(rule: str) -> str:
    """Any URL of this rule."""
    filled = re.sub(r"<(?:int|id)[^>]*>", "1", rule)
    filled = re.sub(r"<folder:[^>]+>", "INBOX", filled)
    return re.sub(r"<[^>]+>", "x", filled)


def test_the_public_list_names_routes_that_exist(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} >= PUBLIC
    assert set(PUBLIC_ANSWERS) == PUBLIC


def test_whoever_is_not_signed_in_gets_no_further(app: Flask) -> None:
    passed = []
    for endpoint, method, url in rules(app):
        if endpoint in PUBLIC or endpoint.startswith(f"{BY_TOKEN}."):
            continue
        answer = app.test_client().open(url, method=method)
        door = "/console/login" if url.startswith("/console") else "/login"
        sent_away = method == "GET" and answer.status_code == 303 and answer.location.startswith(door)
        refused = method != "GET" and answer.status_code in (400, 401)
        if not (sent_away or refused):
            passed.append((endpoint, method, answer.status_code))
    assert passed == []


def test_whoever_brings_no_token_gets_no_further(app: Flask) -> None:
    looked = 0
    for endpoint, method, url in rules(app):
        if endpoint.startswith(f"{BY_TOKEN}."):
            looked += 1
            answer = app.test_client().open(url, method=method)
            assert answer.status_code == 401, (endpoint, method)
            assert answer.json is not None
            assert answer.json["error"]["code"] == "unauthenticated"
    assert looked > 20


def test_public_routes_show_nobodys_page(app: Flask) -> None:
    for endpoint, method, url in rules(app):
        if endpoint in PUBLIC and method == "GET":
            answer = app.test_client().get(url, buffered=True)
            assert answer.status_code == PUBLIC_ANSWERS[endpoint], endpoint


def test_files_asked_for_by_name_are_what_they_are_called(app: Flask) -> None:
    """No sign-in page in their place, whether they are there or not."""
    nobody = app.test_client()
    assert nobody.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
    icon = nobody.get("/favicon.ico", buffered=True)
    assert (icon.content_type, icon.data[:4]) == ("image/vnd.microsoft.icon", b"\0\0\1\0")
    contact = dict(line.split(": ", 1) for line in nobody.get("/.well-known/security.txt").text.splitlines())
    assert contact["Contact"] == "mailto:postmaster@mail.postroom.test", "whom the mail server itself has"
    left = datetime.fromisoformat(contact["Expires"]) - datetime.now(UTC)
    assert timedelta(days=30) < left < timedelta(days=365)
    assert nobody.get("/.well-known/change-password").location == "/settings/password"
    assert (
        nobody.get("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200").status_code == 404
    )


def test_there_are_routes_to_look_at(app: Flask) -> None:
    assert len(list(rules(app))) > 40


def test_every_route_takes_kilobytes_unless_it_is_listed(app: Flask) -> None:
    """And without a sign-in the listed ones do as well; programs' tokens are looked at before their words."""
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert endpoints >= set(BOUNDS)
    for endpoint in endpoints:
        stranger, person = (bound_of(endpoint, is_signed_in=known) for known in (False, True))
        if endpoint.startswith(f"{BY_TOKEN}."):
            assert stranger == person == PROGRAMS
            continue
        assert person == BOUNDS.get(endpoint, FORM)
        assert stranger == SMALL or BOUNDS[endpoint] is LETTER, endpoint
        assert (stranger.octets, stranger.fields) <= (512 * 1024, 100), endpoint
    assert {endpoint for endpoint in BOUNDS if BOUNDS[endpoint] is LETTER} == {
        f"webmail.{name}" for name in ("send", "save_draft", "attach", "discard")
    }


def test_no_route_reads_more_than_its_bound(app: Flask) -> None:
    for endpoint, method, url in rules(app):
        if endpoint == "static" or endpoint.startswith(BY_TOKEN):
            continue  # files, and JSON: nobody takes a form apart there
        bound = bound_of(endpoint, is_signed_in=False)
        for content, kind in (
            (b"x" * (bound.octets + 1), "text/plain"),
            (b"a=" + b"x" * bound.words, "application/x-www-form-urlencoded"),
            (b"&".join([b"a=b"] * (bound.fields + 1)), "application/x-www-form-urlencoded"),
        ):
            answer = app.test_client().open(url, method=method, data=content, content_type=kind)
            # Whose session ended while they wrote is told so, however long the letter.
            expected = 401 if BOUNDS.get(endpoint) is LETTER else 413
            assert answer.status_code == expected, (endpoint, method, kind)
