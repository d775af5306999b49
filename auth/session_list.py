"""Where a person is signed in, and how it ends: one by one, all others, or here by signing out."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, delete, func, select, true
from sqlalchemy.orm import Session

from auth.devices import describe
from auth.models import Login, WebSession
from auth.sessions import SessionEvents, alive, announce, holds

# Two may share a home.
_SEVERAL = 3


@dataclass(frozen=True)
class SessionView:
    """A session as its person sees it in the list. Times are aware, in UTC."""

    id: int
    device: str
    client_address: str
    signed_in: datetime
    last_seen: datetime
    current: bool


def listing(session: Session, login_id: int, current_id: int, at: int) -> list[SessionView]:
    """The person's live sessions: this one first, then by last use."""
    rows = session.scalars(
        select(WebSession)
        .where(WebSession.login_id == login_id, WebSession.state == "full", alive(at))
        .order_by(WebSession.last_seen_at.desc(), WebSession.id.desc())
    )
    return sorted((_view(row, current_id) for row in rows), key=lambda view: not view.current)


def end(session: Session, events: SessionEvents, login_id: int, session_id: int) -> bool:
    """End one session of this person, with its key and connections. False when they have no such session."""
    return _end(session, events, login_id, WebSession.id == session_id) == 1


def end_others(session: Session, events: SessionEvents, login_id: int, keep_id: int) -> int:
    """End every session of this person but one; how many signed-in ones there were."""
    return _end(session, events, login_id, WebSession.id != keep_id)


def end_all(session: Session, events: SessionEvents, login_id: int) -> int:
    """End every session of this person, half-made ones too; how many signed-in ones there were."""
    return _end(session, events, login_id, true())


def end_by_token(session: Session, events: SessionEvents, token: str) -> None:
    """Sign-out: end the session of this token, in whatever state it is."""
    login_id = session.scalar(select(WebSession.login_id).where(holds(token)))
    if login_id is not None:
        _end(session, events, login_id, holds(token))


def only_address(session: Session, at: int) -> str:
    """The one network address that everybody who is signed in comes from; nothing when there are several, or few."""
    people, addresses, address = session.execute(
        select(
            func.count(WebSession.login_id.distinct()),
            func.count(WebSession.client_address.distinct()),
            func.min(WebSession.client_address),
        ).where(WebSession.state == "full", WebSession.client_address != "", alive(at))
    ).one()
    return str(address) if people >= _SEVERAL and addresses == 1 else ""


def cut_connections(session: Session, events: SessionEvents, login: Login) -> None:
    """After the commit, end the person's connections: a credential they may hang on has been revoked."""
    announce(session, events, [], login.name)


def _end(session: Session, events: SessionEvents, login_id: int, which: ColumnElement[bool]) -> int:
    gone = session.execute(
        delete(WebSession)
        .where(WebSession.login_id == login_id, which)
        .execution_options(synchronize_session=False)
        .returning(WebSession.id, WebSession.state)
    ).all()
    if gone:
        name = session.scalars(select(Login.name).where(Login.id == login_id)).one()
        announce(session, events, [row.id for row in gone], name)
    return sum(row.state == "full" for row in gone)


def _view(row: WebSession, current_id: int) -> SessionView:
    return SessionView(
        id=row.id,
        device=describe(row.user_agent),
        client_address=row.client_address,
        signed_in=datetime.fromtimestamp(row.created_at, UTC),
        last_seen=datetime.fromtimestamp(row.last_seen_at, UTC),
        current=row.id == current_id,
    )
