"""Somebody who works in a dozen mailboxes signs in to the mail server once for each, not once for each page."""

from collections.abc import Iterator

import pytest
from flask import Flask

from mailboxes import directory
from mailboxes.audit import Doer
from tests.apps import made
from tests.cast import ANA, SUPPORT
from tests.pages.mail.letters import deliver, find
from tests.servers.harness import World
from tests.visitor import Visitor, folder_url
from web.context import EXTENSION, Services

TEAMS = [f"team{number}" for number in range(10)]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """ana works in ten shared mailboxes more."""
    with World(mail=False) as world:
        with world.db.write() as session:
            domain, ana = directory.find_domain(session, "brand-a.test"), directory.find_mailbox(session, ANA)
            for name in TEAMS:
                directory.add_shared(session, Doer("owner", "cli"), domain, name, name.title(), [ana])
        deliver(world, "For everybody at support")
        yield world


@pytest.fixture
def app(world: World) -> Iterator[Flask]:
    with made(world.config) as app:
        yield app


def logins(app: Flask) -> int:
    services: Services = app.extensions[EXTENSION]
    return services.pool.stats().opened


def test_ana_signs_in_to_each_of_a_dozen_mailboxes_once(world: World, app: Flask) -> None:
    ana = Visitor(app, ANA).come_back(world.sign_in(ANA))
    team = f"{TEAMS[0]}@brand-a.test"
    pages = [
        folder_url(ANA),
        folder_url(SUPPORT),
        find(ana, SUPPORT, "For everybody"),
        f"{folder_url(SUPPORT)}sidebar?list=1",
        folder_url(team),
        f"{folder_url(ANA)}sidebar?list=1",
    ]
    for url in pages:
        assert ana.get(url).status_code == 200
    before = logins(app)
    assert before >= len(TEAMS) + 3  # her own, support@ and sales@
    for url in pages:
        assert ana.get(url).status_code == 200
    assert logins(app) == before
