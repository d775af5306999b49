"""The database: one engine a process, and two ways in, to read and to write."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, sessionmaker
from sqlalchemy.orm import Session as Session  # for rooms that pass one on and say no SQL themselves

# The database can't be used at this moment: locked for too long, its disk full, its server away, all of its
# connections in use. Nothing was changed.
DatabaseTrouble = (OperationalError, InterfaceError, PoolTimeout)


def is_away(error: Exception) -> bool:
    """Whether the database can't be used at this moment: trouble, or a broken file."""
    return isinstance(error, DatabaseTrouble) or type(error) is DatabaseError


_AFTER_COMMIT = "postroom_after_commit"

# What a caller adds to a step of another room, in the step's own transaction: neither stands without the other.
Also = Callable[[Session], None]
# A change takes milliseconds; whoever waits longer for the lock of another had better say so to the person.
_LOCK_SECONDS = 5
# What only accompanies an answer doesn't keep it waiting.
_BESIDE_SECONDS = 0.2
_patience: ContextVar[float | None] = ContextVar("patience", default=None)


class Base(DeclarativeBase):
    """Every table. Constraint names are fixed so that a migration can name what it changes."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Database:
    """SQLite or PostgreSQL behind the same two ways in.

    No transaction may be open while a mail server is talking: read or write, leave the block, then speak IMAP or SMTP.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking; whatever it changes is thrown away. What it loaded stays readable afterwards."""
        with self._sessions() as session:
            yield session

    @contextmanager
    def write(self, *, patience: float | None = None) -> Iterator[Session]:
        """A session for changing: committed on leaving, rolled back on an error, then `after_commit` runs.

        SQLite takes its write lock at the start (BEGIN IMMEDIATE), so what was read can't change before the commit.
        On PostgreSQL whoever decides on what it read locks that row (SELECT … FOR UPDATE).
        `patience` is how many seconds to wait for a lock, for whoever can do without: then it is DatabaseTrouble.
        """
        patience = _patience.get() if patience is None else patience
        with self._sessions() as session:
            session.info[_AFTER_COMMIT] = []
            if self.is_sqlite:
                wait = _LOCK_SECONDS if patience is None else patience
                session.connection(execution_options={"postroom_immediate": True, "postroom_patience": wait})
            elif patience is not None:
                session.execute(text(f"SET LOCAL lock_timeout = {_milliseconds(patience)}"))
            yield session
            session.commit()
            waiting: list[Callable[[], None]] = session.info.pop(_AFTER_COMMIT)
        for action in waiting:
            action()

    @contextmanager
    def beside(self) -> Iterator[None]:
        """In this block no change waits more than a moment for a lock: the answer it accompanies can do without."""
        before = _patience.set(_BESIDE_SECONDS)
        try:
            yield
        finally:
            _patience.reset(before)

    def dispose(self) -> None:
        self.engine.dispose()


def after_commit(session: Session, action: Callable[[], None]) -> None:
    """Run `action` once when the `write()` block of this session has committed, and never if it has not.

    Evicting connections before the commit would let a request in flight open them again under the old right.
    """
    session.info[_AFTER_COMMIT].append(action)


def nothing(_session: Session) -> None:
    """An `Also` that adds nothing."""


def now() -> int:
    """Whole seconds since 1970, UTC: how every time is stored."""
    return int(time.time())


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_size=10, max_overflow=20, pool_pre_ping=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": _LOCK_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction handling starts one too late for us; we say BEGIN ourselves.
    connection.isolation_level = None
    for pragma in ("foreign_keys = ON", "journal_mode = WAL", "synchronous = NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    options = connection.get_execution_options()
    wait = options.get("postroom_patience", _LOCK_SECONDS)
    if wait != connection.info.get("postroom_patience", _LOCK_SECONDS):  # as the engine's connections begin
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {_milliseconds(wait)}")
        connection.info["postroom_patience"] = wait
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("postroom_immediate") else "BEGIN")


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
