"""What the outbox promises, whoever asks at the same moment and wherever a process dies."""

from pathlib import Path

import pytest
from sqlalchemy import select

from auth.passwords import Cost, hashing_cost
from core.config import Config
from core.db import Database, DatabaseTrouble, now
from core.vault import Vault
from mail.message.headers import message_id, parse
from mailboxes import outbox
from mailboxes.access import MailboxAccess, hold, open_mailbox
from mailboxes.audit import Doer
from mailboxes.directory import find_mailbox
from mailboxes.doors import Doors
from mailboxes.errors import MailboxNotFound
from mailboxes.memberships import remove_member
from mailboxes.models import Submission
from mailboxes.outbox import Entry
from mailboxes.rights import Right
from migrations.migrate import upgrade
from servers.demo.mail import SeedMessage, messages
from servers.demo.seeding import seed, seed_outbox
from servers.service_user import service_user
from tests.cast import ANA, CLEO, KIM, SALES, SUPPORT
from tests.mailboxes.conftest import actor

OWNER = Doer("owner@acme.test", "web", "")
KEY = "0123456789abcdef" * 2


def on_its_way(db: Database) -> tuple[MailboxAccess, Entry]:
    """ana answers kim as support@, and the final dot isn't written yet."""
    access = open_mailbox(db, actor(db, ANA), SUPPORT, Right.SEND)
    entry = outbox.begin(
        db,
        OWNER,
        access,
        key=KEY,
        message_id=f"<{KEY}@brand-a.test>",
        recipients=[KIM],
        subject="Your order",
        answers="",
        after={},
        message=b"Subject: Your order\r\n\r\n",
    )
    assert entry is not None
    return access, entry


def remove_ana(db: Database, patience: float | None = None) -> None:
    with db.write(patience=patience) as session:
        remove_member(session, OWNER, Doors(), find_mailbox(session, SUPPORT), find_mailbox(session, ANA))


def states(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(Submission.state)))


def test_whoever_was_removed_writes_no_final_dot(db: Database) -> None:
    access, entry = on_its_way(db)
    remove_ana(db)
    with pytest.raises(MailboxNotFound):
        outbox.commit(db, access, entry)
    assert states(db) == ["sending"]


def test_nobody_is_removed_between_the_last_question_and_its_answer(db: Database) -> None:
    access, _entry = on_its_way(db)
    with db.write() as session:
        hold(session, access, Right.SEND)
        with pytest.raises(DatabaseTrouble):
            remove_ana(db, patience=0.05)
    remove_ana(db)


def test_what_was_taken_away_before_the_dot_never_gets_there(db: Database) -> None:
    access, entry = on_its_way(db)
    assert outbox.withdraw(db, entry)
    assert not outbox.commit(db, access, entry)
    again = on_its_way(db)[1]
    assert outbox.stop(db, again)
    assert not outbox.commit(db, access, again)
    assert states(db) == ["stopped"]


def test_what_came_to_the_dot_is_taken_away_by_nobody(db: Database) -> None:
    access, entry = on_its_way(db)
    assert outbox.commit(db, access, entry)
    assert not outbox.withdraw(db, entry)
    assert not outbox.stop(db, entry)
    outbox.accepted(db, access, entry)
    outbox.refused(db, entry)
    assert states(db) == ["accepted"]


def _sent(mailbox: str) -> list[str]:
    found = [seed for seed in messages(now()) if (seed.mailbox, seed.folder) == (mailbox, "Sent")]
    return [_id(seed) for seed in found]


def _id(seed: SeedMessage) -> str:
    return message_id(parse(seed.data).raw("Message-ID"))


def test_what_a_shared_mailbox_of_the_demo_sent_names_its_sender(db: Database) -> None:
    with db.write() as session:
        seed_outbox(session, messages(now()))
    support = open_mailbox(db, actor(db, CLEO), SUPPORT, Right.READ)
    senders = outbox.senders(db, support, _sent(SUPPORT))
    assert set(senders) == set(_sent(SUPPORT))
    assert set(senders.values()) == {"Ana Almeida", "Ben Brandt", "Tess Tanaka"}
    newest = max((seed for seed in messages(now()) if seed.mailbox == SUPPORT and seed.folder == "Sent"), key=_at)
    assert outbox.answerers(db, support, [parse(newest.data).get("In-Reply-To")])
    sales = open_mailbox(db, actor(db, ANA), SALES, Right.SEND)
    assert set(outbox.senders(db, sales, _sent(SALES)).values()) == {"Ana Almeida"}
    assert set(states(db)) == {"done"}


def _at(seed: SeedMessage) -> int:
    return seed.at


def test_the_demo_is_made_once(tmp_path: Path) -> None:
    config = Config.from_env({"DATA_DIR": str(tmp_path / "data")})
    db = Database(config.database_url)
    upgrade(db)
    with hashing_cost(Cost(passes=1, memory_kib=8, lanes=1)):
        assert seed(config, db, Vault.of(config), service_user())
        receipts, files = len(states(db)), len(list(config.mail_root.rglob("*.M*")))
        assert receipts == len(_sent(SUPPORT)) + len(_sent(SALES)) + len(_sent("help@other.test"))
        assert not seed(config, db, Vault.of(config), service_user())
    assert (len(states(db)), len(list(config.mail_root.rglob("*.M*")))) == (receipts, files)
    db.dispose()
