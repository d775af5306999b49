"""Accounts, domains and mailboxes: how they come to be."""

import re
from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from auth.models import Owner, Person
from auth.passwords import check_strength, hash_password
from core.db import now
from mail import clean
from mail.domains import ascii_domain
from mail.message.addresses import spec
from mailboxes.audit import Doer, record
from mailboxes.errors import (
    AccountTaken,
    AddressTaken,
    BadAddress,
    BadDomain,
    BadRoleMailbox,
    DomainNotEmpty,
    DomainTaken,
    MemberNeeded,
    NothingByThatName,
    PlanLimitReached,
)
from mailboxes.memberships import eligible, join
from mailboxes.models import ACTIVE, MAX_NAME, REGULAR, SHARED, Account, Domain, Mailbox
from mailboxes.naming import name_for
from mailboxes.plans import PLANS, Plan

T = TypeVar("T")

# RFC 5321 §4.5.3.1 allows more; these are the local parts that every mail program and spreadsheet takes. Without "+":
# mail for ana+lists@ is ana's (RFC 5233).
_LOCAL_PART = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?", re.ASCII)
_LONGEST_EMAIL = 254  # a path of RFC 5321 §4.5.3.1.3 without its brackets
_DOMAIN = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])", re.ASCII
)


def create_account(session: Session, name: str, plan: str) -> Account:
    """Raises AccountTaken, NothingByThatName for a plan that isn't sold."""
    if plan not in PLANS:
        raise NothingByThatName(f"plan {plan!r}", public=f"There is no plan {plan}. Plans: {', '.join(PLANS)}.")
    account = Account(name=clean.name(name, MAX_NAME), plan=plan, created_at=now())
    return _insert(session, account, AccountTaken)


def add_owner(session: Session, doer: Doer, account: Account, email: str, display_name: str, password: str) -> Owner:
    """Somebody who runs the account in the console. Raises WeakPassword, BadAddress, BadName, AccountTaken."""
    check_strength(password, email)
    return insert_owner(session, doer, account.id, email, display_name, hash_password(password))


def insert_owner(
    session: Session, doer: Doer, account_id: int, email: str, display_name: str, password_hash: str
) -> Owner:
    """The same, for whoever hashed the password before the transaction began.

    Raises BadAddress, BadName, AccountTaken.
    """
    name = spec(email.lower() if email.isascii() else email)
    if name is None or len(name) > _LONGEST_EMAIL or not _DOMAIN.fullmatch(name.rpartition("@")[2]):
        raise BadAddress(f"owner {email!r}", public="Enter an email address such as olive@example.com.")
    owner = Owner(
        name=name,
        display_name=name_for(name, display_name),
        password_hash=password_hash,
        account_id=account_id,
        password_changed_at=now(),
        created_at=now(),
    )
    _insert(session, owner, AccountTaken)
    record(session, doer, account_id, "owner.added", subject=owner.name)
    return owner


def add_domain(session: Session, doer: Doer, account: Account, name: str) -> Domain:
    """Kept as DNS knows it; `münchen.test` is one, too. Raises BadDomain, DomainTaken."""
    ascii_name = ascii_domain(name)
    if ascii_name is None or not _DOMAIN.fullmatch(ascii_name):
        shown = clean.name(name, 100)
        raise BadDomain(f"domain {name!r}", public=f"{shown} isn't a domain name such as example.com.")
    domain = _insert(session, Domain(account_id=account.id, name=ascii_name, created_at=now()), DomainTaken)
    record(session, doer, account.id, "domain.added", subject=ascii_name)
    return domain


def add_person(
    session: Session, doer: Doer, domain: Domain, local_part: str, display_name: str, password: str
) -> Mailbox:
    """A regular mailbox and the sign-in of the person it belongs to.

    Raises BadAddress, BadName, AddressTaken, WeakPassword, PlanLimitReached.
    """
    check_strength(password, f"{local_part}@{domain.name}")
    return add_regular(session, doer, domain, local_part, display_name, hash_password(password))


def add_regular(
    session: Session, doer: Doer, domain: Domain, local_part: str, display_name: str, password_hash: str
) -> Mailbox:
    """The same, for whoever hashed the password before the transaction began: it takes a tenth of a second.

    Raises BadAddress, BadName, AddressTaken, PlanLimitReached.
    """
    mailbox = _add_mailbox(session, domain, local_part, display_name, REGULAR)
    let_sign_in(session, mailbox, password_hash)
    record(session, doer, mailbox.account_id, "mailbox.added", mailbox=mailbox.address)
    return mailbox


def let_sign_in(session: Session, mailbox: Mailbox, password_hash: str) -> None:
    """The person of a regular mailbox, with this password and nothing else yet."""
    session.add(
        Person(
            name=mailbox.address,
            mailbox_kind=REGULAR,
            display_name=mailbox.display_name,
            password_hash=password_hash,
            password_changed_at=now(),
            created_at=now(),
        )
    )
    session.flush()


def add_shared(
    session: Session,
    doer: Doer,
    domain: Domain,
    local_part: str,
    display_name: str,
    members: list[Mailbox],
    *,
    readers: Sequence[Mailbox] = (),
) -> Mailbox:
    """A shared mailbox with its first members, who may reply, and `readers`, who may not.

    It has no password, and can't have one.

    Raises MemberNeeded, MemberNotEligible, BadAddress, BadName, AddressTaken, PlanLimitReached.
    """
    if not members:
        raise MemberNeeded(f"{local_part}@{domain.name}")
    people = eligible(session, domain.account_id, members)
    only_readers = eligible(session, domain.account_id, readers)
    mailbox = _add_mailbox(session, domain, local_part, display_name, SHARED)
    record(session, doer, mailbox.account_id, "mailbox.added", mailbox=mailbox.address, detail=SHARED)
    join(session, doer, mailbox, people, can_send=True)
    if only_readers:
        join(session, doer, mailbox, only_readers, can_send=False)
    return mailbox


def check_address(session: Session, domain: Domain, local_part: str, kind: str) -> str:
    """The address that would be made. Raises what making it would raise now: BadAddress, AddressTaken, …"""
    local_part = local_part.strip().lower()
    if not _LOCAL_PART.fullmatch(local_part) or ".." in local_part:
        raise BadAddress(f"local part {local_part!r}")
    address = f"{local_part}@{domain.name}"
    status = session.scalar(select(Mailbox.status).where(Mailbox.address == address))
    if status == ACTIVE:
        raise AddressTaken(address, public=f"{address} is taken already. Choose another name.")
    if status is not None:
        raise AddressTaken(address, public=f"{address} is in the bin. Restore it there, or choose another name.")
    check_room(session, domain, mailboxes=1, shared=int(kind == SHARED))
    return address


def remove_domain(session: Session, doer: Doer, domain: Domain) -> None:
    """Raises DomainNotEmpty while a mailbox is left, in use or in the bin."""
    name, account_id = domain.name, domain.account_id
    try:
        with session.begin_nested():
            session.execute(delete(Domain).where(Domain.id == domain.id))
    except IntegrityError as error:
        raise DomainNotEmpty(name) from error
    record(session, doer, account_id, "domain.removed", subject=name)


def choose_role_mailbox(session: Session, doer: Doer, domain: Domain, address: str) -> None:
    """Who gets postmaster@ and abuse@ of the domain, where no mailbox has that name: a mailbox in use of its account.

    "" leaves it to the servers: an owner's own mailbox, else the oldest of the domain. Raises BadRoleMailbox.
    """
    chosen = address.strip().lower()
    if chosen:
        here = (Mailbox.account_id == domain.account_id, Mailbox.status == ACTIVE)
        if session.scalar(select(Mailbox.id).where(Mailbox.address == chosen, *here)) is None:
            shown = clean.name(chosen, 100)
            raise BadRoleMailbox(
                chosen, public=f"There is no mailbox {shown} in this account. Name one that is in use."
            )
    if chosen != domain.role_address:
        domain.role_address = chosen
        record(session, doer, domain.account_id, "domain.role_mailbox", mailbox=chosen, subject=domain.name)


def find_account(session: Session, name: str) -> Account:
    """Raises NothingByThatName."""
    return _found(session.scalar(select(Account).where(Account.name == name)), name)


def find_domain(session: Session, name: str) -> Domain:
    """Raises NothingByThatName."""
    return _found(session.scalar(select(Domain).where(Domain.name == (ascii_domain(name) or name))), name)


def find_mailbox(session: Session, address: str) -> Mailbox:
    """For those who run the house and may see every mailbox; people come through `open_mailbox`.

    Raises NothingByThatName.
    """
    return _found(session.scalar(select(Mailbox).where(Mailbox.address == address.lower())), address)


def _add_mailbox(session: Session, domain: Domain, local_part: str, display_name: str, kind: str) -> Mailbox:
    domain = locked_domain(session, domain.id)
    address = check_address(session, domain, local_part, kind)
    mailbox = Mailbox(
        account_id=domain.account_id,
        domain_id=domain.id,
        local_part=address.partition("@")[0],
        address=address,
        kind=kind,
        display_name=name_for(address, display_name),
        created_at=now(),
    )
    return _insert(session, mailbox, AddressTaken)


def locked_domain(session: Session, domain_id: int) -> Domain:
    """The domain, held until the commit: of two requests for the last place, the second counts the first."""
    return session.scalars(select(Domain).where(Domain.id == domain_id).with_for_update()).one()


def check_room(session: Session, domain: Domain, *, mailboxes: int, shared: int) -> None:
    """Raises PlanLimitReached when the plan has no room on the (locked) domain for so many more of either."""
    plan = PLANS[domain.account.plan]
    here = select(func.count()).select_from(Mailbox).where(Mailbox.domain_id == domain.id, Mailbox.status == ACTIVE)
    for more, counted, limit, what in (
        (shared, here.where(Mailbox.kind == SHARED), plan.shared_per_domain, "shared mailboxes"),
        (mailboxes, here, plan.mailboxes_per_domain, "mailboxes"),
    ):
        count = session.scalar(counted) or 0
        if more and count + more > limit:
            words = _limit_words(plan, domain.name, what, limit, count)
            raise PlanLimitReached(f"{domain.name}: {count} of {limit} {what}", public=words)


def _limit_words(plan: Plan, domain: str, what: str, limit: int, count: int) -> str:
    """The number, the plan, and the way out."""
    larger = next((name for name, other in PLANS.items() if other.mailboxes_per_domain > plan.mailboxes_per_domain), "")
    way_out = f"Move to a larger plan, such as {larger}" if larger else "Use another domain"
    if limit == 0:
        return f"The {plan.name} plan includes 0 {what} per domain. {way_out}."
    remove = f", or delete one of the {count} on {domain} that you no longer need" if count else ""
    return f"The {plan.name} plan includes {limit} {what} per domain, and {domain} has {count}. {way_out}{remove}."


def _insert(session: Session, row: T, taken: type[AccountTaken | AddressTaken | DomainTaken]) -> T:
    """Insert, and let the database decide who was first."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise taken(str(error.orig)) from error
    return row


def _found(row: T | None, name: str) -> T:
    if row is None:
        raise NothingByThatName(f"{name!r}", public=f"There is nothing called {name} here.")
    return row
