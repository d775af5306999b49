"""The people of these tests, on SQLite and on PostgreSQL, with hashing that costs next to nothing."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import URL, create_engine, make_url, text

from app import create_app
from auth.actor import Client
from auth.models import Person
from auth.passwords import Cost, hashing_cost
from auth.sessions import SessionEvents
from core.config import Config
from core.db import Database, now
from core.vault import Vault
from mailboxes.audit import Doer
from mailboxes.directory import add_domain, add_owner, add_person, add_shared, create_account
from migrations.migrate import upgrade
from tests.auth.browsing import FIREFOX, Browser, new_browser, services_of
from tests.cast import ANA, OWNER, PASSWORD, TESS, TESS_SECRET
from tests.servers.harness import free_ports
from tests.servers.postgres import Cluster

CHEAP = Cost(passes=1, memory_kib=8, lanes=1)
HOME = Client("127.0.0.1", FIREFOX)
PHONE = Client("198.51.100.7", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1")


@dataclass
class World:
    """ana with a password, tess with a second factor too, support@ shared by both, and olive who owns it all."""

    db: Database
    vault: Vault
    events: SessionEvents
    ended: list[tuple[list[int], str]]  # what the events told
    ana: int
    tess: int
    olive: int


@pytest.fixture(autouse=True, scope="session")
def _cheap_hashing() -> Iterator[None]:
    with hashing_cost(CHEAP):
        yield


@pytest.fixture(scope="session")
def _cluster() -> Iterator[Cluster]:
    with Cluster(free_ports(1)[0]) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def _vault() -> Vault:
    return Vault("0123456789abcdef" * 4)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory, _vault: Vault) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    db = Database(f"sqlite:///{path}")
    _settle(db, _vault)
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.dispose()
    return path


@pytest.fixture(scope="session")
def _postgres_template(_cluster: Cluster, _vault: Vault) -> URL:
    url = make_url(_cluster.database()).set(drivername="postgresql+psycopg")
    db = Database(_text(url))
    _settle(db, _vault)
    db.dispose()
    return url


@pytest.fixture
def world(_sqlite_template: Path, _vault: Vault, tmp_path: Path) -> Iterator[World]:
    """On SQLite."""
    path = shutil.copy(_sqlite_template, tmp_path / "postroom.db")
    yield from _world(Database(f"sqlite:///{path}"), _vault)


@pytest.fixture(params=["sqlite", "postgresql"])
def each_world(request: pytest.FixtureRequest, _vault: Vault) -> Iterator[World]:
    """On SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("world")
        return
    template: URL = request.getfixturevalue("_postgres_template")
    _postgres(template, f"CREATE DATABASE people TEMPLATE {template.database}")
    yield from _world(Database(_text(template.set(database="people"))), _vault)
    _postgres(template, "DROP DATABASE people WITH (FORCE)")


def _world(db: Database, vault: Vault) -> Iterator[World]:
    ended: list[tuple[list[int], str]] = []
    events = SessionEvents([lambda ids, address: ended.append((ids, address))])
    with db.read() as session:
        ids = {row.name: row.id for row in session.execute(text("SELECT name, id FROM login"))}
    yield World(db, vault, events, ended, ids[ANA], ids[TESS], ids[OWNER])
    db.dispose()


def _settle(db: Database, vault: Vault) -> None:
    upgrade(db)
    doer = Doer(name="the tests", door="cli")
    with db.write() as session:
        acme = create_account(session, "Acme", "Agency")
        add_owner(session, doer, acme, OWNER, "Olive Owens", PASSWORD)
        brand_a = add_domain(session, doer, acme, "brand-a.test")
        ana = add_person(session, doer, brand_a, "ana", "Ana Almeida", PASSWORD)
        tess = add_person(session, doer, brand_a, "tess", "Tess Tanaka", PASSWORD)
        add_shared(session, doer, brand_a, "support", "Support", [ana, tess])
        person = session.query(Person).filter_by(name=TESS).one()
        person.totp_secret, person.totp_confirmed_at = vault.encrypt(TESS_SECRET), now()


def _postgres(server: URL, statement: str) -> None:
    engine = create_engine(server.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.fixture
def app(_sqlite_template: Path, tmp_path: Path) -> Iterator[Flask]:
    shutil.copy(_sqlite_template, tmp_path / "postroom.db")
    made = create_app(
        Config(
            data_dir=tmp_path,
            database_url=f"sqlite:///{tmp_path}/postroom.db",
            secret_key="0123456789abcdef" * 4,
        )
    )
    made.testing = True
    yield made
    services_of(made).db.dispose()


@pytest.fixture
def browser(app: Flask) -> Browser:
    return new_browser(app)


@pytest.fixture
def within_one_step() -> None:
    """Codes are made and checked within one step of thirty seconds."""
    left = 30 - time.time() % 30
    if left < 5:
        time.sleep(left + 0.1)
