"""Web sessions: nothing at rest opens anything, limits hold, and an end is an end at once."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from auth import app_passwords, credentials, session_list, sessions, sign_in
from auth.actor import Actor, Client
from auth.devices import describe
from auth.errors import TooManyAppPasswords, WeakPassword, WrongCredentials, WrongPassword
from auth.models import Login, WebSession
from auth.sessions import SessionEvents, Started, resolve
from core.config import Config
from core.db import Database, now
from servers.run.start_words import warnings
from servers.service_user import service_user
from tests.auth.conftest import HOME, PHONE, World
from tests.cast import ANA, PASSWORD, TESS
from web.elapsed import ago


def _sign_in(world: World, client: Client = HOME) -> Started:
    return sign_in.with_password(world.db, world.vault, ANA, PASSWORD, client)


def _actor(world: World, token: str) -> Actor:
    actor = resolve(world.db, world.vault, token)
    assert actor is not None
    return actor


def _keys(world: World) -> set[str]:
    with world.db.read() as session:
        return set(session.execute(text("SELECT secret_sha256 FROM server_keys")).scalars())


def _age(world: World, seconds: int) -> None:
    """Let time pass over every session."""
    columns = ("created_at", "last_seen_at", "expires_at", "ends_at")
    with world.db.write() as session:
        for name in columns:
            column = getattr(WebSession, name)
            session.execute(update(WebSession).values({column: column - seconds}))


def test_what_is_kept_opens_nothing(each_world: World) -> None:
    started = _sign_in(each_world)
    key = _actor(each_world, started.token).mail_key
    with each_world.db.read() as session:
        kept = str(session.execute(text("SELECT * FROM web_session")).all())
    assert started.token not in kept
    assert key not in kept
    assert hashlib.sha256(key.encode()).hexdigest() in _keys(each_world)
    assert len(key) == 64


def test_every_sign_in_has_its_own_token_and_key(world: World) -> None:
    first, second = _sign_in(world), _sign_in(world)
    assert first.token != second.token
    assert _actor(world, first.token).mail_key != _actor(world, second.token).mail_key


@pytest.mark.parametrize("token", ["", "x", "\0", "é" * 500, "None", "'; DROP TABLE login; --"])
def test_a_made_up_token_is_nobody(each_world: World, token: str) -> None:
    assert resolve(each_world.db, each_world.vault, token) is None


def test_a_session_idle_for_twelve_hours_is_over(each_world: World) -> None:
    started = _sign_in(each_world)
    _age(each_world, 12 * 3600 - 5)
    assert resolve(each_world.db, each_world.vault, started.token) is not None, "and this use moves the limit on"
    _age(each_world, 12 * 3600 - 5)
    assert resolve(each_world.db, each_world.vault, started.token) is not None
    _age(each_world, 12 * 3600 + 1)
    assert resolve(each_world.db, each_world.vault, started.token) is None
    assert _keys(each_world) == set()


def test_no_session_lives_longer_than_fourteen_days_however_busy(each_world: World) -> None:
    started = _sign_in(each_world)
    for _ in range(28):
        assert resolve(each_world.db, each_world.vault, started.token) is not None
        _age(each_world, 12 * 3600 - 300)
    _age(each_world, 28 * 300)
    with each_world.db.write() as session:
        session.execute(update(WebSession).values(expires_at=now() + 999))
    assert resolve(each_world.db, each_world.vault, started.token) is None
    assert _keys(each_world) == set()


def test_using_a_session_is_noted_once_a_minute(world: World) -> None:
    started = _sign_in(world)
    _age(world, 30)
    before = _last_seen(world)
    _actor(world, started.token)
    assert _last_seen(world) == before
    _age(world, 40)
    _actor(world, started.token)
    assert _last_seen(world) >= now() - 1


def test_reading_goes_on_when_the_database_is_locked(world: World) -> None:
    started = _sign_in(world)
    _age(world, 3600)
    impatient = Database(f"{world.db.engine.url}")
    with impatient.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")  # the pool hands this connection out again
    with world.db.write():
        assert resolve(impatient, world.vault, started.token) is not None
    impatient.dispose()
    assert _last_seen(world) < now() - 3000


def test_sessions_and_attempts_that_ran_out_leave_the_database(each_world: World) -> None:
    _sign_in(each_world)
    _age(each_world, 15 * 86_400)
    _sign_in(each_world)
    with each_world.db.read() as session:
        assert session.scalar(select(func.count()).select_from(WebSession)) == 1


def test_signing_out_ends_token_key_and_connections(each_world: World) -> None:
    started = _sign_in(each_world)
    with each_world.db.write() as session:
        session_list.end_by_token(session, each_world.events, started.token)
        assert each_world.ended == [], "nobody is told before it is committed"
    assert each_world.ended == [([started.session_id], ANA)]
    assert resolve(each_world.db, each_world.vault, started.token) is None
    assert _keys(each_world) == set()


def test_a_listener_that_fails_keeps_no_other_from_being_told(world: World) -> None:
    told: list[str] = []

    def broken(_ids: list[int], _address: str) -> None:
        raise RuntimeError("the mail server is down")

    events = SessionEvents([broken, lambda _ids, address: told.append(address)])
    token = _sign_in(world).token
    with world.db.write() as session:
        session_list.end_by_token(session, events, token)
    assert told == [ANA]


def test_nothing_is_told_when_nothing_was_committed(world: World) -> None:
    started = _sign_in(world)
    with pytest.raises(IntegrityError), world.db.write() as session:
        _sign_out_and_fail(world, session, started.token)
    assert world.ended == []
    assert resolve(world.db, world.vault, started.token) is not None


def test_ana_sees_where_she_is_signed_in(world: World) -> None:
    phone, here = _sign_in(world, PHONE), _sign_in(world)
    sign_in.with_password(world.db, world.vault, TESS, PASSWORD, HOME)
    with world.db.read() as session:
        rows = session_list.listing(session, world.ana, here.session_id, now())
    assert [(row.id, row.device, row.client_address, row.current) for row in rows] == [
        (here.session_id, "Firefox on Linux", "127.0.0.1", True),
        (phone.session_id, "Safari on iPhone", "198.51.100.7", False),
    ]
    assert rows[0].signed_in.tzinfo is UTC


def test_ana_ends_one_session_and_not_tess(each_world: World) -> None:
    world = each_world
    phone, here = _sign_in(world, PHONE), _sign_in(world)
    with world.db.write() as session:
        assert not session_list.end(session, world.events, world.tess, phone.session_id), "it is not tess's to end"
    assert resolve(world.db, world.vault, phone.token) is not None
    with world.db.write() as session:
        assert session_list.end(session, world.events, world.ana, phone.session_id)
    assert resolve(world.db, world.vault, phone.token) is None
    assert resolve(world.db, world.vault, here.token) is not None
    assert world.ended == [([phone.session_id], ANA)]


def test_ana_ends_all_others(each_world: World) -> None:
    world = each_world
    others, here = [_sign_in(world), _sign_in(world, PHONE)], _sign_in(world)
    with world.db.write() as session:
        assert session_list.end_others(session, world.events, world.ana, here.session_id) == 2
    assert [resolve(world.db, world.vault, other.token) for other in others] == [None, None]
    assert resolve(world.db, world.vault, here.token) is not None


def test_ana_changes_her_password(each_world: World) -> None:
    world = each_world
    app_passwords.create(world.db, world.ana, "phone")
    other, here = _sign_in(world, PHONE), _sign_in(world)
    done = credentials.change_password(
        world.db,
        world.vault,
        world.events,
        _actor(world, here.token),
        HOME,
        old=PASSWORD,
        new="wet otters sing at dawn",
    )
    assert (done.sessions_ended, done.app_passwords_revoked) == (1, 0)
    assert resolve(world.db, world.vault, other.token) is None
    assert resolve(world.db, world.vault, here.token) is None, "the token of before is dead too"
    assert _actor(world, done.token).session_id == here.session_id
    assert sorted(ids for ids, _ in world.ended) == sorted([[other.session_id], [here.session_id]])
    with pytest.raises(WrongCredentials):
        sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME)
    sign_in.with_password(world.db, world.vault, ANA, "wet otters sing at dawn", HOME)
    with world.db.read() as session:
        assert app_passwords.count(session, world.ana) == 1


def test_ana_revokes_her_app_passwords_with_the_change_when_she_asks(world: World) -> None:
    app_passwords.create(world.db, world.ana, "phone")
    done = _change(world, PASSWORD, "wet otters sing at dawn", revoke=True)
    assert done.app_passwords_revoked == 1
    with world.db.read() as session:
        assert app_passwords.count(session, world.ana) == 0


@pytest.mark.parametrize(
    ("old", "new", "refusal"),
    [
        ("a wrong password", "wet otters sing at dawn", WrongPassword),
        (PASSWORD, "short", WeakPassword),
        (PASSWORD, "ana@brand-a.test", WeakPassword),
        (PASSWORD, PASSWORD, WeakPassword),
    ],
)
def test_a_refused_change_changes_nothing(world: World, old: str, new: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        _change(world, old, new)
    assert world.ended == []
    sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME)


def test_an_app_password_opens_her_own_mailbox_on_the_mail_servers_and_not_the_web(each_world: World) -> None:
    world = each_world
    secret = app_passwords.create(world.db, world.ana, "  Work \n phone ")
    assert len(secret.replace("-", "")) * 5 >= 128
    digest = hashlib.sha256(secret.encode()).hexdigest()
    with world.db.read() as session:
        found = session.execute(text("SELECT address FROM server_logins WHERE secret_sha256 = :d"), {"d": digest})
        assert found.scalars().all() == [ANA]
        delegates = session.execute(text("SELECT secret_sha256 FROM server_delegates")).scalars().all()
        assert digest not in delegates
        assert [row.label for row in app_passwords.listing(session, world.ana)] == ["Work phone"]
    with pytest.raises(WrongCredentials):
        sign_in.with_password(world.db, world.vault, ANA, secret, HOME)


def test_a_revoked_app_password_is_gone_with_its_connections(each_world: World) -> None:
    world = each_world
    app_passwords.create(world.db, world.ana, "phone")
    with world.db.read() as session:
        (row,) = app_passwords.listing(session, world.ana)

    def revoke(login_id: int) -> str | None:
        with world.db.write() as session:
            return app_passwords.revoke(session, world.events, login_id, row.id)

    assert revoke(world.tess) is None, "it is not tess's to revoke"
    assert world.ended == []
    assert revoke(world.ana) == "phone"
    assert world.ended == [([], ANA)]
    assert revoke(world.ana) is None


def test_nobody_has_more_than_fifty_app_passwords(world: World) -> None:
    for _ in range(app_passwords.MOST):
        app_passwords.create(world.db, world.ana, "x" * 500)
    with pytest.raises(TooManyAppPasswords):
        app_passwords.create(world.db, world.ana, "one more")


def test_a_check_by_whoever_runs_the_servers_leaves_nothing(each_world: World) -> None:
    world = each_world
    with sessions.short_lived(world.db, world.vault, world.tess) as actor:
        assert hashlib.sha256(actor.mail_key.encode()).hexdigest() in _keys(world)
    assert _keys(world) == set()


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (PHONE.user_agent, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("Mozilla/5.0 (Windows NT 10.0)", "Windows"),
        ("<script>alert(1)</script>", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_in_two_words(agent: str, words: str) -> None:
    assert describe(agent) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7300, "2 hours ago"),
        (86_400, "1 day ago"),
        (10**6, "11 days ago"),
    ],
)
def test_how_long_ago_in_words(seconds: int, words: str) -> None:
    at = datetime(2026, 11, 3, tzinfo=UTC)
    assert ago(at - timedelta(seconds=seconds), at) == words


def _change(world: World, old: str, new: str, *, revoke: bool = False) -> credentials.PasswordChanged:
    actor = _actor(world, _sign_in(world).token)
    return credentials.change_password(
        world.db, world.vault, world.events, actor, HOME, old=old, new=new, revoke_app_passwords=revoke
    )


def _sign_out_and_fail(world: World, session: Session, token: str) -> None:
    session_list.end_by_token(session, world.events, token)
    session.execute(text("INSERT INTO attempt (key) VALUES (NULL)"))


def _last_seen(world: World) -> int:
    with world.db.read() as session:
        return session.execute(select(WebSession.last_seen_at)).scalar_one()


def test_the_start_says_when_everybody_seems_to_come_from_one_address(world: World, tmp_path: Path) -> None:
    """A proxy that nobody named: one person's wrong passwords would keep out all who come through it."""
    settings = {"DATA_DIR": str(tmp_path), "DATABASE_URL": str(world.db.engine.url)}
    house = Config.from_env(settings | {"DEMO": "0"})
    people = [(world.ana, HOME), (world.tess, HOME)]

    def said(config: Config = house) -> list[str]:
        return [line for line in warnings(config, service_user()) if "comes from" in line]

    for login_id, client in people:
        _arrive(world, login_id, client)
    assert said() == [], "two from one address are a household"
    _arrive(world, world.olive, HOME)
    (warning,) = said()
    assert HOME.address in warning
    assert "TRUSTED_PROXY" in warning
    assert said(replace(house, trusted_proxy="127.0.0.1")) == []
    assert said(replace(house, demo=True)) == []
    _arrive(world, world.ana, PHONE)
    assert said() == [], "somebody comes from elsewhere"


def test_the_start_says_when_nobody_outside_could_write_to_the_postmaster(world: World, tmp_path: Path) -> None:
    settings = {"DATA_DIR": str(tmp_path), "DATABASE_URL": str(world.db.engine.url), "DEMO": "0"}

    def said(**more: str) -> bool:
        config = Config.from_env(settings | more)
        return any("set MAIL_HOSTNAME" in line for line in warnings(config, service_user()))

    assert said()
    assert not said(MAIL_HOSTNAME="mail.brand-a.test")
    assert not said(DEMO="1")


def _arrive(world: World, login_id: int, client: Client) -> None:
    """Signed in for good, second factor and all."""
    with world.db.write() as session:
        login = session.get_one(Login, login_id)
        started = sessions.start(session, world.vault, login, client, now())
        if started.state != "full":
            row = sessions.pending(session, started.token, login.role, now())
            assert row is not None
            sessions.promote(session, world.vault, row, login, now())
