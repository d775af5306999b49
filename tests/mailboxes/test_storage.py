"""What storage there is, when it runs out, and who is told how often."""

import pytest
from sqlalchemy import select, update

from auth.actor import OwnerActor
from auth.models import Owner
from core.db import Database
from mailboxes.administration import Administration, administration_of
from mailboxes.allotments import allot
from mailboxes.bin import restore, trash
from mailboxes.directory import find_mailbox
from mailboxes.doors import Doors
from mailboxes.errors import PlanLimitReached
from mailboxes.models import Account, AuditEntry, Mailbox
from mailboxes.overview import usage
from mailboxes.storage import MEBIBYTE, Level, Storage, size, storage, storage_of
from mailboxes.storage_counts import Alarm, look_at_all, note, write_down
from tests.cast import ANA, BEN, DAN, EVE, OWNER, SUPPORT

TERABYTE = 1_000_000 * MEBIBYTE  # what Acme's plan has
HOUR = 3600


def olive(db: Database) -> Administration:
    with db.read() as session:
        owner = session.scalars(select(Owner).where(Owner.name == OWNER)).one()
    return administration_of(OwnerActor(owner.id, owner.name, "", owner.account_id or 0, 1), "127.0.0.1")


def of(db: Database, address: str) -> Storage:
    with db.read() as session:
        return storage_of(session, find_mailbox(session, address).id)


def give(db: Database, address: str, megabytes: int) -> None:
    admin = olive(db)
    with db.write() as session:
        allot(session, admin, find_mailbox(session, address), megabytes)


def hours_pass(db: Database, hours: int) -> None:
    with db.write() as session:
        session.execute(update(AuditEntry).values(at=AuditEntry.at - hours * HOUR))


def told(db: Database, alarms: list[Alarm]) -> list[tuple[str, Level]]:
    """As the housekeeper does: tell, then note."""
    for alarm in alarms:
        note(db, alarm)
    return [(alarm.account, alarm.storage.level) for alarm in alarms]


@pytest.mark.parametrize(
    ("used", "level"),
    [(0, Level.ROOM), (89, Level.ROOM), (90, Level.NEARLY_FULL), (99, Level.NEARLY_FULL), (100, Level.FULL)],
)
def test_nearly_full_begins_at_nine_tenths(used: int, level: Level) -> None:
    assert storage("Nano", used_bytes=used * MEBIBYTE, quota_mb=100, pool_used_bytes=0, allotted_mb=0).level is level


def test_a_pool_with_everything_set_aside_is_full() -> None:
    assert storage("Nano", used_bytes=0, quota_mb=None, pool_used_bytes=0, allotted_mb=9_999).level is Level.FULL


@pytest.mark.parametrize(
    ("plan", "pooled", "owner", "words"),
    [
        (
            "Pro",
            True,
            True,
            "delete messages and empty the Trash, delete a mailbox, or move to a larger plan, such as Ag",
        ),
        ("Agency", True, True, "empty the Trash, or delete a mailbox."),
        ("Pro", True, False, "or ask who runs the account for more."),
        ("Pro", False, False, "This mailbox uses 4.1 GB of 4 GB, which is what it was given on the Pro plan."),
    ],
)
def test_the_words_have_the_number_the_plan_and_the_way_out(plan: str, pooled: bool, owner: bool, words: str) -> None:
    story = Storage(plan, pooled, 4_100 * MEBIBYTE, 4_000 * MEBIBYTE).story(owner=owner)
    assert words in story
    assert "4.1 GB of 4 GB" in story
    assert f"the {plan} plan" in story


@pytest.mark.parametrize(("megabytes", "words"), [(0, "0 MB"), (999, "999 MB"), (1_500, "1.5 GB"), (1_000_000, "1 TB")])
def test_sizes_as_people_say_them(megabytes: int, words: str) -> None:
    assert size(megabytes) == words


def test_everybody_shares_the_pool_but_those_with_storage_of_their_own(db: Database) -> None:
    give(db, BEN, 100)
    write_down(db, {ANA: 30 * MEBIBYTE, SUPPORT: 5, BEN: 20 * MEBIBYTE, EVE: 7, "nobody@brand-a.test": 1})
    for address in (ANA, DAN, SUPPORT):
        assert of(db, address) == Storage("Agency", True, 30 * MEBIBYTE + 5, TERABYTE - 100 * MEBIBYTE)
    assert of(db, BEN) == Storage("Agency", False, 20 * MEBIBYTE, 100 * MEBIBYTE)
    assert of(db, EVE).used_bytes == 7
    with db.read() as session:
        seen = usage(session, olive(db))
    assert (seen.used_mb, seen.allotted_mb, seen.pool.used_bytes) == (51, 100, 30 * MEBIBYTE + 5)


def test_no_more_is_set_aside_than_the_plan_has(db: Database) -> None:
    give(db, BEN, 600_000)
    with pytest.raises(PlanLimitReached) as refused:
        give(db, DAN, 400_001)
    assert "The Agency plan has 1 TB in all, 600 GB of it allotted already." in refused.value.public
    give(db, DAN, 400_000)


def test_the_bin_takes_its_storage_along_and_brings_it_back(db: Database) -> None:
    admin = olive(db)
    give(db, BEN, 100)
    write_down(db, {ANA: 30, DAN: 4, BEN: 2})
    with db.write() as session:
        for address in (ANA, BEN):
            trash(session, admin, Doors(), find_mailbox(session, address).id)
    assert of(db, DAN) == Storage("Agency", True, 4, TERABYTE)
    with db.write() as session:
        for address in (ANA, BEN):
            restore(session, admin, find_mailbox(session, address).id)
    assert of(db, DAN) == Storage("Agency", True, 34, TERABYTE - 100 * MEBIBYTE)


def test_owners_are_told_once_a_day_at_most(db: Database) -> None:
    assert write_down(db, {ANA: TERABYTE // 2}) == look_at_all(db) == []
    assert told(db, write_down(db, {ANA: TERABYTE * 95 // 100})) == [("Acme", Level.NEARLY_FULL)]
    hours_pass(db, 6 * 24)
    assert write_down(db, {ANA: TERABYTE * 96 // 100}) == look_at_all(db) == []
    assert write_down(db, {ANA: TERABYTE}) != []
    alarms = look_at_all(db)  # nobody was told yet
    assert told(db, alarms) == [("Acme", Level.FULL)]
    assert alarms[0].owners == [(OWNER, True)]
    hours_pass(db, 23)
    assert look_at_all(db) == []
    hours_pass(db, 1)
    assert told(db, look_at_all(db)) == [("Acme", Level.FULL)]
    assert write_down(db, {ANA: 0}) == look_at_all(db) == []
    hours_pass(db, 24)
    assert told(db, write_down(db, {ANA: TERABYTE * 95 // 100})) == [("Acme", Level.NEARLY_FULL)]
    with db.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "storage.full")).all()
    assert len(entries) == 2
    assert "1 TB of 1 TB on the Agency plan" in entries[0].detail


def test_a_lower_plan_may_fill_the_pool(db: Database) -> None:
    write_down(db, {ANA: 60_000 * MEBIBYTE})
    with db.write() as session:
        session.execute(update(Account).where(Account.name == "Acme").values(plan="Starter"))
    assert told(db, look_at_all(db)) == [("Acme", Level.FULL)]


def test_what_is_counted_is_the_mailbox_alone(db: Database) -> None:
    write_down(db, {ANA: 5})
    with db.read() as session:
        assert dict(
            session.execute(select(Mailbox.address, Mailbox.used_bytes).where(Mailbox.used_bytes > 0)).all()
        ) == {ANA: 5}
