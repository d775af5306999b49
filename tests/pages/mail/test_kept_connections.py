"""What is kept open to the mail server for somebody is closed when their access ends, and when they sign out."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from auth.sessions import mail_key
from mail.imap.pool import Pool
from tests.apps import made
from tests.cast import ANA, BEN, SUPPORT
from tests.pages.mail.process import Process, Tab
from tests.pages.mail.test_removal import removed
from tests.servers.harness import World, free_ports
from tests.visitor import Visitor, folder_url
from tests.waiting import until
from web.context import EXTENSION, Services


@pytest.fixture
def app(world: World) -> Iterator[Flask]:
    """One that keeps nothing for anybody yet."""
    with made(world.config) as app:
        yield app


@pytest.fixture
def pool(app: Flask) -> Pool:
    services: Services = app.extensions[EXTENSION]
    return services.pool


def connections(world: World, mailbox: str) -> int:
    return sum(row.connections for row in world.doveadm.who(mailbox))


def at_work(app: Flask, world: World, address: str) -> Visitor:
    """This person, who has just looked into support@ and their own mail."""
    visitor = Visitor(app, address).come_back(world.sign_in(address))
    for mailbox in (SUPPORT, address):
        assert visitor.get(folder_url(mailbox)).status_code == 200
    return visitor


def test_whoever_is_removed_leaves_no_connection_to_that_mailbox_behind(world: World, app: Flask, pool: Pool) -> None:
    at_work(app, world, ANA)
    at_work(app, world, BEN)
    with removed(app, world, ANA):
        assert pool.evict(mailbox=SUPPORT, person=ANA) == 0
    assert pool.evict(mailbox=ANA, person=ANA) > 0
    assert pool.evict(mailbox=SUPPORT, person=BEN) > 0


def test_who_signs_out_leaves_no_connection_behind(world: World, app: Flask, pool: Pool) -> None:
    ana = at_work(app, world, ANA)
    at_work(app, world, BEN)
    assert ana.post("/logout", {}).status_code == 303
    assert pool.evict(person=ANA) == 0
    assert pool.evict(person=BEN) > 0


def test_whoever_signs_out_everywhere_else_leaves_nothing_behind_in_any_process(world: World) -> None:
    """The web is several processes, each with kept connections of its own."""
    settings = world.environment() | {"PORT": str(free_ports(1)[0]), "WEB_WORKERS": "3"}
    before = connections(world, SUPPORT)
    with Process(settings) as process:
        tabs = [Tab(process.port, world.sign_in(ANA)) for _ in range(8)]
        assert [tab.get(folder_url(SUPPORT))[0] for tab in tabs] == [200] * 8
        assert connections(world, SUPPORT) >= before + 8
        _, page = tabs[0].get("/settings/sessions")
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
        assert token
        assert tabs[0].post("/settings/sessions/end-others", {"csrf_token": token[1]})[0] == 303
        until(lambda: connections(world, SUPPORT) <= before + 1)
        assert [tab.get(folder_url(SUPPORT))[0] for tab in tabs] == [200] + [303] * 7


def test_signing_out_ends_what_is_open_at_the_mail_server(world: World, app: Flask) -> None:
    token = world.sign_in(ANA)
    ana = Visitor(app, ANA).come_back(token)
    services: Services = app.extensions[EXTENSION]
    with world.imap(ANA, mail_key(services.vault, token)) as idle:
        idle.select()
        idle.send(b"a IDLE\r\n")
        assert idle.readline().startswith(b"+")
        assert ana.post("/logout", {}).status_code == 303
        while idle.readline():  # whatever Dovecot says before it hangs up
            pass
