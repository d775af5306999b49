"""Two ways into the database: one that changes nothing, and one that changes everything or nothing."""

from pathlib import Path

import pytest
from sqlalchemy import select

from core.db import Database, after_commit, now
from mailboxes.models import Account
from migrations.migrate import upgrade


@pytest.fixture
def db(tmp_path: Path) -> Database:
    db = Database(f"sqlite:///{tmp_path}/postroom.db")
    upgrade(db)
    return db


def account(name: str) -> Account:
    return Account(name=name, plan="Pro", created_at=now())


def names(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(Account.name)))


def test_what_is_written_stays_and_what_fails_does_not(db: Database) -> None:
    with db.write() as session:
        session.add(account("Stays"))
    with pytest.raises(ZeroDivisionError), db.write() as session:
        session.add(account("Fails"))
        session.flush()
        raise ZeroDivisionError
    assert names(db) == ["Stays"]


def test_reading_changes_nothing(db: Database) -> None:
    with db.read() as session:
        session.add(account("Forgotten"))
        session.flush()
    assert names(db) == []


def test_what_was_loaded_stays_readable_after_the_block(db: Database) -> None:
    with db.write() as session:
        session.add(account("Readable"))
    with db.read() as session:
        found = session.scalars(select(Account)).one()
    assert found.name == "Readable"


def test_after_commit_runs_once_and_only_after_the_outermost_commit(db: Database) -> None:
    seen: list[list[str]] = []
    with db.write() as session:
        after_commit(session, lambda: seen.append(names(db)))
        with session.begin_nested():
            session.add(account("Nested"))
        assert seen == []
    assert seen == [["Nested"]]


def test_after_commit_never_runs_for_what_was_rolled_back(db: Database) -> None:
    seen: list[str] = []
    with pytest.raises(ZeroDivisionError), db.write() as session:
        after_commit(session, lambda: seen.append("ran"))
        raise ZeroDivisionError
    assert seen == []


def test_a_failed_row_in_a_savepoint_spoils_nothing_else(db: Database) -> None:
    with db.write() as session:
        session.add(account("First"))
        session.flush()
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            session.add(account("Second"))
            raise ZeroDivisionError
    assert names(db) == ["First"]
