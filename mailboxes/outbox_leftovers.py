"""What lies in the outbox longer than it should: for the team to finish, and for who sent it to know of."""

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import and_, bindparam, delete, or_, select, update

from core.db import Database, now
from mailboxes import outbox
from mailboxes.access import MailboxAccess
from mailboxes.models import Submission
from mailboxes.outbox import ACCEPTED, COMMITTING, CUT_OFF, DISMISSED, FILED, SENDING, STOPPED, UNKNOWN, Entry, entry_of

# Up to the dot takes seconds. Whoever is taken for dead too early finds its entry gone, and doesn't write the dot.
STUCK_AFTER = 60
# From the dot on nobody can be held back, and the mail server may take minutes.
_ABANDONED_AFTER = 300
# As long as the slowest first attempt to lay a copy into a folder takes: before that nobody tries a second time.
_FILING_PATIENCE = 90


def claim_unsettled(db: Database, access: MailboxAccess) -> Iterator[Entry]:
    """Messages of this mailbox with which something is left to do a while after they were sent, or were to be sent.

    Who gets an entry has it alone for some 90 seconds: two members looking at once file one copy.
    """
    with db.read() as session:
        waiting = [entry_of(row) for row in session.scalars(_WAITING, {"mailbox_id": access.mailbox_id} | _long_ago())]
    return (entry for entry in waiting if _claim(db, entry))


def uncertain(db: Database, access: MailboxAccess) -> list[Entry]:
    """What this person sent from here and nobody knows the fate of, or is known not to have gone (*stopped*)."""
    asked = {"mailbox_id": access.mailbox_id, "login_id": access.actor.login_id} | _long_ago()
    with db.read() as session:
        found = [entry_of(row) for row in session.scalars(_UNCERTAIN, asked)]
    cut_off = [entry for entry in found if entry.state == COMMITTING]
    for entry in cut_off:
        outbox.unknown(db, access, entry, CUT_OFF)
    return [replace(entry, state=UNKNOWN, note=CUT_OFF) if entry in cut_off else entry for entry in found]


def dismiss(db: Database, access: MailboxAccess, entry_id: int) -> None:
    """The person has read what became of it, or that nobody knows."""
    mine = and_(
        Submission.id == entry_id,
        Submission.login_id == access.actor.login_id,
        Submission.mailbox_id == access.mailbox_id,
    )
    with db.write() as session:
        session.execute(update(Submission).where(mine, Submission.state == UNKNOWN).values(state=DISMISSED))
        session.execute(delete(Submission).where(mine, _IS_BACK))


_IS_ABANDONED = and_(Submission.state == COMMITTING, Submission.created_at <= bindparam("abandoned"))
_IS_STUCK = and_(Submission.state == SENDING, Submission.created_at <= bindparam("stuck"))
_IS_BACK = and_(Submission.state == STOPPED, Submission.message.is_(None))
_LIES_NOWHERE = and_(
    Submission.message.is_not(None),
    or_(Submission.state.in_((ACCEPTED, STOPPED, UNKNOWN, DISMISSED)), _IS_ABANDONED, _IS_STUCK),
)
_IS_UNSETTLED = and_(or_(Submission.state == FILED, _LIES_NOWHERE), Submission.updated_at <= bindparam("given_up"))
# Every list and every page asks these, so they are put together once.
_WAITING = select(Submission).where(Submission.mailbox_id == bindparam("mailbox_id"), _IS_UNSETTLED)
_UNCERTAIN = (
    select(Submission)
    .where(
        Submission.mailbox_id == bindparam("mailbox_id"),
        Submission.login_id == bindparam("login_id"),
        or_(Submission.state == UNKNOWN, _IS_ABANDONED, _IS_BACK),
    )
    .order_by(Submission.id)
)


def _long_ago() -> dict[str, int]:
    return {
        "given_up": now() - _FILING_PATIENCE,
        "abandoned": now() - _ABANDONED_AFTER,
        "stuck": now() - STUCK_AFTER,
    }


def _claim(db: Database, entry: Entry) -> bool:
    with db.write() as session:
        claimed = session.execute(
            update(Submission)
            .where(Submission.id == entry.id, Submission.state == entry.state, _IS_UNSETTLED)
            .values(updated_at=now())
            .returning(Submission.id)
            .execution_options(synchronize_session=False),
            _long_ago(),
        )
        return claimed.first() is not None
