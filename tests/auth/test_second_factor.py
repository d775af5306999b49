"""Codes: right for a minute and a half, good for one use, and ten of paper beside them."""

import base64
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth import logins, recovery, second_factor, sign_in, totp
from auth.errors import TooManyAttempts, WrongCode
from auth.models import Login
from auth.sessions import resolve
from core.db import now
from tests.auth.codes import code_of_now, half_signed_in, whole_database, wrong_code
from tests.auth.conftest import HOME, World
from tests.cast import PASSWORD, TESS, TESS_SECRET

Result = TypeVar("Result")
pytestmark = pytest.mark.usefixtures("within_one_step")


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_tess_signs_in_with_a_code_of_this_moment_or_one_beside_it(world: World, offset: int) -> None:
    started = sign_in.with_code(world.db, world.vault, half_signed_in(world), code_of_now(offset))
    actor = resolve(world.db, world.vault, started.token)
    assert actor is not None
    assert actor.address == TESS


@pytest.mark.parametrize("offset", [-2, 2, 10])
def test_a_code_of_another_time_is_wrong(world: World, offset: int) -> None:
    with pytest.raises(WrongCode):
        sign_in.with_code(world.db, world.vault, half_signed_in(world), code_of_now(offset))


def test_a_code_typed_with_spaces_is_right(world: World) -> None:
    code = code_of_now()
    assert sign_in.with_code(world.db, world.vault, half_signed_in(world), f" {code[:3]} {code[3:]} ").state == "full"


def test_a_code_works_once(world: World) -> None:
    sign_in.with_code(world.db, world.vault, half_signed_in(world), code_of_now())
    with pytest.raises(WrongCode):
        sign_in.with_code(world.db, world.vault, half_signed_in(world), code_of_now())
    # Nor does an earlier one, once a later one was used (RFC 6238 §5.2).
    with pytest.raises(WrongCode):
        sign_in.with_code(world.db, world.vault, half_signed_in(world), code_of_now(-1))


def test_twenty_browsers_with_the_same_code_at_the_same_moment_one_gets_in(each_world: World) -> None:
    world = each_world
    code = code_of_now()

    def burn() -> bool:
        with world.db.write() as session:
            return totp.verify_and_burn(session, world.vault, session.get_one(Login, world.tess), code, now())

    assert sorted(_together(20, burn)) == [False] * 19 + [True]


def test_twenty_sign_ins_with_the_same_code_one_session(each_world: World) -> None:
    world = each_world
    tokens = [half_signed_in(world) for _ in range(20)]
    code = code_of_now()

    def verify() -> str:
        try:
            return sign_in.with_code(world.db, world.vault, tokens.pop(), code).state
        except (WrongCode, TooManyAttempts) as refused:
            return refused.code

    assert _together(20, verify).count("full") == 1


def test_twenty_submissions_from_one_browser_one_session(each_world: World) -> None:
    world, token, code = each_world, half_signed_in(each_world), code_of_now()

    def verify() -> str:
        try:
            return sign_in.with_code(world.db, world.vault, token, code).token
        except Exception as refused:
            return type(refused).__name__

    results = _together(20, verify)
    refused = {"WrongCode", "TooManyAttempts", "SignInExpired"}
    assert len([result for result in results if result not in refused]) == 1


def test_twenty_with_the_same_recovery_code_one_gets_in(each_world: World) -> None:
    world = each_world
    with world.db.write() as session:
        code = recovery.issue(session, world.vault, session.get_one(Login, world.tess))[0]

    def redeem() -> bool:
        with world.db.write() as session:
            return recovery.redeem(session, world.vault, session.get_one(Login, world.tess), code, now())

    assert sorted(_together(20, redeem)) == [False] * 19 + [True]


def test_after_five_wrong_codes_the_account_waits_also_with_the_right_one(each_world: World) -> None:
    world, token = each_world, half_signed_in(each_world)
    for _ in range(5):
        with pytest.raises(WrongCode):
            sign_in.with_code(world.db, world.vault, token, wrong_code())
    with pytest.raises(TooManyAttempts) as waiting:
        sign_in.with_code(world.db, world.vault, token, code_of_now())
    assert waiting.value.public == "Too many attempts. Wait 15 minutes, then try again."
    # The account waits, not the browser: a fresh start does not help.
    with pytest.raises(TooManyAttempts):
        sign_in.with_code(world.db, world.vault, half_signed_in(world), code_of_now())


def test_twenty_wrong_codes_at_once_are_not_more_than_five_guesses(each_world: World) -> None:
    world, token, wrong = each_world, half_signed_in(each_world), wrong_code()

    def guess() -> str:
        try:
            return sign_in.with_code(world.db, world.vault, token, wrong).state
        except (WrongCode, TooManyAttempts) as refused:
            return refused.code

    results = _together(20, guess)
    assert (results.count("wrong_code"), results.count("too_many_attempts")) == (5, 15)


def test_a_right_code_after_four_wrong_ones_clears_the_count(world: World) -> None:
    for offset in (-1, 0, 1):
        token = half_signed_in(world)
        for _ in range(4):
            with pytest.raises(WrongCode):
                sign_in.with_code(world.db, world.vault, token, wrong_code())
        sign_in.with_code(world.db, world.vault, token, code_of_now(offset))


def test_a_recovery_code_opens_once_and_says_how_many_are_left(world: World) -> None:
    with world.db.write() as session:
        codes = recovery.issue(session, world.vault, session.get_one(Login, world.tess))
    started = sign_in.with_code(world.db, world.vault, half_signed_in(world), codes[3].upper().replace("-", " "))
    assert (started.state, started.recovery_codes_left) == ("full", 9)
    with pytest.raises(WrongCode):
        sign_in.with_code(world.db, world.vault, half_signed_in(world), codes[3])


def test_recovery_codes_are_ten_long_and_not_kept(world: World) -> None:
    with world.db.write() as session:
        codes = recovery.issue(session, world.vault, session.get_one(Login, world.tess))
    assert len(set(codes)) == 10
    assert all(len(code) == 19 for code in codes)
    stored = whole_database(world)
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


def test_anas_recovery_code_does_not_open_tess_account(world: World) -> None:
    with world.db.write() as session:
        code = recovery.issue(session, world.vault, session.get_one(Login, world.ana))[0]
    with pytest.raises(WrongCode):
        sign_in.with_code(world.db, world.vault, half_signed_in(world), code)


def test_new_recovery_codes_void_the_old_ones(world: World) -> None:
    with world.db.write() as session:
        old = recovery.issue(session, world.vault, session.get_one(Login, world.tess))
    fresh = second_factor.new_recovery_codes(world.db, world.vault, world.tess, PASSWORD, HOME)
    with pytest.raises(WrongCode):
        sign_in.with_code(world.db, world.vault, half_signed_in(world), old[0])
    assert sign_in.with_code(world.db, world.vault, half_signed_in(world), fresh[0]).state == "full"


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_codes_are_those_of_rfc_6238_appendix_b(at: int, code: str) -> None:
    assert totp.code_at(base64.b32encode(b"12345678901234567890").decode(), at // 30) == code


@given(st.text(max_size=50))
def test_any_text_as_a_code_is_just_wrong(text: str) -> None:
    step = totp.matching_step(TESS_SECRET, text, 1_700_000_000)
    assert step is None or text == totp.code_at(TESS_SECRET, step)


def test_two_steps_of_one_person_at_the_same_moment_never_wait_for_each_other(each_world: World) -> None:
    """Both need tess's row and her count of codes; taken in two orders, PostgreSQL would call it a deadlock."""
    world, token, code, states = each_world, half_signed_in(each_world), code_of_now(), list[str]()
    verify = threading.Thread(target=lambda: states.append(sign_in.with_code(world.db, world.vault, token, code).state))
    with world.db.write() as session:
        login = logins.get(session, world.tess, lock=True)
        assert login is not None
        verify.start()
        time.sleep(0.3)
        assert sign_in.spend_code(session, world.vault, login, wrong_code(), now()) is None
    verify.join()
    assert states == ["full"]


def _together(count: int, work: Callable[[], Result]) -> list[Result]:
    gate = threading.Barrier(count)
    results: list[Result] = []

    def run() -> None:
        gate.wait()
        results.append(work())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == count
    return results
