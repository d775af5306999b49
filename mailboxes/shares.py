"""A member's own side of a share: what they call the mailbox, and leaving it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from auth.actor import Actor
from mailboxes.audit import Doer
from mailboxes.doors import Doors
from mailboxes.errors import LastMember, MailboxNotFound
from mailboxes.memberships import locked, remove, set_label
from mailboxes.models import ACTIVE, Mailbox, Membership


@dataclass(frozen=True)
class Share:
    """`id` is the membership's; `custom_label` is empty when the mailbox goes by its own name."""

    id: int
    address: str
    display_name: str
    custom_label: str
    can_send: bool


def shares_of(session: Session, actor: Actor) -> list[Share]:
    """Every shared mailbox this person works in, by address."""
    rows = session.execute(
        select(Membership, Mailbox)
        .join(Membership.mailbox)
        .where(Membership.login_id == actor.login_id, Mailbox.status == ACTIVE)
        .order_by(Mailbox.address)
    ).all()
    return [
        Share(share.id, mailbox.address, mailbox.display_name, share.custom_label, share.can_send)
        for share, mailbox in rows
    ]


def label(session: Session, doer: Doer, actor: Actor, membership_id: int, text: str) -> None:
    """Raises MailboxNotFound for a share that isn't theirs."""
    membership = _own(session, actor, membership_id)
    set_label(session, doer, membership.mailbox, membership, text)


def leave(session: Session, doer: Doer, doors: Doors, actor: Actor, membership_id: int) -> str:
    """Give the share up, at once; the mailbox's address. Raises MailboxNotFound, LastMember."""
    shared = locked(session, _own(session, actor, membership_id).mailbox)
    # Asked again under the lock: an owner may have removed them while this waited.
    membership = _own(session, actor, membership_id)
    try:
        remove(session, doer, doors, shared, membership)
    except LastMember as error:
        raise LastMember(
            str(error),
            public=f"You are the last member of {shared.address}, and it needs one. "
            "Ask the owner of the account to add somebody else first.",
        ) from error
    return shared.address


def _own(session: Session, actor: Actor, membership_id: int) -> Membership:
    found = session.scalar(
        select(Membership)
        .join(Membership.mailbox)
        .where(Membership.id == membership_id, Membership.login_id == actor.login_id, Mailbox.status == ACTIVE)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise MailboxNotFound(f"{actor.address} has no share {membership_id}")
    return found
