"""Connections are kept and lent: never two uses at once, never more than allowed, none after an eviction."""

import contextlib
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mail import patience
from mail.errors import (
    MailError,
    MailServerUnavailable,
    OutcomeUnknown,
    SearchTooSlow,
    SignInRefused,
    TooManyConnections,
)
from mail.imap.client import Imap, Search
from mail.imap.pool import Pool
from mail.sasl import Credential
from tests.mail.conftest import Dovecot, fill, letter
from tests.mail.imap.test_hostile import Mad

MakePool = Callable[..., Pool]


@pytest.fixture
def make_pool(dovecot: Dovecot) -> Iterator[MakePool]:
    with contextlib.ExitStack() as stack:

        def make(**bounds: float) -> Pool:
            pool = Pool(dovecot.host, dovecot.port, **bounds)  # type: ignore[arg-type]
            stack.callback(pool.close_all)
            return pool

        yield make


@pytest.fixture
def restartable() -> Iterator[Dovecot]:
    """A Dovecot of the test's own, to kill."""
    with tempfile.TemporaryDirectory(prefix="wire-") as folder:
        server = Dovecot(Path(folder))
        server.start()
        yield server
        server.stop()


def test_the_second_use_finds_the_connection_and_its_folder_as_the_first_left_them(
    make_pool: MakePool, dovecot: Dovecot
) -> None:
    pool, ana = make_pool(), dovecot.credential("ana")
    with pool.connection(ana, 1) as imap:
        imap.session.select("INBOX")
    with pool.connection(ana, 1) as imap:
        before = imap.session.traffic.commands
        imap.session.select("INBOX")
        assert imap.session.traffic.commands == before + 1
    assert (pool.stats().opened, pool.stats().lent, pool.stats().idle) == (1, 2, 1)


def test_another_session_or_mailbox_never_gets_the_same_connection(make_pool: MakePool, dovecot: Dovecot) -> None:
    pool = make_pool()
    for owner, credential in (
        (1, dovecot.credential("ana")),
        (2, dovecot.credential("ana")),
        (1, dovecot.credential("support", "ana")),
        (3, dovecot.credential("support", "cleo")),
    ):
        with pool.connection(credential, owner) as imap:
            assert imap.session.credential == credential
    assert pool.stats().opened == 4


def test_the_connection_with_the_wanted_folder_comes_first(make_pool: MakePool, dovecot: Dovecot) -> None:
    pool, ana = make_pool(), dovecot.credential("ana")
    with pool.connection(ana, 1) as one, pool.connection(ana, 1) as two:
        one.session.select("Sent")
        two.session.select("INBOX")
    for name, imap in (("INBOX", two), ("Sent", one), ("Sent", one), ("INBOX", two)):
        with pool.connection(ana, 1, prefer_folder=name) as lent:
            assert lent is imap


def test_what_is_looked_up_in_another_folder_leaves_the_one_in_front_selected(
    make_pool: MakePool, dovecot: Dovecot
) -> None:
    pool, ana = make_pool(), dovecot.credential("ana")
    for _ in range(3):
        for name in ("INBOX", "Drafts"):
            with pool.connection(ana, 1, prefer_folder=name) as imap:
                before = imap.session.traffic.commands
                imap.session.select(name)
                assert imap.session.kept_folder == name
        assert imap.session.traffic.commands == before + 1
    assert pool.stats().opened == 2
    # A third takes the place of the one that waited longest, as neither holds anything, and no more connections.
    with pool.connection(ana, 1, prefer_folder="Sent") as imap:
        assert imap.session.kept_folder == "INBOX"
    assert pool.stats().opened == 2
    # Whoever wants no folder disturbs none.
    with pool.connection(ana, 1):
        pass
    with pool.connection(ana, 1, prefer_folder="Drafts") as imap:
        assert imap.session.kept_folder == "Drafts"


def test_a_large_folder_stays_selected_whatever_is_looked_up_beside_it(make_pool: MakePool, dovecot: Dovecot) -> None:
    pool, ana = make_pool(), dovecot.credential("ana")
    with pool.connection(ana, 1) as imap:
        small, large = fill(imap, 1), fill(imap, 3)
    for name in (small, large, small, "Sent", "Drafts", small, "Sent"):
        with pool.connection(ana, 1, prefer_folder=name) as imap:
            imap.session.select(name)
    with pool.connection(ana, 1, prefer_folder=large) as imap:
        assert imap.session.kept_folder == large
    assert pool.stats().opened == 2


def test_a_person_with_many_mailboxes_keeps_a_connection_to_each(make_pool: MakePool, dovecot: Dovecot) -> None:
    pool = make_pool()
    names = [("ana",), ("ben",), ("cleo",), ("full",), ("busy",), ("support", "ana"), ("support", "cleo")]
    for _ in range(3):
        for mailbox in names:
            with pool.connection(dovecot.credential(*mailbox), 1) as imap:
                imap.folders.unseen("INBOX")
    assert pool.stats().opened == len(names)
    assert pool.evict(owner=1) == len(names)


def test_one_person_cannot_take_all_and_waits_for_their_own(make_pool: MakePool, dovecot: Dovecot) -> None:
    pool, ana = make_pool(at_work=2, wait_seconds=0.2), dovecot.credential("ana")
    with pool.connection(ana, 1), pool.connection(ana, 1):
        with pytest.raises(TooManyConnections), pool.connection(ana, 1):
            pass
        with pool.connection(dovecot.credential("ben"), 2):
            assert pool.stats().in_use == 3
    assert pool.stats().idle == 3


def test_a_full_pool_gives_up_the_longest_idle(make_pool: MakePool, dovecot: Dovecot) -> None:
    pool = make_pool(total=2)
    for owner, name in ((1, "ana"), (2, "ben"), (3, "cleo")):
        with pool.connection(dovecot.credential(name), owner):
            pass
    assert pool.stats().idle == 2
    with pool.connection(dovecot.credential("ben"), 2):
        assert pool.stats().opened == 3


def test_a_connection_idle_too_long_is_closed(make_pool: MakePool, dovecot: Dovecot) -> None:
    pool, ana = make_pool(idle_seconds=0.05), dovecot.credential("ana")
    with pool.connection(ana, 1):
        pass
    time.sleep(0.1)
    with pool.connection(dovecot.credential("ben"), 2):
        assert pool.stats().idle == 0


def test_an_error_of_the_mailbox_keeps_the_connection_and_a_broken_one_is_dropped(
    make_pool: MakePool, dovecot: Dovecot
) -> None:
    pool, ana = make_pool(), dovecot.credential("ana")
    with pytest.raises(MailError), pool.connection(ana, 1) as imap:
        imap.session.select("Nowhere")
    assert pool.stats().idle == 1
    with pytest.raises(MailServerUnavailable), pool.connection(ana, 1) as imap:
        imap.session.select("INBOX")
        imap.session.abort()
        imap.session.noop()
    assert (pool.stats().idle, pool.stats().in_use) == (0, 0)


def test_a_refused_sign_in_leaves_no_trace(make_pool: MakePool, dovecot: Dovecot) -> None:
    pool = make_pool()
    with pytest.raises(SignInRefused), pool.connection(dovecot.credential("support", "ben"), 1):
        pass
    assert (pool.stats().idle, pool.stats().in_use) == (0, 0)


def test_eviction_closes_what_matches_and_cuts_what_is_at_work(make_pool: MakePool, dovecot: Dovecot) -> None:
    pool = make_pool()
    shared, own, cleo = (dovecot.credential(*names) for names in (("support", "ana"), ("ana",), ("support", "cleo")))
    for owner, credential in ((1, shared), (1, own), (2, cleo)):
        with pool.connection(credential, owner):
            pass
    assert pool.evict(mailbox="support", person="ana") == 1
    assert pool.stats().idle == 2
    with pytest.raises(SignInRefused), pool.connection(own, 1) as imap:
        assert pool.evict(owner=1) == 1
        imap.session.noop()
    assert pool.stats().idle == 1
    assert pool.evict(person="cleo") == 1


def test_a_connection_evicted_at_work_is_not_kept_even_if_its_use_ends_well(
    make_pool: MakePool, dovecot: Dovecot
) -> None:
    pool, ana = make_pool(), dovecot.credential("ana")
    with pool.connection(ana, 1):
        pool.evict(owner=1)
    assert (pool.stats().idle, pool.stats().in_use) == (0, 0)


def test_an_eviction_during_the_sign_in_counts() -> None:
    with contextlib.closing(Mad(lambda *_: None, sign_in_seconds=0.3)) as slow, ThreadPoolExecutor(1) as thread:
        pool = Pool("127.0.0.1", slow.port)

        def use() -> None:
            with pool.connection(Credential("ana", "key", "ana"), 1):
                raise AssertionError("lent after the eviction")

        running = thread.submit(use)
        while not pool.stats().in_use:
            time.sleep(0.01)
        assert pool.evict(person="ana") == 1
        assert isinstance(running.exception(5), SignInRefused)
        assert (pool.stats().idle, pool.stats().in_use) == (0, 0)


def hang(*commands: bytes) -> Callable[[socket.socket, bytes, bytes], None]:
    """Answers everything but these."""

    def say(client: socket.socket, tag: bytes, command: bytes) -> None:
        if not command.startswith(commands):
            client.sendall(tag + b" OK fine\r\n")

    return say


def test_what_hung_rests_for_whoever_waited_for_it_and_for_nobody_else() -> None:
    with contextlib.closing(Mad(hang(b"NOOP"))) as slow:
        pool = Pool("127.0.0.1", slow.port, timeout=0.2)
        ana, ben = Credential("ana", "key", "support"), Credential("ben", "key", "support")
        with pytest.raises(MailServerUnavailable), pool.connection(ana, 1, prefer_folder="INBOX") as imap:
            imap.session.noop()
        lent = pool.stats().lent
        with pytest.raises(MailServerUnavailable), pool.connection(ana, 1, prefer_folder="INBOX"):
            pass
        assert pool.stats().lent == lent
        for credential, owner, folder in ((ana, 1, "Sent"), (ana, 1, None), (ben, 2, "INBOX")):
            with pool.connection(credential, owner, prefer_folder=folder) as imap:
                assert imap.session.usable
        pool.close_all()


def test_a_search_that_takes_too_long_is_given_up_and_the_folder_is_not() -> None:
    with contextlib.closing(Mad(hang(b"UID SEARCH"))) as slow:
        pool, ana = Pool("127.0.0.1", slow.port), Credential("ana", "key", "support")
        with pool.connection(ana, 1, prefer_folder="INBOX") as imap, patience.within(0.2):
            imap.session.select("INBOX")
            with pytest.raises(SearchTooSlow):
                imap.searches.find(Search(words=("everything",)))
        with pool.connection(ana, 1, prefer_folder="INBOX") as imap:
            assert imap.session.select("INBOX").exists == 5
        pool.close_all()


def test_patience_is_for_all_commands_together() -> None:
    def say(client: socket.socket, tag: bytes, _command: bytes) -> None:
        time.sleep(0.05)
        client.sendall(tag + b" OK fine\r\n")

    with contextlib.closing(Mad(say)) as slow:
        pool, ana, answered = Pool("127.0.0.1", slow.port), Credential("ana", "key", "ana"), 0
        with pytest.raises(MailServerUnavailable), pool.connection(ana, 1) as imap, patience.within(0.3):
            while answered < 50:
                imap.session.noop()
                answered += 1
        assert answered < 50
        pool.close_all()


def test_nobody_waits_for_a_connection_longer_than_for_the_page(make_pool: MakePool, dovecot: Dovecot) -> None:
    pool, ana = make_pool(at_work=1, wait_seconds=600), dovecot.credential("ana")
    with pool.connection(ana, 1), patience.within(0.1), pytest.raises(TooManyConnections), pool.connection(ana, 1):
        pass


def test_evictions_and_uses_at_the_same_time_leave_nothing_behind(make_pool: MakePool, dovecot: Dovecot) -> None:
    pool, ana = make_pool(), dovecot.credential("ana")
    stop, outcomes = threading.Event(), []

    def use() -> None:
        while not stop.is_set():
            try:
                with pool.connection(ana, 1) as imap:
                    imap.session.noop()
                outcomes.append("used")
            except SignInRefused:
                outcomes.append("evicted")

    patient_until = time.monotonic() + 20
    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(use) for _ in range(4)]
        while time.monotonic() < patient_until and not (len(outcomes) > 100 and set(outcomes) == {"used", "evicted"}):
            time.sleep(0.03)
            pool.evict(owner=1)
        stop.set()
    assert all(one.exception() is None for one in running)
    assert set(outcomes) == {"used", "evicted"}
    assert pool.stats().in_use == 0


def test_many_threads_share_a_few_connections_without_mixing_answers(make_pool: MakePool, dovecot: Dovecot) -> None:
    pool, ana = make_pool(per_owner=3, wait_seconds=20), dovecot.credential("ana")
    with pool.connection(ana, 1) as imap:
        names = [fill(imap, count) for count in (1, 2, 3)]
    most = []

    def use(number: int) -> None:
        name = names[number % 3]
        with pool.connection(ana, 1, prefer_folder=name) as imap:
            most.append(pool.stats().in_use)
            assert imap.session.select(name).exists == number % 3 + 1
            assert len(imap.rows.page(1, 50)) == number % 3 + 1
            assert imap.messages.source(1) == letter("Letter 1")

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(use, range(200)))
    assert max(most) <= 3
    assert pool.stats().opened <= 3


def test_the_next_click_works_after_dovecot_was_killed_and_started_again(restartable: Dovecot) -> None:
    pool = Pool(restartable.host, restartable.port)
    people = [(owner, restartable.credential(name)) for owner, name in enumerate(("ana", "ben", "cleo"))]
    for owner, credential in people:
        with pool.connection(credential, owner) as imap:
            imap.changes.append("INBOX", letter("Before"))
            imap.session.select("INBOX")
    restartable.kill()
    restartable.start()
    for owner, credential in people:
        with pool.connection(credential, owner) as imap:
            selected = imap.session.select("INBOX")
            assert [row.subject_raw for row in imap.rows.page(1, selected.exists)] == [b"Before"]
    restartable.kill()
    restartable.start()
    with pool.connection(people[0][1], 0) as imap:
        assert imap.changes.append("INBOX", letter("After")) == 2
    pool.close_all()


def test_a_server_that_hangs_up_between_two_questions_is_asked_again_for_the_folder(restartable: Dovecot) -> None:
    """As Dovecot does when the folder in hand was removed elsewhere: the list of folders it still answers."""
    pool, ana = Pool(restartable.host, restartable.port), restartable.credential("ana")
    with pool.connection(ana, 1) as imap:
        imap.session.select("INBOX")
    with pool.connection(ana, 1) as imap:
        assert imap.folders.all()
        restartable.kill()
        restartable.start()
        assert imap.session.select("INBOX").exists == 0
        restartable.kill()
        with pytest.raises(MailServerUnavailable):
            imap.session.select("INBOX")  # once is enough
    pool.close_all()


def test_a_click_while_dovecot_restarts_waits_for_it(restartable: Dovecot) -> None:
    pool, ana = Pool(restartable.host, restartable.port), restartable.credential("ana")
    with pool.connection(ana, 1):
        pass
    restartable.kill()
    later = threading.Timer(0.3, restartable.start)
    later.start()
    with pool.connection(ana, 1) as imap:
        assert imap.folders.all()
    later.join()
    pool.close_all()


def test_while_dovecot_is_down_everyone_is_told_soon(restartable: Dovecot) -> None:
    pool, ana = Pool(restartable.host, restartable.port), restartable.credential("ana")
    with pool.connection(ana, 1):
        pass
    restartable.kill()
    started = time.monotonic()
    with pytest.raises(MailServerUnavailable), pool.connection(ana, 1) as imap:
        imap.folders.all()
    assert time.monotonic() - started < 5
    with pytest.raises(MailServerUnavailable), pool.connection(ana, 1):
        pass
    assert pool.stats().in_use == pool.stats().idle == 0


def test_nothing_that_changes_is_repeated_when_the_server_dies_in_the_middle(restartable: Dovecot) -> None:
    pool, ana = Pool(restartable.host, restartable.port), restartable.credential("ana")

    def change(imap: Imap) -> None:
        imap.session.select("INBOX", writable=True)
        restartable.kill()
        restartable.start()
        imap.changes.add_flags([1], ["\\Seen"])

    with pool.connection(ana, 1) as imap:
        imap.changes.append("INBOX", letter("Once"))
    with pytest.raises((OutcomeUnknown, MailServerUnavailable)), pool.connection(ana, 1) as imap:
        change(imap)
    with pool.connection(ana, 1) as imap:
        imap.session.select("INBOX")
        assert not imap.rows.page(1, 1)[0].flags & {"\\Seen"}
    pool.close_all()


def test_dovecot_stops_with_all_it_started(restartable: Dovecot) -> None:
    restartable.stop(signal.SIGTERM)
    with pytest.raises(MailServerUnavailable):
        restartable.connect("ana")
