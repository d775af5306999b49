"""Who gets in at IMAP and at submission, with what, and from where."""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from sqlalchemy import delete

from auth import app_passwords
from auth.models import AppPassword
from auth.sessions import SessionEvents
from core.db import now
from servers.demo.people import PASSWORD
from tests.servers.harness import World
from tests.servers.raw_clients import (
    ANA,
    BEN,
    CLEO,
    DAN,
    EVE,
    SALES,
    SUPPORT,
    TESS,
    all_refused,
    auth_plain,
    dial_submission,
    opens_imap,
    opens_imap_login,
    opens_smtp,
    opens_smtp_login,
)

ELSEWHERE = "127.0.0.2"


@pytest.fixture
def phone(world: World) -> Iterator[str]:
    """An app password of tess."""
    yield app_passwords.create(world.db, world.login_id(TESS), "Phone")
    with world.db.write() as session:
        session.execute(delete(AppPassword))


@pytest.fixture
def old_phone(world: World) -> Iterator[str]:
    """One of another length than they have today."""
    secret = "tess-phone-7h2k-9x4m"
    with world.db.write() as session:
        session.add(
            AppPassword(
                login_id=world.login_id(TESS),
                label="Phone",
                secret_sha256=hashlib.sha256(secret.encode()).hexdigest(),
                created_at=now(),
            )
        )
    yield secret
    with world.db.write() as session:
        session.execute(delete(AppPassword))


def test_a_shared_mailbox_opens_for_no_password_at_any_door(world: World) -> None:
    digest = hashlib.sha256(b"").hexdigest()
    secrets = ["", "!", "*", "{PLAIN}", "NULL", digest, PASSWORD, "8f2nq0vt", world.key(ANA)]
    doors: list[Callable[[str], bool]] = [
        lambda secret: opens_imap(world.config, SUPPORT, secret),
        lambda secret: opens_imap(world.config, SUPPORT, secret, SUPPORT),
        lambda secret: opens_imap_login(world.config, SUPPORT, secret),
        lambda secret: opens_smtp(world.config, SUPPORT, secret),
        lambda secret: opens_smtp(world.config, SUPPORT, secret, SUPPORT),
        lambda secret: opens_smtp_login(world.config, SUPPORT, secret),
    ]
    attempts = [partial(door, secret) for door in doors for secret in secrets]
    assert len(attempts) == 54
    assert all_refused(*attempts)


def test_a_shared_mailbox_opens_no_other_mailbox(world: World) -> None:
    key = world.key(ANA)
    assert all_refused(
        lambda: opens_imap(world.config, SUPPORT, key, ANA), lambda: opens_smtp(world.config, SUPPORT, key, SALES)
    )


@pytest.mark.parametrize("person", [ANA, BEN, TESS, CLEO])
def test_members_open_support_with_the_key_of_their_web_session(world: World, person: str) -> None:
    assert opens_imap(world.config, person, world.key(person), SUPPORT)


@pytest.mark.parametrize("person", [DAN, EVE])
def test_support_does_not_exist_for_anybody_else(world: World, person: str) -> None:
    key = world.key(person)
    assert all_refused(
        lambda: opens_imap(world.config, person, key, SUPPORT), lambda: opens_smtp(world.config, person, key, SUPPORT)
    )
    assert opens_imap(world.config, person, key)


def test_names_are_taken_in_any_case(world: World) -> None:
    assert opens_imap(world.config, "Ana@Brand-A.test", world.key(ANA), "SUPPORT@brand-a.TEST")
    assert opens_smtp(world.config, "Ana@Brand-A.test", world.key(ANA), "SUPPORT@brand-a.TEST")


@pytest.mark.parametrize("mailbox", [ANA, SALES])
def test_a_members_key_opens_only_what_is_shared_with_them(world: World, mailbox: str) -> None:
    key = world.key(BEN)
    assert all_refused(
        lambda: opens_imap(world.config, BEN, key, mailbox), lambda: opens_smtp(world.config, BEN, key, mailbox)
    )


def test_a_key_works_from_the_webmails_own_host_only(world: World) -> None:
    key = world.key(ANA)
    for mailbox in ("", SUPPORT):
        assert opens_imap(world.config, ANA, key, mailbox)
        assert opens_smtp(world.config, ANA, key, mailbox)
    assert all_refused(
        lambda: opens_imap(world.config, ANA, key, source=ELSEWHERE),
        lambda: opens_smtp(world.config, ANA, key, source=ELSEWHERE),
        lambda: opens_imap(world.config, ANA, key, SUPPORT, ELSEWHERE),
        lambda: opens_smtp(world.config, ANA, key, SUPPORT, ELSEWHERE),
    )


def test_a_password_opens_ones_own_mailbox_from_anywhere_and_never_a_shared_one(world: World) -> None:
    assert opens_imap(world.config, ANA, PASSWORD, source=ELSEWHERE)
    assert opens_imap_login(world.config, ANA, PASSWORD)
    assert opens_smtp(world.config, ANA, PASSWORD, source=ELSEWHERE)
    assert opens_smtp_login(world.config, ANA, PASSWORD)
    assert all_refused(
        lambda: opens_imap(world.config, ANA, PASSWORD, SUPPORT),
        lambda: opens_smtp(world.config, ANA, PASSWORD, SUPPORT),
    )


def test_a_wrong_password_opens_nothing(world: World) -> None:
    assert all_refused(
        lambda: opens_imap(world.config, ANA, PASSWORD + "x"),
        lambda: opens_smtp(world.config, ANA, PASSWORD + "x"),
        lambda: opens_smtp(world.config, "nobody@brand-a.test", PASSWORD),
        lambda: opens_imap(world.config, "nobody@brand-a.test", PASSWORD),
    )


def test_with_the_second_factor_on_the_plain_password_opens_nothing(world: World) -> None:
    places = [(source, mailbox) for source in ("127.0.0.1", ELSEWHERE) for mailbox in ("", SUPPORT)]
    assert all_refused(
        *(partial(opens_imap, world.config, TESS, PASSWORD, mailbox, source) for source, mailbox in places),
        *(partial(opens_smtp, world.config, TESS, PASSWORD, mailbox, source) for source, mailbox in places),
        lambda: opens_imap_login(world.config, TESS, PASSWORD),
        lambda: opens_smtp_login(world.config, TESS, PASSWORD),
    )


def test_an_app_password_opens_ones_own_mailbox_from_anywhere_and_never_a_shared_one(world: World, phone: str) -> None:
    assert opens_imap(world.config, TESS, phone, source=ELSEWHERE)
    assert opens_smtp(world.config, TESS, phone, source=ELSEWHERE)
    assert opens_smtp_login(world.config, TESS, phone)
    assert all_refused(
        lambda: opens_imap(world.config, TESS, phone, SUPPORT),
        lambda: opens_smtp(world.config, TESS, phone, SUPPORT),
        lambda: opens_imap(world.config, ANA, phone),
    )


def _as_people_type(shown: str) -> list[str]:
    bare = shown.replace("-", "")
    blanks = shown.replace("-", " ")
    ways = [shown, bare, blanks, shown.upper(), bare.upper(), blanks.upper(), shown.capitalize(), blanks.title()]
    return [*ways, bare.swapcase()[:9] + bare[9:], f"{shown} ", f"{bare} "]


def test_an_app_password_is_taken_as_people_type_it(world: World, phone: str) -> None:
    ways = _as_people_type(phone)
    for typed in ways:
        assert opens_imap(world.config, TESS, typed, source=ELSEWHERE), typed
        assert opens_smtp(world.config, TESS, typed, source=ELSEWHERE), typed
    assert opens_imap_login(world.config, TESS, ways[2].upper())
    assert opens_smtp_login(world.config, TESS, ways[2].upper())


def test_one_sign_of_an_app_password_that_is_wrong_is_too_many(world: World, phone: str) -> None:
    other = "a" if phone[-1] != "a" else "b"
    ways = _as_people_type(phone)[:3]
    wrong = [one for typed in ways for one in (typed[:-1] + other, typed + other, typed[:-1])]
    assert all_refused(
        *(partial(opens_imap, world.config, TESS, typed) for typed in [*wrong, "-" * 34, "------"]),
        *(partial(opens_smtp, world.config, TESS, typed) for typed in [*wrong, "-"]),
        *(partial(opens_imap, world.config, ANA, typed) for typed in ways),
        *(partial(opens_imap, world.config, TESS, typed, SUPPORT) for typed in ways),
    )


def test_an_app_password_of_another_length_goes_on_working_as_it_was_shown(world: World, old_phone: str) -> None:
    assert opens_imap(world.config, TESS, old_phone, source=ELSEWHERE)
    assert opens_smtp(world.config, TESS, old_phone, source=ELSEWHERE)


def test_a_revoked_app_password_is_out_however_it_was_typed(world: World, phone: str) -> None:
    ways = _as_people_type(phone)[::3]
    with dial_submission(world.config) as inside:
        assert auth_plain(inside, TESS, ways[1]) == 235
        with world.db.write() as session:
            (row,) = app_passwords.listing(session, world.login_id(TESS))
            app_passwords.revoke(session, SessionEvents(), world.login_id(TESS), row.id)
        assert inside.docmd("MAIL", f"FROM:<{TESS}>")[0] == 553
    assert all_refused(
        *(partial(opens_imap, world.config, TESS, typed) for typed in ways),
        *(partial(opens_smtp, world.config, TESS, typed) for typed in ways),
    )


def test_a_key_dies_with_its_web_session(world: World) -> None:
    key = world.key(ANA)
    assert opens_imap(world.config, ANA, key, SUPPORT)
    world.sign_out(ANA)
    assert all_refused(
        lambda: opens_imap(world.config, ANA, key),
        lambda: opens_smtp(world.config, ANA, key),
        lambda: opens_imap(world.config, ANA, key, SUPPORT),
        lambda: opens_smtp(world.config, ANA, key, SUPPORT),
    )


def test_strange_credentials_are_refused_and_do_no_harm(world: World) -> None:
    with dial_submission(world.config) as server:
        assert server.docmd("AUTH", "PLAIN %%%")[0] == 535
        assert server.docmd("AUTH", "PLAIN AGFuYQ==")[0] == 535
        assert server.docmd("AUTH", "PLAIN =")[0] == 421
    strange = ("ana@brand-a.test' OR '1'='1", "ana@brand-a.test%", "ünï@brand-a.test", "a" * 400 + "@brand-a.test")
    assert all_refused(
        *(partial(opens_imap, world.config, person, PASSWORD) for person in strange),
        *(partial(opens_smtp, world.config, person, PASSWORD) for person in strange),
    )
