"""The password step: one answer for every address that doesn't open, and a wait for those who guess."""

import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text, update
from sqlalchemy.exc import IntegrityError

from auth import sign_in
from auth.actor import Client
from auth.errors import TooManyAttempts, WrongCredentials, WrongPassword
from auth.models import AppPassword, Login
from auth.passwords import Cost, hashing_cost
from auth.sessions import resolve, resolve_owner
from tests.auth.conftest import HOME, World
from tests.auth.hashing import comparisons
from tests.cast import ANA, OWNER, PASSWORD, SUPPORT, TESS


def _elsewhere(number: int) -> Client:
    return Client(f"203.0.113.{number}")


def test_ana_signs_in(each_world: World) -> None:
    started = sign_in.with_password(each_world.db, each_world.vault, " Ana@Brand-A.test ", PASSWORD, HOME)
    actor = resolve(each_world.db, each_world.vault, started.token)
    assert actor is not None
    assert (actor.address, actor.display_name, actor.role) == (ANA, "Ana Almeida", "person")
    assert actor.mail_key not in repr(actor)
    assert started.token not in repr(started)


def test_tess_password_alone_opens_nothing(each_world: World) -> None:
    started = sign_in.with_password(each_world.db, each_world.vault, TESS, PASSWORD, HOME)
    assert started.state == "pending"
    assert resolve(each_world.db, each_world.vault, started.token) is None
    with each_world.db.read() as session:
        assert session.execute(text("SELECT count(*) FROM server_keys")).scalar() == 0


@pytest.mark.parametrize("password", [PASSWORD, "", "!", "*", "None", "a wrong password", "\0", "x" * 5000])
@pytest.mark.parametrize(
    "name", [SUPPORT, "nobody@brand-a.test", "nobody@nowhere.test", "", "@", "x" * 5000, "ana\0@x"]
)
def test_an_address_that_opens_nothing_is_refused_in_the_same_words(world: World, name: str, password: str) -> None:
    with pytest.raises(WrongCredentials) as known:
        sign_in.with_password(world.db, world.vault, ANA, "a wrong password", HOME)
    with pytest.raises(WrongCredentials) as unknown:
        sign_in.with_password(world.db, world.vault, name, password, HOME)
    assert (unknown.value.public, unknown.value.status) == (known.value.public, known.value.status)


def test_known_unknown_and_shared_addresses_take_the_same_time(world: World) -> None:
    """As long as hashing takes, which is all of it: and they are hashed the same."""
    work = {}
    with hashing_cost(Cost(passes=2, memory_kib=16, lanes=1)):
        sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME)  # her hash is now of this cost
        for name in (ANA, "nobody@brand-a.test", SUPPORT):
            with comparisons() as work[name], pytest.raises(WrongCredentials):
                sign_in.with_password(world.db, world.vault, name, "a wrong password", HOME)
    assert work[ANA] == ["$argon2id$v=19$m=16,t=2,p=1"]
    assert work["nobody@brand-a.test"] == work[SUPPORT] == work[ANA]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=80), password=st.text(max_size=80), number=st.integers(0, 10**9))
def test_anything_typed_is_just_wrong(world: World, name: str, password: str, number: int) -> None:
    with pytest.raises(WrongCredentials):
        sign_in.with_password(world.db, world.vault, name, password, Client(f"client {number}"))


def test_after_ten_wrong_passwords_the_account_waits_here_also_with_the_right_one(each_world: World) -> None:
    world = each_world
    for _ in range(10):
        with pytest.raises(WrongCredentials):
            sign_in.with_password(world.db, world.vault, ANA, "a wrong password", HOME)
    with pytest.raises(TooManyAttempts) as waiting:
        sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME)
    assert "15 minutes" in waiting.value.public


def test_a_strangers_guesses_do_not_lock_ana_out_at_home(world: World) -> None:
    for _ in range(10):
        with pytest.raises(WrongCredentials):
            sign_in.with_password(world.db, world.vault, ANA, "a wrong password", _elsewhere(1))
    assert sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME).state == "full"


def test_an_unknown_address_waits_as_a_known_one_does(world: World) -> None:
    for name in ("nobody@brand-a.test", SUPPORT):
        for _ in range(10):
            with pytest.raises(WrongCredentials):
                sign_in.with_password(world.db, world.vault, name, PASSWORD, HOME)
        with pytest.raises(TooManyAttempts):
            sign_in.with_password(world.db, world.vault, name, PASSWORD, HOME)


def test_guesses_spread_over_many_networks_wait_too(world: World) -> None:
    for number in range(60):
        with pytest.raises(WrongCredentials):
            sign_in.with_password(world.db, world.vault, ANA, "a wrong password", _elsewhere(number))
    with pytest.raises(TooManyAttempts):
        sign_in.with_password(world.db, world.vault, ANA, "a wrong password", _elsewhere(99))


def test_one_network_may_not_try_every_address(world: World) -> None:
    for number in range(60):
        with pytest.raises(WrongCredentials):
            sign_in.with_password(world.db, world.vault, f"person{number}@brand-a.test", PASSWORD, HOME)
    with pytest.raises(TooManyAttempts):
        sign_in.with_password(world.db, world.vault, "person99@brand-a.test", PASSWORD, HOME)


def test_a_busy_office_behind_one_address_is_not_kept_out(world: World) -> None:
    for _ in range(70):
        sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME)


def test_signing_in_to_ones_own_account_does_not_forgive_guesses_at_others(world: World) -> None:
    for number in range(60):
        with pytest.raises(WrongCredentials):
            sign_in.with_password(world.db, world.vault, f"person{number}@brand-a.test", PASSWORD, HOME)
        if number < 59:
            sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME)
    with pytest.raises(TooManyAttempts):
        sign_in.with_password(world.db, world.vault, "person99@brand-a.test", PASSWORD, HOME)


def test_asking_again_for_the_password_is_limited_as_well(world: World) -> None:
    for _ in range(10):
        with pytest.raises(WrongPassword):
            sign_in.confirm_password(world.db, world.ana, "a wrong password", HOME)
    with pytest.raises(TooManyAttempts):
        sign_in.confirm_password(world.db, world.ana, PASSWORD, HOME)


def test_a_hash_of_another_cost_is_made_anew_at_sign_in(world: World) -> None:
    with hashing_cost(Cost(passes=2, memory_kib=16, lanes=1)):
        sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME)
    with world.db.read() as session:
        stored = session.get_one(Login, world.ana).password_hash or ""
    assert stored.startswith("$argon2id$v=19$m=16,t=2,")


def test_a_mailbox_in_the_trash_lets_nobody_in(world: World) -> None:
    started = sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME)
    with world.db.write() as session:
        session.execute(text("UPDATE mailbox SET status = 'trashed' WHERE address = 'ana@brand-a.test'"))
    assert resolve(world.db, world.vault, started.token) is None
    with pytest.raises(WrongCredentials):
        sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME)


def test_olive_signs_in_as_an_owner_and_as_nobody_else(world: World) -> None:
    started = sign_in.with_password(world.db, world.vault, OWNER, PASSWORD, HOME, role="owner")
    owner = resolve_owner(world.db, started.token)
    assert owner is not None
    assert (owner.email, owner.role) == (OWNER, "owner")
    assert resolve(world.db, world.vault, started.token) is None
    with pytest.raises(WrongCredentials):
        sign_in.with_password(world.db, world.vault, OWNER, PASSWORD, HOME)
    with pytest.raises(WrongCredentials):
        sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME, role="owner")


@pytest.mark.parametrize("kind", ["regular", "shared"])
def test_a_shared_mailbox_can_have_no_sign_in_at_all(each_world: World, kind: str) -> None:
    row = {"role": "person", "name": SUPPORT, "mailbox_kind": kind, "created_at": 1}
    with pytest.raises(IntegrityError), each_world.db.write() as session:
        session.execute(
            insert(Login.__table__).values(  # type: ignore[arg-type]
                display_name="", totp_last_step=0, password_changed_at=0, **row
            )
        )


def test_and_so_no_app_password(each_world: World) -> None:
    with pytest.raises(IntegrityError), each_world.db.write() as session:
        session.execute(insert(AppPassword).values(login_id=99_999, label="x", secret_sha256="x", created_at=1))


@pytest.mark.parametrize("stored", ["", "!", "{PLAIN}x", "$2b$12$x"])
def test_only_a_real_hash_can_stand_where_the_mail_servers_look(each_world: World, stored: str) -> None:
    with pytest.raises(IntegrityError), each_world.db.write() as session:
        session.execute(update(Login).where(Login.id == each_world.ana).values(password_hash=stored))


def test_the_log_names_nothing_that_opens_a_door(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "auth")
    started = sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME)
    with pytest.raises(WrongCredentials):
        sign_in.with_password(world.db, world.vault, "my-secret-typed-here", "a wrong password", HOME)
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    assert len(caplog.records) == 2
    for secret in (started.token, PASSWORD, "my-secret-typed-here", "a wrong password"):
        assert secret not in logged
