"""Databases that have all their tables and the demo's people: made once a process, then copied for each test.

Migrating and filling one takes most of a second, and a thousand tests want one of their own.
"""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from auth.passwords import Cost, hashing_cost
from core.db import Database
from core.vault import Vault
from migrations.migrate import upgrade
from servers.demo.people import seed_people
from tests.servers.postgres import Cluster

VAULT_KEY = "0123456789abcdef" * 4


def on_sqlite(path: Path) -> str:
    """The URL of a new database in this file."""
    path.write_bytes(_sqlite_file())
    return f"sqlite:///{path}"


def on_postgresql(cluster: Cluster) -> str:
    """The URL of a new database in this cluster."""
    return _for_psycopg(cluster.database(like=_template(cluster)))


@cache
def _sqlite_file() -> bytes:
    with TemporaryDirectory() as directory:
        path = Path(directory, "postroom.db")
        _fill(f"sqlite:///{path}")
        return path.read_bytes()


@cache
def _template(cluster: Cluster) -> str:
    url = cluster.database()
    _fill(_for_psycopg(url))
    return url.rpartition("/")[2]


def _for_psycopg(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


def _fill(url: str) -> None:
    db = Database(url)
    upgrade(db)
    with hashing_cost(Cost(passes=1, memory_kib=8, lanes=1)), db.write() as session:
        seed_people(session, Vault(VAULT_KEY))
    # The last one to leave writes SQLite's log into the file; PostgreSQL copies nothing that somebody is connected to.
    db.dispose()
