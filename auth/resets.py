"""The way back in for an owner who forgot their password: a link by mail, good once and for half an hour.

It sets a password and nothing else. Nobody is signed in by it, and the second factor is asked for as ever.
"""

import hashlib
import secrets

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from auth import logins, session_list, sign_in, throttle
from auth.actor import Client
from auth.errors import ResetExpired, TooManyAttempts
from auth.models import OWNER, Login, PasswordReset
from auth.passwords import check_strength, hash_password
from auth.sessions import SessionEvents
from core.db import Also, Database, nothing, now

SECONDS = 1800


def may_ask(db: Database, name: str, client: Client) -> bool:
    """Count a request. False when enough letters were asked for this address, known or not, lately.

    Raises TooManyAttempts when the network asked for too many.
    """
    at = now()
    with db.write() as session:
        network = throttle.key("reset-client", throttle.network(client.address))
        throttle.take(session, network, throttle.RESET_CLIENT, at)
    try:
        with db.write() as session:
            throttle.take(session, throttle.key("reset-account", name), throttle.RESET_ACCOUNT, at)
    except TooManyAttempts:
        return False
    return True


def issue(session: Session, login: Login, at: int) -> str:
    """What the link carries. It is kept nowhere else; links from before stay good for their half hour."""
    token = secrets.token_urlsafe(32)
    session.execute(delete(PasswordReset).where(PasswordReset.expires_at <= at))
    session.add(PasswordReset(login_id=login.id, token_sha256=_sha256(token), created_at=at, expires_at=at + SECONDS))
    return token


def holder(session: Session, token: str, at: int) -> Login | None:
    """Whose link this is, while it is good."""
    query = select(PasswordReset.login_id).where(
        PasswordReset.token_sha256 == _sha256(token), PasswordReset.expires_at > at
    )
    login_id = session.scalar(query)
    login = logins.get(session, login_id) if login_id is not None else None
    return login if login is not None and login.role == OWNER else None


def redeem(
    db: Database, events: SessionEvents, token: str, password: str, client: Client, also: Also = nothing
) -> None:
    """Set the password. The link and every other of this owner are void, and every session of theirs ends.

    Raises ResetExpired, also for the second of two at the same moment; WeakPassword.
    """
    with db.read() as session:
        login = holder(session, token, now())
    if login is None:
        raise ResetExpired("no such link")
    check_strength(password, login.name)
    fresh = hash_password(password)
    with db.write() as session:
        current = logins.get(session, login.id, lock=True)
        if current is None or holder(session, token, now()) is None:
            raise ResetExpired("used while it was looked at")
        void(session, current.id)
        current.password_hash, current.password_changed_at = fresh, now()
        session.flush()
        session_list.end_all(session, events, current.id)
        sign_in.forgive_password(session, throttle.password_limits(OWNER, current.name, client.address))
        also(session)


def void(session: Session, login_id: int) -> None:
    """No link that was mailed to this owner opens anything any more."""
    session.execute(delete(PasswordReset).where(PasswordReset.login_id == login_id))


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
