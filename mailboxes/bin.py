"""The bin: a deleted mailbox waits there for a week before its mail goes for good."""

import logging
from collections.abc import Callable

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from auth.models import Person, WebSession
from core.db import Database, now
from mailboxes.administration import Administration, mailbox_in
from mailboxes.audit import Doer, record
from mailboxes.conversion import shared_with
from mailboxes.directory import check_room, locked_domain
from mailboxes.doors import Closing, Doors
from mailboxes.errors import NothingByThatName
from mailboxes.models import ACTIVE, PURGING, TRASHED, DeleteIntent, Mailbox, Membership
from mailboxes.storage import recount

log = logging.getLogger(__name__)

DAYS = 7
_WEEK = DAYS * 86_400


def trash(session: Session, admin: Administration, doors: Doors, mailbox_id: int) -> Mailbox:
    """Into the bin: it takes no mail, nobody opens it, its person is a member nowhere any more, no intent is left.

    Raises NothingByThatName, also for one that is in the bin already.
    """
    mailbox = mailbox_in(session, admin, mailbox_id, lock=True)
    if mailbox.status != ACTIVE:
        raise NothingByThatName(f"{mailbox.address} is {mailbox.status}")
    mailbox.status, mailbox.trashed_at = TRASHED, now()
    person = session.scalar(select(Person).where(Person.name == mailbox.address))
    if person:
        for address in shared_with(session, person):
            record(session, admin.doer, mailbox.account_id, "member.removed", mailbox=address, subject=person.name)
            doors.close_after_commit(session, Closing(address, person.name))
        session.execute(delete(Membership).where(Membership.login_id == person.id))
        session.execute(delete(WebSession).where(WebSession.login_id == person.id))
    session.execute(delete(DeleteIntent).where(DeleteIntent.mailbox_id == mailbox.id))
    recount(session, mailbox.account_id)
    record(session, admin.doer, mailbox.account_id, "mailbox.deleted", mailbox=mailbox.address)
    doors.close_after_commit(session, Closing(mailbox.address))
    return mailbox


def restore(session: Session, admin: Administration, mailbox_id: int) -> Mailbox:
    """Out of the bin, with its mail and its password. Raises NothingByThatName, PlanLimitReached."""
    mailbox = mailbox_in(session, admin, mailbox_id, lock=True)
    if mailbox.status != TRASHED:
        raise NothingByThatName(f"{mailbox.address} is {mailbox.status}")
    check_room(session, locked_domain(session, mailbox.domain_id), mailboxes=1, shared=int(mailbox.is_shared))
    mailbox.status, mailbox.trashed_at = ACTIVE, None
    recount(session, mailbox.account_id)
    record(session, admin.doer, mailbox.account_id, "mailbox.restored", mailbox=mailbox.address)
    return mailbox


def purge_due(db: Database, remove_mail: Callable[[str], None], *, at: int | None = None) -> list[str]:
    """Remove what has been in the bin for a week: first it can't be restored, then its mail goes, then its row.

    In this order a crash leaves a mailbox that is purged next time, never mail that the address's next holder would
    find. `remove_mail` may raise OSError: that one then waits for the next time. Returns the addresses that are gone.
    """
    due = (at if at is not None else now()) - _WEEK
    with db.write() as session:
        # Decided by the statement itself, which looks again at a row that is being restored at this moment.
        ripe = (Mailbox.status == TRASHED) & (Mailbox.trashed_at <= due)
        session.execute(update(Mailbox).where(ripe).values(status=PURGING).execution_options(synchronize_session=False))
        going = session.scalars(select(Mailbox).where(Mailbox.status == PURGING).order_by(Mailbox.id)).all()
    return [mailbox.address for mailbox in going if _purged(db, remove_mail, mailbox)]


def _purged(db: Database, remove_mail: Callable[[str], None], mailbox: Mailbox) -> bool:
    try:
        remove_mail(mailbox.address)
    except OSError:
        log.exception("mail could not be removed", extra={"mailbox": mailbox.address})
        return False
    with db.write() as session:
        # Whoever comes second finds nothing to note.
        if session.scalar(delete(Mailbox).where(Mailbox.id == mailbox.id).returning(Mailbox.id)):
            record(session, Doer("Postroom", "timer"), mailbox.account_id, "mailbox.purged", mailbox=mailbox.address)
    return True
