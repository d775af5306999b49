"""The demo's people with empty mailboxes, the app on top, owners and people at their browsers."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Playwright
from sqlalchemy import select

from auth.passwords import Cost, hashing_cost
from mailboxes.models import AuditEntry
from tests.apps import made
from tests.pages.console.console import Desk
from tests.pages.mail.browser import launch, serving
from tests.pages.mail.trap import Trap
from tests.servers.harness import World, free_ports
from tests.servers.postgres import Cluster
from tests.visitor import Visitor

Audit = Callable[[], list[AuditEntry]]


@pytest.fixture(scope="package", autouse=True)
def _cheap_hashing() -> Iterator[None]:
    with hashing_cost(Cost(passes=1, memory_kib=8, lanes=1)):
        yield


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    with Cluster(free_ports(1)[0]) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """On SQLite, anew for every file: what is converted or deleted in one is there in the next."""
    with World(mail=False) as world:
        yield world


@pytest.fixture(scope="module")
def app(world: World) -> Iterator[Flask]:
    with made(world.config) as app:
        yield app


@pytest.fixture
def olive(world: World, app: Flask) -> Desk:
    """The owner of Acme, signed in to the console."""
    return Desk(world, app)


@pytest.fixture
def sign_in(world: World, app: Flask) -> Callable[[str], Visitor]:
    """A person with a webmail session, as after signing in."""
    return lambda address: Visitor(app, address).come_back(world.sign_in(address))


@pytest.fixture
def audit(world: World) -> Audit:
    """What was written into the audit log since the test began."""
    with world.db.read() as session:
        before = max(session.scalars(select(AuditEntry.id)), default=0)

    def since() -> list[AuditEntry]:
        with world.db.read() as session:
            return list(session.scalars(select(AuditEntry).where(AuditEntry.id > before).order_by(AuditEntry.id)))

    return since


@pytest.fixture(scope="module")
def site(world: World, app: Flask) -> Iterator[str]:
    """The app, served; the base URL."""
    with serving(app, world.config.port) as url:
        yield url


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with Trap() as trap:
        browser = launch(playwright, trap)
        yield browser
        browser.close()
