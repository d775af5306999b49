"""Who has a share in a shared mailbox, and how that changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from auth.models import Person
from core.db import now
from mail import clean
from mailboxes.administration import Administration, active_in, mailboxes_in, member_in
from mailboxes.audit import Doer, record, record_each
from mailboxes.doors import Closing, Doors
from mailboxes.errors import AlreadyMember, LastMember, MemberNotEligible, NothingByThatName, NotShared
from mailboxes.models import ACTIVE, MAX_LABEL, REGULAR, SHARED, Mailbox, Membership


@dataclass(frozen=True)
class Member:
    """A membership as owners and programs see it. `id` is the membership's."""

    id: int
    member_mailbox_id: int
    email: str
    display_name: str
    can_send: bool
    custom_label: str
    created_at: int


def members_of(session: Session, mailbox: Mailbox) -> list[Member]:
    """Everybody with access, by name."""
    rows = session.execute(
        select(Membership, Mailbox)
        .join(Person, Person.id == Membership.login_id)
        .join(Mailbox, Mailbox.address == Person.name)
        .where(Membership.mailbox_id == mailbox.id)
    ).all()
    members = [_member(membership, own) for membership, own in rows]
    return sorted(members, key=lambda member: (member.display_name.casefold() or member.email, member.email))


def one_member(session: Session, membership: Membership) -> Member:
    own = session.scalars(select(Mailbox).where(Mailbox.address == membership.person.name)).one()
    return _member(membership, own)


def member_names(session: Session, mailbox: Mailbox) -> list[str]:
    """The addresses of everybody with access."""
    query = select(Person.name).join(Membership, Membership.login_id == Person.id)
    return list(session.scalars(query.where(Membership.mailbox_id == mailbox.id).order_by(Person.name)))


def add_members(
    session: Session,
    doer: Doer,
    mailbox: Mailbox,
    members: Sequence[Mailbox],
    *,
    can_send: bool = True,
    custom_label: str = "",
) -> list[Membership]:
    """Give people (by their own mailboxes) a share: all of them, or none.

    Raises NotShared, MemberNotEligible, AlreadyMember.
    """
    shared = locked(session, mailbox)
    people = eligible(session, shared.account_id, members)
    return join(session, doer, shared, people, can_send=can_send, custom_label=custom_label)


def add_members_by_id(
    session: Session,
    admin: Administration,
    mailbox_id: int,
    member_mailbox_ids: list[int],
    *,
    can_send: bool = True,
    custom_label: str = "",
) -> list[Membership]:
    """The same, for an owner. Raises NothingByThatName too, saying which id is none of the account's."""
    shared = active_in(session, admin, mailbox_id, lock=True)
    members = mailboxes_in(session, admin, member_mailbox_ids)
    return add_members(session, admin.doer, shared, members, can_send=can_send, custom_label=custom_label)


def remove_member(session: Session, doer: Doer, doors: Doors, mailbox: Mailbox, member: Mailbox) -> None:
    """Take a person's share away, at once. Raises NotShared, NothingByThatName, LastMember."""
    shared = locked(session, mailbox)
    remove(session, doer, doors, shared, find_membership(session, shared, member))


def remove_membership(
    session: Session, admin: Administration, doors: Doors, mailbox_id: int, membership_id: int
) -> Member:
    """The same, for an owner; who it was."""
    shared = locked(session, active_in(session, admin, mailbox_id, lock=True))
    membership = member_in(session, shared, membership_id)
    member = one_member(session, membership)
    remove(session, admin.doer, doors, shared, membership)
    return member


def remove(session: Session, doer: Doer, doors: Doors, shared: Mailbox, membership: Membership) -> None:
    """Take it away from a *locked* mailbox. Raises LastMember.

    Of two owners removing the last two members, the second counts one.
    """
    name = membership.person.name
    count = session.scalar(select(func.count()).where(Membership.mailbox_id == shared.id))
    if count == 1:
        raise LastMember(f"{name} in {shared.address}")
    session.delete(membership)
    session.flush()
    record(session, doer, shared.account_id, "member.removed", mailbox=shared.address, subject=name)
    doors.close_after_commit(session, Closing(shared.address, name))


def change_membership(
    session: Session,
    admin: Administration,
    doors: Doors,
    mailbox_id: int,
    membership_id: int,
    *,
    can_send: bool | None = None,
    custom_label: str | None = None,
) -> Member:
    """Let a member reply or make them read-only, at once, and name the mailbox for them; None leaves a thing as it is.

    Raises NotShared, MemberGone.
    """
    shared = locked(session, active_in(session, admin, mailbox_id, lock=True))
    membership = member_in(session, shared, membership_id)
    if can_send is not None:
        set_can_send(session, admin.doer, doors, shared, membership, can_send=can_send)
    if custom_label is not None:
        set_label(session, admin.doer, shared, membership, custom_label)
    return one_member(session, membership)


def set_can_send(
    session: Session, doer: Doer, doors: Doors, shared: Mailbox, membership: Membership, *, can_send: bool
) -> None:
    """Let this member reply, or make them read-only, at once on every door."""
    if membership.can_send == can_send:
        return
    membership.can_send = can_send
    name = membership.person.name
    action = "member.can_reply" if can_send else "member.read_only"
    record(session, doer, shared.account_id, action, mailbox=shared.address, subject=name)
    doors.close_after_commit(session, Closing(shared.address, name))


def set_label(session: Session, doer: Doer, shared: Mailbox, membership: Membership, label: str) -> None:
    """What the mailbox is called in this member's switcher; empty: its own name."""
    label = clean.name(label, MAX_LABEL)
    if membership.custom_label == label:
        return
    membership.custom_label = label
    name = membership.person.name
    record(session, doer, shared.account_id, "member.labelled", mailbox=shared.address, subject=name, detail=label)


def find_membership(session: Session, mailbox: Mailbox, member: Mailbox) -> Membership:
    """Raises NothingByThatName."""
    query = select(Membership).join(Membership.person)
    found = session.scalar(query.where(Membership.mailbox_id == mailbox.id, Person.name == member.address))
    if found is None:
        raise NothingByThatName(
            f"{member.address} in {mailbox.address}", public=f"{member.address} isn't a member of {mailbox.address}."
        )
    return found


def eligible(session: Session, account_id: int, members: Sequence[Mailbox]) -> list[Person]:
    """The people behind these mailboxes. Raises MemberNotEligible, naming the first who can't be a member."""
    addresses = [member.address for member in members]
    people = {
        person.name: person
        for person in session.scalars(
            select(Person)
            .join(Mailbox, Mailbox.address == Person.name)
            .where(
                Person.name.in_(addresses),
                Mailbox.account_id == account_id,
                Mailbox.kind == REGULAR,
                Mailbox.status == ACTIVE,
            )
        )
    }
    for address in addresses:
        if address not in people:
            raise MemberNotEligible(
                f"{address} in account {account_id}",
                public=f"{address} can't be a member: only a person with a mailbox of their own can. Nobody was added.",
            )
    return [people[address] for address in dict.fromkeys(addresses)]


def join(
    session: Session,
    doer: Doer,
    mailbox: Mailbox,
    people: Sequence[Person],
    *,
    can_send: bool,
    custom_label: str = "",
) -> list[Membership]:
    """A share for each, with its audit entry, in a handful of statements however many they are.

    Raises AlreadyMember, naming the first who is inside.
    """
    inside = set(member_names(session, mailbox))
    for person in people:
        if person.name in inside:
            raise _already(person.name, mailbox)
    label = clean.name(custom_label, MAX_LABEL)
    rows = [
        {"mailbox_id": mailbox.id, "login_id": person.id, "can_send": can_send, "custom_label": label}
        | {"mailbox_kind": SHARED, "created_at": now()}
        for person in people
    ]
    try:
        with session.begin_nested():
            session.execute(insert(Membership), rows)
    except IntegrityError as error:
        raise _already(people[0].name if len(people) == 1 else "One of them", mailbox) from error
    detail = "can reply" if can_send else "read-only"
    names = [person.name for person in people]
    record_each(session, doer, mailbox.account_id, "member.added", names, mailbox=mailbox.address, detail=detail)
    joined = Membership.login_id.in_([person.id for person in people])
    return list(session.scalars(select(Membership).where(Membership.mailbox_id == mailbox.id, joined)))


def locked(session: Session, mailbox: Mailbox) -> Mailbox:
    """The mailbox, held until the commit, so that changes to its members come one after the other. Raises NotShared."""
    fresh = session.scalars(
        select(Mailbox).where(Mailbox.id == mailbox.id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if not fresh.is_shared:
        raise NotShared(fresh.address)
    return fresh


def _already(who: str, mailbox: Mailbox) -> AlreadyMember:
    return AlreadyMember(f"{who} in {mailbox.address}", public=f"{who} has access to {mailbox.address} already.")


def _member(membership: Membership, own: Mailbox) -> Member:
    return Member(
        id=membership.id,
        member_mailbox_id=own.id,
        email=own.address,
        display_name=own.display_name,
        can_send=membership.can_send,
        custom_label=membership.custom_label,
        created_at=membership.created_at,
    )
