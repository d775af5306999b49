"""While the database is away, or broken, every page says so and offers a way on; nobody is asked who it is."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from auth import sessions
from auth.actor import Client
from auth.models import Login
from auth.passwords import Cost, hashing_cost
from core.config import Config
from core.db import now
from migrations.migrate import upgrade
from servers.demo.people import seed_people
from tests.apps import made
from tests.cast import ANA, PASSWORD
from tests.servers.harness import free_ports
from tests.servers.postgres import Cluster
from tests.visitor import Page, Visitor
from web.context import EXTENSION, Services

PAGES = ["/", f"/mail/{ANA}/", "/settings/security", "/nothing/here", "/login", "/console/", "/image/a/1/9999999999/b"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(free_ports(1)[0]) as cluster:
        yield cluster


@pytest.fixture(params=["postgresql", "sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    url = request.getfixturevalue("cluster").database() if request.param == "postgresql" else ""
    with made(Config.from_env({"DATA_DIR": str(tmp_path), "DATABASE_URL": url, "ASSETS": "local"})) as app:
        room: Services = app.extensions[EXTENSION]
        upgrade(room.db)
        with hashing_cost(Cost(passes=1, memory_kib=8, lanes=1)), room.db.write() as session:
            seed_people(session, room.vault)
        yield app


@pytest.fixture
def ana(app: Flask) -> Visitor:
    room: Services = app.extensions[EXTENSION]
    with room.db.write() as session:
        login = session.scalars(select(Login).where(Login.name == ANA)).one()
        token = sessions.start(session, room.vault, login, Client("127.0.0.1", "tests"), now()).token
    return Visitor(app, ANA).come_back(token)


def test_every_page_says_so(app: Flask, ana: Visitor, request: pytest.FixtureRequest) -> None:
    token = ana.token()
    ana.client.set_cookie("postroom-console", "of an owner")
    take_away(app, request)
    for path in PAGES:
        answer = ana.get(path)
        assert answer.status_code == 503, path
        page = Page(answer.text)
        page.check()
        assert "can&#39;t save anything at this moment" in answer.text
        assert answer.headers["Retry-After"]
        assert page.links[path] == "Try again"
    assert ana.post("/login", {"address": ANA, "password": PASSWORD}, token=token).status_code == 503
    fragment = ana.client.get("/console/", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["HX-Retarget"]) == (503, "#notice")
    told = app.test_client().get("/api/v1/me", headers={"Authorization": "Bearer pr_live_x"})
    assert told.status_code == 503
    assert told.json is not None
    assert told.json["error"]["code"] == "temporarily_unavailable"
    for path in ("/health", "/static/css/base.css"):
        answer = ana.client.get(path, buffered=True)
        assert answer.status_code == 200


def test_when_it_is_back_everybody_goes_on(app: Flask, ana: Visitor, cluster: Cluster) -> None:
    room: Services = app.extensions[EXTENSION]
    if room.db.is_sqlite:
        return
    assert ana.get("/settings/security").status_code == 200
    cluster.stop()
    assert ana.get("/settings/security").status_code == 503
    cluster.start()
    assert ana.get("/settings/security").status_code == 200


def take_away(app: Flask, request: pytest.FixtureRequest) -> None:
    """PostgreSQL is stopped; what was SQLite's file is no database any more."""
    room: Services = app.extensions[EXTENSION]
    if not room.db.is_sqlite:
        cluster: Cluster = request.getfixturevalue("cluster")
        request.addfinalizer(cluster.start)
        cluster.stop()
        return
    room.db.dispose()
    path = Path(room.config.database_url.removeprefix("sqlite:///"))
    path.write_bytes(b"not a database at all" * 1000)
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    with pytest.raises(sqlite3.DatabaseError), sqlite3.connect(path) as other:
        other.execute("SELECT * FROM login")
