"""Web sessions: what a browser holds after signing in, what we keep of it, and how it ends.

The cookie carries an opaque token of 256 bits. The database keeps its SHA-256; the key for the mail servers is derived
from the token by the vault, and of it, too, only the SHA-256 is kept. Nothing at rest opens anything.
"""

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import BindParameter, ColumnElement, Row, and_, bindparam, delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from auth import kicks, throttle
from auth.actor import Actor, Client, OwnerActor
from auth.errors import SignInExpired
from auth.logins import usable
from auth.models import OWNER, PERSON, Login, WebSession
from core.db import Database, after_commit, now
from core.vault import Vault

IDLE_SECONDS = 12 * 3600
LONGEST_SECONDS = 14 * 86_400
# From the password to the second factor; longer than the wait after five wrong codes.
PENDING_SECONDS = 1800
# `last_seen_at` is written at most this often: a page view must not cost a write.
TOUCH_SECONDS = 60

State = Literal["pending", "full"]
OnEnd = Callable[[list[int], str], None]
_log = logging.getLogger(__name__)


@dataclass
class SessionEvents:
    """Who wants to know that sessions ended: called after the commit with their ids and the person's address.

    The ids may be empty: then a credential was revoked, and only the person's connections must end.
    """

    on_end: list[OnEnd] = field(default_factory=list)

    def ended(self, session_ids: list[int], address: str) -> None:
        """Tell everyone; one listener's failure keeps no other from being told."""
        for listener in self.on_end:
            try:
                listener(session_ids, address)
            except Exception:
                _log.exception("a listener for ended sessions failed", extra={"session_ids": session_ids})


@dataclass(frozen=True)
class Started:
    """A session that was just made. `token` goes into the cookie and is kept nowhere else."""

    token: str = field(repr=False)
    session_id: int
    name: str  # of the login
    state: State
    recovery_codes_left: int | None = None  # set when a recovery code was used to get here


def start(session: Session, vault: Vault, login: Login, client: Client, at: int) -> Started:
    """A new session: full, or pending when the second factor is on and still awaited."""
    _forget_old(session, at)
    state: State = "pending" if login.second_factor else "full"
    return _insert(session, vault, login, client, at, state)


def promote(session: Session, vault: Vault, row: WebSession, login: Login, at: int) -> Started:
    """Make a pending session a full one, under a new token. Raises SignInExpired when somebody else just did."""
    token = _new_token()
    promoted = session.execute(
        update(WebSession)
        .where(WebSession.id == row.id, WebSession.state == "pending", WebSession.token_sha256 == row.token_sha256)
        .values(
            token_sha256=_sha256(token),
            mail_key_sha256=_key_hash(vault, token, login.role),
            state="full",
            last_seen_at=at,
            expires_at=at + IDLE_SECONDS,
            ends_at=at + LONGEST_SECONDS,
        )
        .execution_options(synchronize_session=False)
        .returning(WebSession.id)
    )
    if promoted.scalar() is None:
        raise SignInExpired("the pending session is gone")
    return Started(token, row.id, login.name, "full")


def renew(session: Session, vault: Vault, events: SessionEvents, session_id: int) -> str:
    """A new token for a session whose person changed a credential; the old token and its key are dead."""
    token = _new_token()
    login = session.execute(
        select(Login).join(WebSession, WebSession.login_id == Login.id).where(WebSession.id == session_id)
    ).scalar_one_or_none()
    if login is None:
        raise SignInExpired("the session ended meanwhile")
    session.execute(
        update(WebSession)
        .where(WebSession.id == session_id)
        .values(token_sha256=_sha256(token), mail_key_sha256=_key_hash(vault, token, login.role))
    )
    announce(session, events, [session_id], login.name)
    return token


def pending(session: Session, token: str, role: str, at: int) -> WebSession | None:
    """The session of this token that awaits its second factor."""
    return session.scalar(
        select(WebSession)
        .join(Login, Login.id == WebSession.login_id)
        .where(holds(token), alive(at), WebSession.state == "pending", Login.role == role, usable())
    )


def resolve(db: Database, vault: Vault, token: str) -> Actor | None:
    """The person this token acts for, or None. Asks the database every time: a session ends at once."""
    row = _look_up(db, token, PERSON)
    if row is None:
        return None
    return Actor(row.login_id, row.name, row.display_name or row.name, row.session_id, mail_key(vault, token))


def resolve_owner(db: Database, token: str) -> OwnerActor | None:
    """The owner this token acts for, or None."""
    row = _look_up(db, token, OWNER)
    if row is None or row.account_id is None:
        return None
    return OwnerActor(row.login_id, row.name, row.display_name or row.name, row.account_id, row.session_id)


def mail_key(vault: Vault, token: str) -> str:
    """What the mail servers accept for this person while the session lives."""
    return vault.derive("mail-key", token)


def key_hash(actor: Actor) -> str:
    """Of the key of this person's session, as it is kept."""
    return _sha256(actor.mail_key)


def live_key_hash(db: Database, session_id: int) -> str:
    """The same by the number of a session; nothing when that has ended."""
    with db.read() as session:
        found = session.scalar(
            select(WebSession.mail_key_sha256)
            .join(Login, Login.id == WebSession.login_id)
            .where(WebSession.id == session_id, WebSession.state == "full", alive(now()), usable())
        )
    return found or ""


def announce(session: Session, events: SessionEvents, session_ids: list[int], name: str) -> None:
    """Tell the listeners once the change is committed; that the person's connections must end is committed with it."""
    kicks.note(session, name)
    after_commit(session, lambda: events.ended(session_ids, name))


def holds(token: str) -> ColumnElement[bool]:
    """The session of this token."""
    return WebSession.token_sha256 == _sha256(token)


def alive(at: int | BindParameter[int]) -> ColumnElement[bool]:
    """Sessions that have not run out."""
    return and_(WebSession.expires_at > at, WebSession.ends_at > at)


# Every request asks it, so it is put together once.
_LIVE = (
    select(
        Login.id.label("login_id"),
        Login.name,
        Login.display_name,
        Login.account_id,
        WebSession.id.label("session_id"),
        WebSession.last_seen_at,
    )
    .join(WebSession, WebSession.login_id == Login.id)
    .where(
        WebSession.token_sha256 == bindparam("token_sha256"),
        alive(bindparam("at")),
        WebSession.state == "full",
        Login.role == bindparam("role"),
        usable(),
    )
)


@contextmanager
def short_lived(db: Database, vault: Vault, login_id: int, seconds: int = 120) -> Iterator[Actor]:
    """A full session for a check made by whoever runs the servers; it is gone at the end of the block."""
    at = now()
    with db.write() as session:
        login = session.execute(select(Login).where(Login.id == login_id)).scalar_one()
        started = _insert(session, vault, login, Client("", "Postroom's own check"), at, "full")
        limits = {"expires_at": at + seconds, "ends_at": at + seconds}
        session.execute(update(WebSession).where(WebSession.id == started.session_id).values(limits))
    try:
        yield Actor(login.id, login.name, login.display_name, started.session_id, mail_key(vault, started.token))
    finally:
        with db.write() as session:
            session.execute(delete(WebSession).where(WebSession.id == started.session_id))


def _insert(session: Session, vault: Vault, login: Login, client: Client, at: int, state: State) -> Started:
    token = _new_token()
    full = state == "full"
    row = WebSession(
        token_sha256=_sha256(token),
        login_id=login.id,
        state=state,
        mail_key_sha256=_key_hash(vault, token, login.role) if full else None,
        created_at=at,
        last_seen_at=at,
        expires_at=at + (IDLE_SECONDS if full else PENDING_SECONDS),
        ends_at=at + (LONGEST_SECONDS if full else PENDING_SECONDS),
        user_agent=client.user_agent[:300],
        client_address=client.address[:64],
    )
    session.add(row)
    session.flush()
    return Started(token, row.id, login.name, state)


def _look_up(db: Database, token: str, role: str) -> Row[int, str, str, int | None, int, int] | None:
    at = now()
    with db.read() as session:
        row = session.execute(_LIVE, {"token_sha256": _sha256(token), "role": role, "at": at}).one_or_none()
    if row is not None and row.last_seen_at <= at - TOUCH_SECONDS:
        _touch(db, row.session_id, at)
    return row


def _touch(db: Database, session_id: int, at: int) -> None:
    """Note the use, and move the idle limit on. Reading mail must go on when the database can't be written."""
    try:
        with db.beside(), db.write() as session:
            session.execute(
                update(WebSession)
                .where(WebSession.id == session_id, WebSession.last_seen_at <= at - TOUCH_SECONDS)
                .values(last_seen_at=at, expires_at=at + IDLE_SECONDS)
            )
    except OperationalError:
        _log.warning("could not note that a session was used", exc_info=True)


def _forget_old(session: Session, at: int) -> None:
    """Drop what has run out. A row that somebody else holds is left for the next time, not waited for."""
    over = select(WebSession.id).where((WebSession.expires_at <= at) | (WebSession.ends_at <= at))
    session.execute(
        delete(WebSession)
        .where(WebSession.id.in_(over.with_for_update(skip_locked=True)))
        .execution_options(synchronize_session=False)
    )
    throttle.forget_old(session, at)


def _key_hash(vault: Vault, token: str, role: str) -> str | None:
    """Owners have no mailbox, so theirs is no key."""
    return _sha256(mail_key(vault, token)) if role == PERSON else None


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _sha256(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
