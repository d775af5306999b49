"""The demo's people in a database of their own, on SQLite and on PostgreSQL; no mail servers are needed here."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from auth.actor import Actor
from auth.models import Person
from core.db import Database
from tests.servers.harness import free_ports
from tests.servers.postgres import Cluster
from tests.servers.ready_made import on_postgresql, on_sqlite


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    with Cluster(free_ports(1)[0]) as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Everybody is there, as in the demo."""
    if request.param == "sqlite":
        db = Database(on_sqlite(tmp_path / "postroom.db"))
    else:
        db = Database(on_postgresql(request.getfixturevalue("cluster")))
    yield db
    db.dispose()


def actor(db: Database, address: str) -> Actor:
    """This person, as a signed-in request has them."""
    with db.read() as session:
        person = session.scalars(select(Person).where(Person.name == address)).one()
    return Actor(person.id, person.name, person.display_name, session_id=1, mail_key="no key")
