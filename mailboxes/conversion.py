"""Conversion: a person's mailbox becomes shared, or a shared one a person's. All or nothing, and the mail stays."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from auth import app_passwords, resets, session_list
from auth.models import Owner, Person
from core.db import now
from mailboxes.administration import Administration, active_in
from mailboxes.audit import record, record_each
from mailboxes.directory import check_room, let_sign_in, locked_domain
from mailboxes.doors import Closing, Doors
from mailboxes.errors import AlreadyShared, MemberNeeded, MemberNotEligible, NotShared
from mailboxes.memberships import eligible, join, member_names
from mailboxes.models import REGULAR, SHARED, Mailbox, Membership


@dataclass(frozen=True)
class Preview:
    """What a conversion, or deleting, will end, so that nobody is surprised. Everything in it stands by address."""

    sessions: int = 0
    app_passwords: int = 0
    second_factor: bool = False
    memberships: tuple[str, ...] = ()  # the shared mailboxes the person works in
    last_in: tuple[str, ...] = ()  # those of them that nobody else works in
    members: tuple[str, ...] = ()
    is_an_owners: bool = False  # an owner's forgotten-password letters go here


def preview(session: Session, admin: Administration, mailbox_id: int) -> Preview:
    """Raises NothingByThatName."""
    mailbox = active_in(session, admin, mailbox_id)
    person = session.scalar(select(Person).where(Person.name == mailbox.address))
    if person is None:
        return Preview(members=tuple(member_names(session, mailbox)))
    return Preview(
        sessions=len(session_list.listing(session, person.id, 0, now())),
        app_passwords=app_passwords.count(session, person.id),
        second_factor=person.second_factor,
        memberships=tuple(shared_with(session, person)),
        last_in=tuple(_last_in(session, person)),
        is_an_owners=session.scalar(select(Owner.id).where(Owner.name == mailbox.address)) is not None,
    )


def _last_in(session: Session, person: Person) -> list[str]:
    alone = select(Membership.mailbox_id).group_by(Membership.mailbox_id).having(func.count() == 1)
    query = select(Mailbox.address).join(Membership, Membership.mailbox_id == Mailbox.id)
    query = query.where(Membership.login_id == person.id, Mailbox.id.in_(alone))
    return list(session.scalars(query.order_by(Mailbox.address)))


def to_shared(
    session: Session, admin: Administration, doors: Doors, mailbox_id: int, members: Sequence[Mailbox]
) -> Mailbox:
    """The person's sign-in goes, with its password, second factor, sessions, keys, app passwords and memberships.

    Raises NothingByThatName, AlreadyShared, MemberNeeded, MemberNotEligible, PlanLimitReached.
    """
    mailbox = active_in(session, admin, mailbox_id, lock=True)
    if mailbox.is_shared:
        raise AlreadyShared(mailbox.address)
    if not members:
        raise MemberNeeded(mailbox.address)
    if any(member.id == mailbox.id for member in members):
        raise MemberNotEligible(mailbox.address, public="A mailbox can't be a member of itself.")
    check_room(session, locked_domain(session, mailbox.domain_id), mailboxes=0, shared=1)
    people = eligible(session, mailbox.account_id, members)
    _end_sign_in(session, admin, doors, mailbox)
    mailbox.kind = SHARED
    session.flush()
    record(session, admin.doer, mailbox.account_id, "mailbox.converted_to_shared", mailbox=mailbox.address)
    join(session, admin.doer, mailbox, people, can_send=True)
    return mailbox


def to_regular(session: Session, admin: Administration, doors: Doors, mailbox_id: int, password_hash: str) -> Mailbox:
    """The members go, and a person can sign in again, with the password of this hash.

    Raises NothingByThatName, NotShared.
    """
    mailbox = active_in(session, admin, mailbox_id, lock=True)
    if not mailbox.is_shared:
        raise NotShared(mailbox.address)
    gone = member_names(session, mailbox)
    record_each(session, admin.doer, mailbox.account_id, "member.removed", gone, mailbox=mailbox.address)
    session.execute(delete(Membership).where(Membership.mailbox_id == mailbox.id))
    mailbox.kind = REGULAR
    session.flush()
    let_sign_in(session, mailbox, password_hash)
    record(session, admin.doer, mailbox.account_id, "mailbox.converted_to_regular", mailbox=mailbox.address)
    doors.close_after_commit(session, Closing(mailbox.address))
    return mailbox


def _end_sign_in(session: Session, admin: Administration, doors: Doors, mailbox: Mailbox) -> None:
    """Remove the sign-in of a person's mailbox and whatever it opens; close every door it held open.

    A link for an owner's forgotten password that lies in this mailbox would be everybody's: it goes too.
    """
    person = session.scalar(select(Person).where(Person.name == mailbox.address).with_for_update())
    if person is None:
        return
    for address in shared_with(session, person):
        record(session, admin.doer, mailbox.account_id, "member.removed", mailbox=address, subject=person.name)
        doors.close_after_commit(session, Closing(address, mailbox.address))
    session.delete(person)
    session.flush()
    for owner_id in session.scalars(select(Owner.id).where(Owner.name == mailbox.address)):
        resets.void(session, owner_id)
    doors.close_after_commit(session, Closing(mailbox.address))


def shared_with(session: Session, person: Person) -> list[str]:
    """The shared mailboxes the person works in."""
    query = select(Mailbox.address).join(Membership, Membership.mailbox_id == Mailbox.id)
    return list(session.scalars(query.where(Membership.login_id == person.id).order_by(Mailbox.address)))
