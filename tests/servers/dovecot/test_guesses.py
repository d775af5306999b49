"""Whoever guesses passwords at the mail doors waits, as on the web; keys and app passwords go on opening."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
from sqlalchemy import delete, func, select

from app import create_app
from auth import app_passwords
from auth.models import Attempt
from servers.demo.people import PASSWORD
from servers.dovecot import guesses
from servers.dovecot.guesses import GuessDesk
from tests.servers.harness import World, free_ports
from tests.servers.raw_clients import (
    ANA,
    BEN,
    DAN,
    KIM,
    SUPPORT,
    TESS,
    auth_plain,
    dial_submission,
    opens_imap,
    opens_imap_login,
)
from tests.visitor import Visitor
from tests.waiting import PATIENCE, until
from web.context import EXTENSION, Services

TRIES = 60  # auth/throttle.py, PASSWORD_ACCOUNT and PASSWORD_CLIENT
HERE = 10  # PASSWORD_HERE
NOBODY = "nobody@brand-a.test"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("cluster").database()
    with World(url, mail=False, counts_guesses=True) as world:
        yield world


@pytest.fixture(autouse=True)
def _nobody_waits(world: World) -> None:
    with world.db.write() as session:
        session.execute(delete(Attempt))


def counted(world: World, of: str) -> int:
    with world.db.read() as session:
        return session.scalar(select(func.max(Attempt.count)).where(Attempt.key.like(f"password-{of}:%"))) or 0


def wait_until(world: World, tries: int, of: str = "person") -> None:
    """Dovecot tells after it has answered."""
    until(lambda: counted(world, of) >= tries)


def guess(world: World, person: str, times: int, source: str = "127.0.0.5") -> None:
    with ThreadPoolExecutor(30) as crowd:
        opened = crowd.map(lambda n: opens_imap(world.config, person, f"guess {n}", source=source), range(times))
        assert not any(opened)


def test_one_stranger_locks_nobody_out(world: World) -> None:
    guess(world, BEN, TRIES)
    wait_until(world, TRIES, "client")
    assert not opens_imap(world.config, KIM, PASSWORD, source="127.0.0.5")
    assert opens_imap(world.config, BEN, PASSWORD, source="127.0.0.6")


def test_after_sixty_guesses_no_password_is_looked_at_at_any_door(world: World) -> None:
    for network in range(TRIES // HERE):
        guess(world, BEN, HERE, source=f"127.0.1.{network + 1}")
    wait_until(world, TRIES)
    elsewhere = "127.0.0.6"
    assert not opens_imap(world.config, BEN, PASSWORD, source=elsewhere)
    assert not opens_imap_login(world.config, BEN, PASSWORD)
    with dial_submission(world.config) as server:
        assert auth_plain(server, BEN, PASSWORD) == 535
    app = create_app(world.config)
    visitor = Visitor(app, BEN)
    form = {"address": BEN, "password": PASSWORD}
    assert visitor.post("/login", form, token=visitor.token("/login")).status_code == 429
    services: Services = app.extensions[EXTENSION]
    services.db.dispose()
    # Who holds a key or an app password guesses nothing, and somebody else elsewhere isn't ben.
    assert opens_imap(world.config, BEN, world.key(BEN))
    assert opens_imap(world.config, BEN, world.key(BEN), SUPPORT)
    assert opens_imap(world.config, BEN, app_passwords.create(world.db, world.login_id(BEN), "phone"))
    assert opens_imap(world.config, KIM, PASSWORD, source=elsewhere)


def test_a_network_that_guesses_at_everybody_waits_too(world: World) -> None:
    for person in (ANA, BEN, KIM):
        guess(world, person, TRIES // 3, source="127.0.0.7")
    wait_until(world, TRIES, "client")
    assert not opens_imap(world.config, DAN, PASSWORD, source="127.0.0.7")
    assert opens_imap(world.config, DAN, PASSWORD, source="127.0.0.8")


def test_the_submission_door_counts_as_well(world: World) -> None:
    with dial_submission(world.config) as server:
        for _ in range(2):
            assert auth_plain(server, BEN, "wrong") == 535
    wait_until(world, 2)


@pytest.mark.parametrize("knock", [(SUPPORT, ""), (NOBODY, "")])
def test_where_there_is_no_password_nothing_is_counted(world: World, knock: tuple[str, str]) -> None:
    assert not opens_imap(world.config, knock[0], "guess")
    assert not opens_imap(world.config, ANA, "no key", SUPPORT)
    with dial_submission(world.config) as server:
        assert auth_plain(server, knock[0], "guess") == 535
    time.sleep(0.3)
    with world.db.read() as session:
        assert session.scalars(select(Attempt.key)).all() == []


def test_only_those_who_know_the_desks_key_are_heard(world: World) -> None:
    heard: list[str] = []
    desk = GuessDesk.at(free_ports(1)[0], world.config)
    server = guesses.GuessServer(desk, lambda person, _client: heard.append(person))
    with ThreadPoolExecutor(1) as crowd:
        crowd.submit(server.serve_forever)
        GuessDesk(desk.port, "another").tell(BEN, "127.0.0.1")
        for body in (b"", b"[]", b"{", b'{"success": false}', b"x" * 20_000):
            connection = HTTPConnection("127.0.0.1", desk.port, timeout=PATIENCE)
            connection.request("POST", "/", body, {"Authorization": f"Bearer {desk.key}"})
            connection.getresponse()
            connection.close()
        assert heard == []
        desk.tell(ANA, "127.0.0.1")
        server.shutdown()
    server.server_close()
    assert heard == [ANA]
    desk.tell(ANA, "127.0.0.1")  # nobody there any more: said in the log and no more


@pytest.mark.parametrize("person", [ANA, TESS, SUPPORT, NOBODY])
def test_every_address_costs_one_comparison_so_that_time_tells_nothing(world: World, person: str) -> None:
    """ana has a password, tess a second factor, support@ is shared, and nobody@ isn't there."""
    log = world.config.log_dir / "dovecot.log"
    seen = log.stat().st_size
    assert not opens_imap(world.config, person, "guess")
    said = log.read_bytes()[seen:].decode()
    assert [line for line in said.splitlines() if f"({person}," in line and "Password mismatch" in line][1:] == []
    assert f"({person}," in said
    assert "Password mismatch" in said


def test_a_crowd_that_says_nothing_is_few_threads_and_soon_gone(world: World) -> None:
    """And an honest report is heard after it."""
    desk = world.guess_desk
    assert desk is not None
    with contextlib.ExitStack() as crowd:
        lines = []
        for _ in range(300):
            lines.append(crowd.enter_context(socket.create_connection(("127.0.0.1", desk.port), 20)))
        assert threading.active_count() < 200
        for line in lines:
            with contextlib.suppress(ConnectionError):
                assert line.recv(1) == b""  # hung up on, without a word
    desk.tell(BEN, "127.0.0.7")
    wait_until(world, 1)
