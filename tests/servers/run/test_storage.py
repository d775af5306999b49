"""Storage is counted by the mail server, written down by the housekeeper, and refused by every door once it is full."""

import contextlib
import smtplib
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from app import create_app
from auth.models import Owner
from auth.passwords import Cost, hashing_cost
from core.db import now
from mail.smtp.delivery import Handover
from mailboxes.audit import Doer
from mailboxes.bin import DAYS, purge_due
from mailboxes.directory import add_domain, add_owner, add_person, create_account
from mailboxes.models import PURGING, TRASHED, Account, AuditEntry, Mailbox
from mailboxes.plans import PLANS
from mailboxes.storage import recount
from servers.child import Child
from servers.run.housekeeping import Housekeeper
from tests.cast import PASSWORD
from tests.servers.harness import World
from tests.servers.raw_clients import ANA, KIM, letter, signed_in, submit, tell
from tests.waiting import until
from web.context import EXTENSION, Services

STRANGER = "stranger@outside.example"
LUCY, MAX = "lucy@tiny.test", "max@tiny.test"  # of an account that has little storage, which lucy also runs
KIB = 1024
POOL_MB = 1
WEEK = DAYS * 86_400


@pytest.fixture(scope="module")
def tiny(world: World) -> Iterator[World]:
    """An account whose mailboxes share one megabyte: the rest of the plan is set aside for `hoard`."""
    doer = Doer("tests", "cli")
    with hashing_cost(Cost(passes=1, memory_kib=8, lanes=1)), world.db.write() as session:
        account = create_account(session, "Tiny", "Nano")
        domain = add_domain(session, doer, account, "tiny.test")
        for name in ("lucy", "max"):
            add_person(session, doer, domain, name, name.title(), PASSWORD)
        add_person(session, doer, domain, "hoard", "", PASSWORD).quota_mb = PLANS["Nano"].storage_mb - POOL_MB
        add_owner(session, doer, account, LUCY, "Lucy", PASSWORD)
        recount(session, account.id)
    yield world
    with world.db.write() as session:
        session.execute(delete(Owner).where(Owner.name == LUCY))
        session.execute(update(Mailbox).where(Mailbox.address.like("%@tiny.test")).values(status=PURGING))
    Housekeeper(world.config, world.db, world.doveadm).tidy()


@pytest.fixture
def keeper(world: World) -> Housekeeper:
    return Housekeeper(world.config, world.db, world.doveadm)


def used(world: World, address: str) -> int:
    with world.db.read() as session:
        return session.scalars(select(Mailbox.used_bytes).where(Mailbox.address == address)).one()


def told(world: World) -> list[str]:
    """What the audit log says about the storage of the tiny account."""
    with world.db.read() as session:
        query = select(AuditEntry.action).join(Account, Account.id == AuditEntry.account_id)
        query = query.where(Account.name == "Tiny", AuditEntry.action.like("storage.%"))
        return list(session.scalars(query.order_by(AuditEntry.id)))


def long_letter(kibibytes: int) -> bytes:
    return letter(STRANGER, subject="Long", body="\r\n".join(["x" * 62] * 16 * kibibytes))


def from_outside(world: World, recipient: str, message: bytes = b"", sender: str = STRANGER) -> tuple[int, str]:
    with smtplib.SMTP("127.0.0.1", world.config.smtp_port, "mail.outside.example", 20) as server:
        server.ehlo()
        return submit(server, sender, [recipient], message or letter(STRANGER))


def empty(world: World, address: str) -> None:
    with world.imap(address) as connection:
        connection.select()
        tell(connection, "STORE 1:* +FLAGS (\\Deleted)")
        tell(connection, "CLOSE")
        tell(connection, "LOGOUT")


def is_counted_empty(world: World, keeper: Housekeeper, address: str) -> bool:
    """Dovecot writes when the connection that emptied it is closed, which nobody can wait for."""

    def looked() -> bool:
        keeper.count()
        return not used(world, address)

    until(looked)
    return True


def test_what_dovecot_counts_is_written_down(world: World, keeper: Housekeeper) -> None:
    keeper.tidy()
    before = used(world, KIM)
    world.deliver(KIM, long_letter(300))
    keeper.count()
    assert 300 * KIB < used(world, KIM) - before < 310 * KIB
    assert abs((world.doveadm.used_bytes(KIM) or 0) - used(world, KIM)) < KIB
    empty(world, KIM)
    assert is_counted_empty(world, keeper, KIM)


def test_mail_that_was_there_before_dovecot_is_counted(tiny: World, keeper: Housekeeper) -> None:
    tiny.deposit("hoard@tiny.test", long_letter(200))
    keeper.tidy()
    assert 200 * KIB < used(tiny, "hoard@tiny.test") < 210 * KIB


def test_what_cannot_be_written_down_is_written_down_later(world: World, keeper: Housekeeper) -> None:
    world.deliver(KIM, long_letter(10))
    keeper._database, database = None, keeper._database  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        keeper.count()
    keeper._database = database
    keeper.count()
    assert used(world, KIM) > 10 * KIB


def test_a_pool_fills_up_owners_are_told_and_every_door_says_later(tiny: World, keeper: Housekeeper) -> None:
    assert from_outside(tiny, LUCY, long_letter(500))[0] == 250
    assert from_outside(tiny, MAX, long_letter(450))[0] == 250
    keeper.count()
    keeper.tidy()
    assert told(tiny) == ["storage.nearly_full"]
    news = [mail for mail in tiny.folder(LUCY) if b"The storage is nearly full" in mail]
    assert len(news) == 1
    assert b"Subject: Tiny: the storage is nearly full" in news[0]
    for words in (b" KB of 1 MB", b"Nano plan", b"such as Starter", b"/console/plan"):
        assert words in news[0].replace(b"=\n", b"").replace(b"\n", b" ")
    # A mailbox with any room left takes one more, of any size.
    assert from_outside(tiny, MAX, long_letter(3000))[0] == 250
    keeper.count()
    keeper.tidy()
    assert told(tiny) == ["storage.nearly_full", "storage.full"]
    news = [mail for mail in tiny.folder(LUCY) if b"Subject: Tiny: the storage is full" in mail]
    assert len(news) == 1, "who runs the account lies in the full pool, and was not told"
    for pretended in ("", "no-reply@mail.postroom.test"):
        assert from_outside(tiny, LUCY, sender=pretended)[0] == 452
    before = tiny.folder(LUCY), tiny.folder(MAX)
    assert from_outside(tiny, LUCY) == (452, "4.2.2 <lucy@tiny.test>: its storage is full, try again later")
    with signed_in(tiny, ANA) as door:
        assert submit(door, ANA, [MAX], letter(ANA))[0] == 452
        assert submit(door, ANA, [KIM], letter(ANA))[0] == 250
    assert (tiny.folder(LUCY), tiny.folder(MAX)) == before
    assert from_outside(tiny, "hoard@tiny.test")[0] == 250
    # Not even past the doors, and nothing new is kept; but what is there can be moved and deleted.
    for address in (LUCY, MAX):
        with Handing(tiny) as handover:
            assert handover(address, letter(STRANGER)) == 452
    with tiny.imap(MAX) as phone:
        phone.select()
        assert b"OVERQUOTA" in tell(phone, "COPY 1 Archive")
        assert b"told OK" in tell(phone, "MOVE 1:* Trash")
        phone.select("Trash")
        tell(phone, "STORE 1:* +FLAGS (\\Deleted)")
        tell(phone, "CLOSE")
        tell(phone, "LOGOUT")
    assert is_counted_empty(tiny, keeper, MAX)
    assert from_outside(tiny, MAX)[0] == 250
    assert from_outside(tiny, LUCY)[0] == 250


class Handing:
    """To Dovecot itself, as the doors do after they have asked."""

    def __init__(self, world: World) -> None:
        self._handover = Handover.to_mailboxes(world.config.lmtp_socket, world.config.mail_hostname)

    def __enter__(self) -> Callable[[str, bytes], int]:
        return self._hand

    def __exit__(self, *_: object) -> None:
        self._handover.abandon()

    def _hand(self, recipient: str, message: bytes) -> int:
        asked = self._handover.ask(STRANGER, (recipient,))[recipient]
        return self._handover.commit(message)[recipient].code if asked.accepted else asked.code


@contextlib.contextmanager
def own_storage(world: World, address: str, megabytes: int) -> Iterator[None]:
    def allot(quota_mb: int | None) -> None:
        with world.db.write() as session:
            mailbox = session.scalars(select(Mailbox).where(Mailbox.address == address)).one()
            mailbox.quota_mb = quota_mb
            recount(session, mailbox.account_id)

    allot(megabytes)
    try:
        yield
    finally:
        allot(None)


def test_storage_of_its_own_ends_there(world: World, keeper: Housekeeper) -> None:
    empty(world, KIM)
    with own_storage(world, KIM, 1):
        with world.imap(KIM) as phone:
            assert phone.append("Archive", "", "", long_letter(900))[0] == "OK"
            answer, words = phone.append("Archive", "", "", long_letter(300))
            assert (answer, words[0][:11]) == ("NO", b"[OVERQUOTA]")
            quota = tell(phone, "GETQUOTAROOT INBOX")
            assert b"(STORAGE 9" in quota
            assert b" 1024)" in quota
            tell(phone, "LOGOUT")
        assert from_outside(world, KIM, long_letter(300))[0] == 250
        keeper.count()
        assert from_outside(world, KIM)[0] == 452
        assert from_outside(world, ANA)[0] == 250
    assert from_outside(world, KIM)[0] == 250


@pytest.fixture
def binned(tiny: World) -> Iterator[Callable[[str, int], str]]:
    """A mailbox with a letter, put into the bin so many seconds ago."""

    def make(name: str, age: int) -> str:
        with hashing_cost(Cost(passes=1, memory_kib=8, lanes=1)), tiny.db.write() as session:
            account = session.scalars(select(Account).where(Account.name == "Customers")).one()
            domain = session.scalars(select(Mailbox).where(Mailbox.address == KIM)).one().domain
            assert domain.account_id == account.id
            address = add_person(session, Doer("tests", "cli"), domain, name, "", PASSWORD).address
        tiny.deliver(address, letter(STRANGER))
        with tiny.db.write() as session:
            values = {"status": TRASHED, "trashed_at": now() - age}
            session.execute(update(Mailbox).where(Mailbox.address == address).values(values))
        return address

    yield make
    with tiny.db.write() as session:
        session.execute(update(Mailbox).where(Mailbox.status == TRASHED).values(status=PURGING))
    Housekeeper(tiny.config, tiny.db, tiny.doveadm).tidy()


def test_after_a_week_in_the_bin_mail_and_address_are_gone(
    world: World, keeper: Housekeeper, binned: Callable[[str, int], str]
) -> None:
    old, young = binned("old", WEEK + 5), binned("young", WEEK - 60)
    assert keeper.tidy() == [old]
    assert not (world.config.mail_root / "customer.test" / "old").exists()
    assert len(world.folder(young)) == 1
    with world.db.read() as session:
        assert session.scalar(select(Mailbox.id).where(Mailbox.address == old)) is None
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "mailbox.purged")).all()
    assert [(entry.actor, entry.door) for entry in noted if entry.mailbox == old] == [("Postroom", "timer")]
    assert from_outside(world, old)[0] == 550
    assert keeper.tidy() == []


def test_what_a_crash_left_half_removed_is_removed_next_time(
    world: World, keeper: Housekeeper, binned: Callable[[str, int], str]
) -> None:
    stuck, other = binned("stuck", WEEK + 5), binned("other", WEEK + 4)
    removed = []

    def fails(address: str) -> None:
        if address == stuck:
            raise OSError("the disk said no")
        removed.append(address)

    assert purge_due(world.db, fails) == removed == [other]
    with world.db.read() as session:
        assert session.scalars(select(Mailbox.status).where(Mailbox.address == stuck)).one() == PURGING
    assert keeper.tidy() == [stuck]
    assert not (world.config.mail_root / "customer.test" / "stuck").exists()


def test_the_command_does_it_once(world: World, binned: Callable[[str, int], str]) -> None:
    address = binned("cliff", WEEK + 5)
    app: Flask = create_app(world.config)
    answer = app.test_cli_runner().invoke(args=["housekeeping"])
    services: Services = app.extensions[EXTENSION]
    services.db.dispose()
    assert answer.exit_code == 0, answer.output
    assert f"{address} is removed for good." in answer.output


def test_the_process_does_it_by_itself(world: World, binned: Callable[[str, int], str]) -> None:
    address = binned("proc", WEEK + 5)
    child = Child(
        "servers.run.housekeeping_process", world.user, world.environment(), world.config.log_dir / "housekeeping.log"
    )
    child.start()
    try:
        until(lambda: not (world.config.mail_root / "customer.test" / "proc").exists())
        assert child.is_running()
    finally:
        child.stop()
    with world.db.read() as session:
        assert session.scalar(select(Mailbox.id).where(Mailbox.address == address)) is None


def test_an_owner_whom_no_letter_reached_is_told_next_time(tiny: World, keeper: Housekeeper) -> None:
    """Who runs the account is told by its pages, too; counting goes on."""
    with tiny.db.write() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.action.like("storage.%")))
    tiny.deliver(LUCY, long_letter(1100))
    before = len(tiny.folder(LUCY))
    tiny.stop_dovecot()
    try:
        keeper.tidy()
    finally:
        tiny.start_dovecot()
    assert told(tiny) == []
    keeper.tidy()
    assert told(tiny) == ["storage.full"]
    keeper.tidy()
    assert len(tiny.folder(LUCY)) == before + 1


def test_an_owner_outside_whom_no_letter_can_reach_stops_nothing(tiny: World, keeper: Housekeeper) -> None:
    """Without a relay there is nothing to try again: the audit log and the pages say it."""
    with tiny.db.write() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.action.like("storage.%")))
        session.execute(update(Owner).where(Owner.name == LUCY).values(name="lucy@outside.example"))
    keeper.tidy()
    assert told(tiny) == ["storage.full"]
    with tiny.db.write() as session:
        session.execute(update(Owner).where(Owner.name == "lucy@outside.example").values(name=LUCY))
