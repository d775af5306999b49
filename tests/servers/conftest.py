"""One world for all of this room's tests, once on SQLite and once on PostgreSQL."""

from collections.abc import Iterator

import pytest

from tests.servers.harness import World, free_ports
from tests.servers.postgres import Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with Cluster(free_ports(1)[0]) as cluster:
        yield cluster


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The demo's people with empty mailboxes. Tests leave members and credentials as they found them."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("cluster").database()
    with World(url, mail=False) as world:
        yield world
