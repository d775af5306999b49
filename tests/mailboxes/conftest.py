"""The demo's people in a database of their own, on SQLite and on PostgreSQL; no mail servers are needed here."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from auth.actor import Actor
from auth.models import Person
from auth.passwords import Cost, hashing_cost
from core.db import Database
from core.vault import Vault
from migrations.migrate import upgrade
from servers.demo_people import seed_people
from tests.servers.harness import free_ports
from tests.servers.postgres import Cluster


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    with Cluster(free_ports(1)[0]) as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Everybody is there, as in the demo."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/postroom.db"
    else:
        url = request.getfixturevalue("cluster").database().replace("postgresql://", "postgresql+psycopg://")
    db = Database(url)
    upgrade(db)
    with hashing_cost(Cost(passes=1, memory_kib=8, lanes=1)), db.write() as session:
        seed_people(session, Vault("0123456789abcdef" * 4))
    yield db
    db.dispose()


def actor(db: Database, address: str) -> Actor:
    """This person, as a signed-in request has them."""
    with db.read() as session:
        person = session.scalars(select(Person).where(Person.name == address)).one()
    return Actor(person.id, person.name, person.display_name, session_id=1, mail_key="no key")
