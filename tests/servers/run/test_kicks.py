"""ben's IMAP session ends although the mail server couldn't be told at the moment he was removed."""

import imaplib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from auth import kicks
from mailboxes.audit import Doer
from mailboxes.directory import find_mailbox
from mailboxes.doors import Closing, Doors
from mailboxes.memberships import add_members, remove_member
from servers.dovecot.administration import DOVEADM_SOCKET, doveadm_of
from servers.run.housekeeping import Housekeeper
from servers.run.housekeeping_process import work
from tests.servers.harness import World
from tests.servers.raw_clients import BEN, SUPPORT
from tests.waiting import until

OLIVE = Doer("owner@acme.test", "web")


@contextmanager
def removed(world: World, doors: Doors) -> Iterator[None]:
    with world.db.write() as session:
        shared, ben = find_mailbox(session, SUPPORT), find_mailbox(session, BEN)
        remove_member(session, OLIVE, doors, shared, ben)
    try:
        yield
    finally:
        with world.db.write() as session:
            add_members(session, OLIVE, shared, [ben])


@contextmanager
def admin_socket_away(world: World) -> Iterator[None]:
    socket = world.config.run_dir / "dovecot" / DOVEADM_SOCKET
    aside = socket.rename(socket.with_name("aside"))
    try:
        yield
    finally:
        aside.rename(socket)


def is_open(idle: imaplib.IMAP4) -> bool:
    """Whether the server still answers."""
    try:
        idle.send(b"n NOOP\r\n")
        while line := idle.readline():
            if line.startswith(b"n OK"):
                return True
    except (OSError, imaplib.IMAP4.abort):
        pass
    return False


def wait_for_end(idle: imaplib.IMAP4) -> None:
    """Until the server hangs up: a question that meets a kick on its way may still be answered."""
    until(lambda: not is_open(idle))


@pytest.fixture
def keeper(world: World) -> Housekeeper:
    return Housekeeper(world.config, world.db, doveadm_of(world.config))


def test_what_could_not_be_closed_is_closed_as_soon_as_it_can(world: World, keeper: Housekeeper) -> None:
    doveadm = doveadm_of(world.config)

    def close(closing: Closing) -> None:
        kicks.kick(world.db, closing.mailbox, doveadm.kick)

    with world.imap(BEN, mailbox=SUPPORT) as idle:
        with admin_socket_away(world), removed(world, Doors(close)):
            assert is_open(idle)
            assert kicks.waiting(world.db) == [SUPPORT]
            keeper.shut()
            assert kicks.waiting(world.db) == [SUPPORT]
        keeper.shut()
        wait_for_end(idle)
    assert kicks.waiting(world.db) == []


def test_a_process_that_dies_after_the_commit_leaves_it_to_the_housekeeper(world: World, keeper: Housekeeper) -> None:
    stop = threading.Event()
    working = threading.Thread(target=work, args=(keeper, stop))
    with world.imap(BEN, mailbox=SUPPORT) as idle, removed(world, Doors()):
        assert is_open(idle)
        working.start()
        wait_for_end(idle)
        until(lambda: not kicks.waiting(world.db))  # it may have been cut off and be tried once more
    stop.set()
    working.join()


def test_nothing_is_noted_when_nothing_was_committed(world: World) -> None:
    with pytest.raises(ZeroDivisionError), world.db.write() as session:
        shared, ben = find_mailbox(session, SUPPORT), find_mailbox(session, BEN)
        remove_member(session, OLIVE, Doors(), shared, ben)
        raise ZeroDivisionError
    assert kicks.waiting(world.db) == []


def test_what_is_noted_while_one_is_closed_stays_noted(world: World) -> None:
    def note_one_more(address: str) -> bool:
        with world.db.write() as session:
            kicks.note(session, address)
        return True

    with world.db.write() as session:
        kicks.note(session, SUPPORT)
    assert kicks.kick(world.db, SUPPORT, note_one_more)
    assert kicks.waiting(world.db) == [SUPPORT]
    assert kicks.kick(world.db, SUPPORT, lambda _address: True)
    assert kicks.waiting(world.db) == []
