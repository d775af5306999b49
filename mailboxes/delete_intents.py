"""The careful way into the bin: announced first, confirmed within ten minutes by the same token."""

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from auth.actor import Bearer
from core.db import now
from mailboxes import bin as the_bin
from mailboxes.administration import Administration, active_in
from mailboxes.doors import Doors
from mailboxes.errors import NothingByThatName
from mailboxes.models import DeleteIntent, Mailbox

SECONDS = 600


@dataclass(frozen=True)
class Intent:
    """What was announced. Times are unix seconds."""

    id: int
    mailbox_id: int
    address: str
    expires_at: int


def announce(session: Session, admin: Administration, bearer: Bearer, mailbox_id: int) -> Intent:
    """Nothing happens to the mailbox yet. Raises NothingByThatName."""
    mailbox = active_in(session, admin, mailbox_id, lock=True)
    at = now()
    session.execute(delete(DeleteIntent).where(DeleteIntent.expires_at <= at))
    row = DeleteIntent(mailbox_id=mailbox.id, token_id=bearer.token_id, created_at=at, expires_at=at + SECONDS)
    session.add(row)
    session.flush()
    return _intent(row, mailbox)


def open_intent(session: Session, admin: Administration, bearer: Bearer, intent_id: int) -> Intent:
    """Raises NothingByThatName: it isn't there, has run out, was confirmed, or is another token's."""
    condition = (DeleteIntent.id == intent_id, DeleteIntent.token_id == bearer.token_id)
    row = session.scalar(select(DeleteIntent).where(*condition, DeleteIntent.expires_at > now()))
    if row is None:
        raise NothingByThatName(
            f"delete intent {intent_id}",
            public="There is no such delete intent, or it has run out. Announce it again, then confirm.",
        )
    return _intent(row, active_in(session, admin, row.mailbox_id))


def confirm(
    session: Session, admin: Administration, bearer: Bearer, doors: Doors, intent_id: int, mailbox_id: int | None = None
) -> Mailbox:
    """Into the bin. Raises NothingByThatName, also when `mailbox_id` says it should be another mailbox's intent."""
    intent = open_intent(session, admin, bearer, intent_id)
    if mailbox_id not in (None, intent.mailbox_id):
        raise NothingByThatName(
            f"delete intent {intent_id} isn't mailbox {mailbox_id}'s",
            public="That delete intent is another mailbox's. Nothing was deleted.",
        )
    return the_bin.trash(session, admin, doors, intent.mailbox_id)


def _intent(row: DeleteIntent, mailbox: Mailbox) -> Intent:
    return Intent(row.id, mailbox.id, mailbox.address, row.expires_at)
