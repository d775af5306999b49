"""Passwords for a person's own devices: generated, shown once, revocable one by one.

They open the person's own mailbox by IMAP and submission, never a shared one, and never this webmail.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from auth import logins, session_list
from auth.errors import SignInExpired, TooManyAppPasswords
from auth.models import AppPassword
from auth.passwords import GROUP, groups
from auth.sessions import SessionEvents
from core.db import Also, Database, nothing, now

MOST = 50
MAX_LABEL = 100
GROUPS = 7  # 140 bits: enough for a plain SHA-256, which the mail servers compare in SQL


@dataclass(frozen=True)
class AppPasswordView:
    """An app password as its person sees it in the list. Times are aware, in UTC."""

    id: int
    label: str
    created: datetime


def create(db: Database, login_id: int, label: str, also: Also = nothing) -> str:
    """A new app password, as it is shown: in small letters, hyphens between its groups. It can be seen this once.

    Raises TooManyAppPasswords.
    """
    secret = groups(GROUPS)
    with db.write() as session:
        if logins.get(session, login_id, lock=True) is None:
            raise SignInExpired("the sign-in is gone")
        if count(session, login_id) >= MOST:
            raise TooManyAppPasswords("full")
        session.add(
            AppPassword(
                login_id=login_id,
                label=" ".join(label.split())[:MAX_LABEL] or "Unnamed device",
                secret_sha256=_digest(secret),
                created_at=now(),
            )
        )
        also(session)
    return secret


def digests(typed: str) -> frozenset[str]:
    """What may be stored for an app password that somebody types: in any case, one sign or none between its groups.

    Nothing of the 140 bits lies in how it is written, so one hash is kept, of the password as it was shown, and what is
    typed is brought into that form. The mail server does the same in its own words (`servers/dovecot/sql.py`).
    """
    return frozenset({_digest(typed), *(_digest(_as_shown(typed, step)) for step in (GROUP, GROUP + 1))})


def _as_shown(typed: str, step: int) -> str:
    """`step` signs of what was typed hold a group."""
    *firsts, last = range(0, GROUPS * step, step)
    return "-".join([*(typed[start : start + GROUP] for start in firsts), typed[last:].rstrip()]).lower()


def listing(session: Session, login_id: int) -> list[AppPasswordView]:
    """The person's app passwords, newest first."""
    rows = session.scalars(select(AppPassword).where(AppPassword.login_id == login_id).order_by(AppPassword.id.desc()))
    return [AppPasswordView(row.id, row.label, _time(row.created_at)) for row in rows]


def count(session: Session, login_id: int) -> int:
    return session.scalar(select(func.count()).where(AppPassword.login_id == login_id)) or 0


def revoke(session: Session, events: SessionEvents, login_id: int, app_password_id: int) -> str | None:
    """Revoke one; its connections end. The label, or None when this person has no such app password."""
    label = session.scalar(
        delete(AppPassword)
        .where(AppPassword.id == app_password_id, AppPassword.login_id == login_id)
        .returning(AppPassword.label)
    )
    login = logins.get(session, login_id)
    if label is not None and login is not None:
        session_list.cut_connections(session, events, login)
    return label


def revoke_all(session: Session, login_id: int) -> int:
    """Revoke every app password of this person; how many there were."""
    gone = session.execute(delete(AppPassword).where(AppPassword.login_id == login_id).returning(AppPassword.id))
    return len(gone.all())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
