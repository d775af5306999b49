"""From which senders a person always wants to see remote images."""

from sqlalchemy import bindparam, delete, select
from sqlalchemy.exc import IntegrityError

from auth.actor import Actor
from core.db import Database, now
from mailboxes.models import ImageConsent

# Every opened message asks it, so it is put together once.
_ALLOWED = select(ImageConsent.id).where(
    ImageConsent.login_id == bindparam("login_id"), ImageConsent.sender == bindparam("sender")
)


LONGEST_SENDER = 320  # in characters: of a longer address nothing is remembered


def allows(db: Database, actor: Actor, sender: str) -> bool:
    """Whether this person said so of this address."""
    with db.read() as session:
        return session.scalar(_ALLOWED, {"login_id": actor.login_id, "sender": sender.lower()}) is not None


def allow(db: Database, actor: Actor, sender: str) -> None:
    """Remember it, if it isn't too long; a second time changes nothing."""
    if len(sender) > LONGEST_SENDER:
        return
    try:
        with db.write() as session:
            session.add(ImageConsent(login_id=actor.login_id, sender=sender.lower(), created_at=now()))
    except IntegrityError:
        return


def forget(db: Database, actor: Actor, sender: str) -> None:
    """Take it back; where nothing was allowed, nothing changes."""
    with db.write() as session:
        session.execute(
            delete(ImageConsent).where(ImageConsent.login_id == actor.login_id, ImageConsent.sender == sender.lower())
        )
