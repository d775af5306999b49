"""What an owner may do about a person's sign-in: a new password, a lost second factor, lost devices.

A shared mailbox has no sign-in; whatever is asked of it here is refused.
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from auth import app_passwords, logins, second_factor, session_list
from auth.app_passwords import AppPasswordView
from auth.models import Person
from auth.session_list import SessionView
from auth.sessions import SessionEvents
from core.db import now
from mailboxes.administration import Administration, active_in
from mailboxes.audit import record
from mailboxes.errors import NoSignIn, NothingByThatName
from mailboxes.models import Mailbox


@dataclass(frozen=True)
class SignIn:
    """Where a person's sign-in stands. Nothing here opens anything."""

    second_factor: bool
    password_changed_at: int
    app_passwords: list[AppPasswordView]
    sessions: list[SessionView]


def sign_in_of(session: Session, admin: Administration, mailbox_id: int) -> SignIn:
    """Raises NothingByThatName, NoSignIn."""
    person = _person(session, active_in(session, admin, mailbox_id))
    return SignIn(
        person.second_factor,
        person.password_changed_at,
        app_passwords.listing(session, person.id),
        session_list.listing(session, person.id, 0, now()),
    )


def password_mark(session: Session, mailbox: Mailbox) -> str:
    """Another text after every change of the password; says nothing about it. Empty where there is no sign-in."""
    stored = (
        None
        if mailbox.is_shared
        else session.scalar(select(Person.password_hash).where(Person.name == mailbox.address))
    )
    return hashlib.sha256(stored.encode()).hexdigest() if stored else ""


def set_password(
    session: Session, admin: Administration, events: SessionEvents, mailbox_id: int, password_hash: str
) -> None:
    """Their sessions and connections end; second factor and app passwords stay. Raises NothingByThatName, NoSignIn."""
    mailbox, person = _held(session, admin, mailbox_id)
    person.password_hash, person.password_changed_at = password_hash, now()
    session.flush()
    session_list.end_all(session, events, person.id)
    session_list.cut_connections(session, events, person)
    record(session, admin.doer, mailbox.account_id, "password.set", mailbox=mailbox.address, subject=person.name)


def withdraw_second_factor(session: Session, admin: Administration, events: SessionEvents, mailbox_id: int) -> None:
    """For a lost phone. Sessions end: whoever goes on must know the password. Raises NothingByThatName, NoSignIn."""
    mailbox, person = _held(session, admin, mailbox_id)
    second_factor.withdraw(session, person)
    session_list.end_all(session, events, person.id)
    record(session, admin.doer, mailbox.account_id, "second_factor.off", mailbox=mailbox.address, subject=person.name)


def revoke_app_password(
    session: Session, admin: Administration, events: SessionEvents, mailbox_id: int, app_password_id: int
) -> str:
    """Its label. Raises NothingByThatName, NoSignIn."""
    mailbox, person = _held(session, admin, mailbox_id)
    label = app_passwords.revoke(session, events, person.id, app_password_id)
    if label is None:
        raise NothingByThatName(f"app password {app_password_id} of {mailbox.address}")
    record(
        session,
        admin.doer,
        mailbox.account_id,
        "app_password.revoked",
        mailbox=mailbox.address,
        subject=person.name,
        detail=label,
    )
    return label


def end_sessions(session: Session, admin: Administration, events: SessionEvents, mailbox_id: int) -> int:
    """Sign the person out everywhere; how many sessions there were. Raises NothingByThatName, NoSignIn."""
    mailbox, person = _held(session, admin, mailbox_id)
    ended = session_list.end_all(session, events, person.id)
    session_list.cut_connections(session, events, person)
    record(session, admin.doer, mailbox.account_id, "session.ended", mailbox=mailbox.address, subject=person.name)
    return ended


def _held(session: Session, admin: Administration, mailbox_id: int) -> tuple[Mailbox, Person]:
    mailbox = active_in(session, admin, mailbox_id, lock=True)
    person = _person(session, mailbox)
    logins.get(session, person.id, lock=True)
    return mailbox, person


def _person(session: Session, mailbox: Mailbox) -> Person:
    person = None if mailbox.is_shared else session.scalar(select(Person).where(Person.name == mailbox.address))
    if person is None:
        raise NoSignIn(mailbox.address)
    return person
