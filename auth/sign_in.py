"""The way in: the password, then the second factor.

No transaction is open while a password is hashed: it takes a tenth of a second, and a database has one writer.
"""

import logging
from dataclasses import replace
from typing import Literal

from sqlalchemy.orm import Session

from auth import known_browsers, logins, recovery, sessions, throttle, totp
from auth.actor import Client
from auth.errors import SignInExpired, WrongCode, WrongCredentials, WrongPassword
from auth.models import PERSON, Login
from auth.passwords import hash_password, needs_rehash, verify_password
from auth.sessions import Started
from core.db import Database, now
from core.vault import Vault

Limits = tuple[tuple[str, throttle.Limit], ...]
CodeKind = Literal["app", "recovery"]
_log = logging.getLogger(__name__)


def with_password(db: Database, vault: Vault, name: str, password: str, client: Client, role: str = PERSON) -> Started:
    """The first step. The session is full, or pending when a second factor is still owed.

    Raises WrongCredentials, the same and after the same work whether the address is unknown, a shared mailbox's or
    somebody's; TooManyAttempts.
    """
    name = logins.normal_name(name)
    limits = _limits(vault, role, name, client)
    _count_password(db, limits)
    with db.read() as session:
        login = logins.find(session, role, name)
        login_id, stored = (login.id, login.password_hash) if login else (None, None)
    if not verify_password(stored, password) or login_id is None or stored is None:
        _log.info("sign-in refused", extra={"login_id": login_id, "client": client.address})
        raise WrongCredentials("wrong password" if login_id else "unknown address")
    fresh = hash_password(password) if needs_rehash(stored) else stored
    with db.write() as session:
        current = logins.get(session, login_id, lock=True)
        if current is None or current.password_hash != stored:
            raise WrongCredentials("the password was changed while it was checked")
        current.password_hash = fresh
        forgive_password(session, limits)
        started = sessions.start(session, vault, current, client, now())
    _log.info("password accepted", extra={"login_id": login_id, "state": started.state, "client": client.address})
    return started


def with_code(db: Database, vault: Vault, token: str, code: str, role: str = PERSON) -> Started:
    """The second step: a code of the authenticator app, or a recovery code; the session is full, under a new token.

    Raises WrongCode, TooManyAttempts (the right code isn't taken either), SignInExpired.
    """
    at = now()
    with db.write() as session:
        row = sessions.pending(session, token, role, at)
        login = logins.get(session, row.login_id, lock=True) if row else None
        if row is None or login is None or not login.second_factor:
            raise SignInExpired("no pending session")
        right = spend_code(session, vault, login, code, at)
        started = sessions.promote(session, vault, row, login, at) if right else None
        left = recovery.left(session, login.id) if right == "recovery" else None
    # Raised outside the block: the attempt must stay counted.
    if started is None:
        _log.info("second factor refused", extra={"login_id": login.id})
        raise WrongCode("wrong or used code")
    _log.info("second factor accepted", extra={"login_id": login.id, "by": right})
    return replace(started, recovery_codes_left=left)


def is_pending(db: Database, token: str, role: str = PERSON) -> bool:
    """True while this token awaits its second factor."""
    with db.read() as session:
        return sessions.pending(session, token, role, now()) is not None


def confirm_password(db: Database, login_id: int, password: str, client: Client) -> str:
    """Ask a signed-in person for their password again, before a step that must not be made by whoever sits there.

    Returns the stored hash it was checked against. Raises WrongPassword, TooManyAttempts.
    """
    with db.read() as session:
        login = logins.get(session, login_id)
        if login is None:
            raise SignInExpired("the sign-in is gone")
        role, name, stored = login.role, login.name, login.password_hash
    # Who is signed in isn't locked out by strangers who share their network.
    limits = throttle.password_limits(role, name, client.address)[:2]
    _count_password(db, limits)
    if stored is None or not verify_password(stored, password):
        raise WrongPassword("wrong password")
    with db.write() as session:
        forgive_password(session, limits)
    return stored


def spend_code(session: Session, vault: Vault, login: Login, code: str, at: int) -> CodeKind | None:
    """Count the attempt, and use the code up when it is right; what kind it was, or None for a wrong one.

    Raises TooManyAttempts while the account waits.
    """
    waiting = throttle.key("code", str(login.id))
    throttle.take(session, waiting, throttle.CODE, at)
    kind = _code_kind(session, vault, login, "".join(code.split()), at)
    if kind:
        throttle.clear(session, waiting)
    return kind


def _code_kind(session: Session, vault: Vault, login: Login, code: str, at: int) -> CodeKind | None:
    if totp.verify_and_burn(session, vault, login, code, at):
        return "app"
    return "recovery" if recovery.redeem(session, vault, login, code, at) else None


def _limits(vault: Vault, role: str, name: str, client: Client) -> Limits:
    browser = known_browsers.recognised(vault, role, name, client.mark, now())
    return (
        throttle.known_limits(role, name, browser) if browser else throttle.password_limits(role, name, client.address)
    )


def _count_password(db: Database, limits: Limits) -> None:
    at = now()
    with db.write() as session:
        for key, limit in limits:
            throttle.take(session, key, limit, at)


def forgive_password(session: Session, limits: Limits) -> None:
    """They have shown who they are: earlier mistakes from here don't count any more."""
    (here, _), *wider = limits
    throttle.clear(session, here)
    for key, _ in wider:
        throttle.give_back(session, key)
