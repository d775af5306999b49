"""What the outbox promises, whoever asks at the same moment and wherever a process dies."""

import pytest
from sqlalchemy import select

from core.db import Database, DatabaseTrouble
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
from tests.cast import ANA, KIM, SUPPORT
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
