"""On PostgreSQL the mail servers read their views, and nothing else."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from servers.run.reader_role import VIEWS, reader_url
from tests.servers.harness import World
from tests.servers.postgres import Cluster

SELECT_ALL = sql.SQL("SELECT * FROM {}")


@pytest.fixture(scope="module")
def reader(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with World(cluster.database(), mail=False) as world:
        url = make_url(reader_url(world.config)).set(drivername="postgresql")
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
            yield connection


@pytest.mark.parametrize("view", VIEWS)
def test_the_reader_reads_every_view(reader: psycopg.Connection, view: str) -> None:
    assert reader.execute(SELECT_ALL.format(sql.Identifier(view))).fetchall() is not None


@pytest.mark.parametrize("table", ["login", "web_session", "app_password", "membership", "mailbox", "submission"])
def test_the_reader_reads_no_table(reader: psycopg.Connection, table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(SELECT_ALL.format(sql.Identifier(table)))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE server_domains SET name = 'theirs.test'",
        "DELETE FROM server_domains",
        "CREATE TABLE mine (x int)",
        "SET default_transaction_read_only = off; UPDATE server_domains SET name = 'theirs.test'",
    ],
)
def test_the_reader_changes_nothing(reader: psycopg.Connection, change: str) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
        reader.execute(change.encode())
