"""Who runs an account in the console: one or more owners, never none."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from auth import logins, session_list
from auth.models import OWNER, Login, Owner
from auth.sessions import SessionEvents
from mailboxes.administration import Administration, account_of
from mailboxes.audit import record
from mailboxes.directory import insert_owner
from mailboxes.errors import LastOwner, NothingByThatName
from mailboxes.models import REGULAR, Domain, Mailbox


@dataclass(frozen=True)
class OwnerView:
    id: int
    email: str
    display_name: str
    second_factor: bool
    created_at: int


def owners_of(session: Session, admin: Administration) -> list[OwnerView]:
    """Everybody who runs the account, by e-mail."""
    query = select(Owner).where(Owner.account_id == admin.account_id).order_by(Owner.name)
    return [
        OwnerView(owner.id, owner.name, owner.display_name, owner.second_factor, owner.created_at)
        for owner in session.scalars(query)
    ]


def one_owner(session: Session, admin: Administration, owner_id: int) -> OwnerView:
    """Raises NothingByThatName."""
    for owner in owners_of(session, admin):
        if owner.id == owner_id:
            return owner
    raise NothingByThatName(f"owner {owner_id} in account {admin.account_id}")


def add(session: Session, admin: Administration, email: str, display_name: str, password_hash: str) -> None:
    """Raises BadAddress, BadName, AccountTaken."""
    account_of(session, admin, lock=True)
    insert_owner(session, admin.doer, admin.account_id, email, display_name, password_hash)


def remove(session: Session, admin: Administration, events: SessionEvents, owner_id: int) -> str:
    """Their sign-in and sessions end at once; their e-mail. Raises NothingByThatName, LastOwner."""
    account_of(session, admin, lock=True)
    owner = one_owner(session, admin, owner_id)
    if session.scalar(select(func.count()).where(Owner.account_id == admin.account_id)) == 1:
        raise LastOwner(owner.email)
    session_list.end_all(session, events, owner.id)
    session.execute(delete(Login).where(Login.id == owner.id))
    record(session, admin.doer, admin.account_id, "owner.removed", subject=owner.email)
    return owner.email


def may_be_written_to(session: Session, email: str) -> Owner | None:
    """The owner with this e-mail, when a letter to it reaches nobody else.

    None, too, when the address is a shared mailbox's (its members would read the letter), and when its domain was
    taken here by another account (who could make the mailbox and wait for the letter).
    """
    owner = logins.find(session, OWNER, email)
    if not isinstance(owner, Owner):
        return None
    account_id = session.scalar(select(Domain.account_id).where(Domain.name == owner.name.rpartition("@")[2]))
    if account_id is None:
        return owner
    kind = session.scalar(select(Mailbox.kind).where(Mailbox.address == owner.name))
    return owner if account_id == owner.account_id and kind == REGULAR else None


def is_local(session: Session, email: str) -> bool:
    """Whether mail for this address stays in the house."""
    return session.scalar(select(Domain.id).where(Domain.name == email.rpartition("@")[2].lower())) is not None
