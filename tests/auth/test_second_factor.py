"""Codes: right for a minute and a half, good for one use, and ten of paper beside them."""

import base64
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth import app_passwords, logins, recovery, second_factor, sign_in, totp
from auth.errors import SecondFactorState, TooManyAttempts, WrongCode, WrongPassword
from auth.models import Login
from auth.sessions import resolve
from core.db import now
from tests.auth.conftest import HOME, PHONE, World
from tests.cast import ANA, PASSWORD, TESS, TESS_SECRET

Result = TypeVar("Result")


def _code(offset: int = 0, seed: str = TESS_SECRET) -> str:
    return totp.code_at(seed, now() // 30 + offset)


def _wrong() -> str:
    right = {_code(offset) for offset in range(-2, 3)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in right)


def _pending(world: World) -> str:
    return sign_in.with_password(world.db, world.vault, TESS, PASSWORD, HOME).token


@pytest.fixture(autouse=True)
def _no_step_change() -> None:
    """Codes are made and checked within one step of thirty seconds."""
    left = 30 - time.time() % 30
    if left < 5:
        time.sleep(left + 0.1)


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_tess_signs_in_with_a_code_of_this_moment_or_one_beside_it(world: World, offset: int) -> None:
    started = sign_in.with_code(world.db, world.vault, _pending(world), _code(offset))
    actor = resolve(world.db, world.vault, started.token)
    assert actor is not None
    assert actor.address == TESS


@pytest.mark.parametrize("offset", [-2, 2, 10])
def test_a_code_of_another_time_is_wrong(world: World, offset: int) -> None:
    with pytest.raises(WrongCode):
        sign_in.with_code(world.db, world.vault, _pending(world), _code(offset))


def test_a_code_typed_with_spaces_is_right(world: World) -> None:
    code = _code()
    assert sign_in.with_code(world.db, world.vault, _pending(world), f" {code[:3]} {code[3:]} ").state == "full"


def test_a_code_works_once(world: World) -> None:
    sign_in.with_code(world.db, world.vault, _pending(world), _code())
    with pytest.raises(WrongCode):
        sign_in.with_code(world.db, world.vault, _pending(world), _code())
    # Nor does an earlier one, once a later one was used (RFC 6238 §5.2).
    with pytest.raises(WrongCode):
        sign_in.with_code(world.db, world.vault, _pending(world), _code(-1))


def test_twenty_browsers_with_the_same_code_at_the_same_moment_one_gets_in(each_world: World) -> None:
    world = each_world
    code = _code()

    def burn() -> bool:
        with world.db.write() as session:
            return totp.verify_and_burn(session, world.vault, session.get_one(Login, world.tess), code, now())

    assert sorted(_together(20, burn)) == [False] * 19 + [True]


def test_twenty_sign_ins_with_the_same_code_one_session(each_world: World) -> None:
    world = each_world
    tokens = [_pending(world) for _ in range(20)]
    code = _code()

    def verify() -> str:
        try:
            return sign_in.with_code(world.db, world.vault, tokens.pop(), code).state
        except (WrongCode, TooManyAttempts) as refused:
            return refused.code

    assert _together(20, verify).count("full") == 1


def test_twenty_submissions_from_one_browser_one_session(each_world: World) -> None:
    world, token, code = each_world, _pending(each_world), _code()

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
    world, token = each_world, _pending(each_world)
    for _ in range(5):
        with pytest.raises(WrongCode):
            sign_in.with_code(world.db, world.vault, token, _wrong())
    with pytest.raises(TooManyAttempts) as waiting:
        sign_in.with_code(world.db, world.vault, token, _code())
    assert waiting.value.public == "Too many attempts. Wait 15 minutes, then try again."
    # The account waits, not the browser: a fresh start does not help.
    with pytest.raises(TooManyAttempts):
        sign_in.with_code(world.db, world.vault, _pending(world), _code())


def test_twenty_wrong_codes_at_once_are_not_more_than_five_guesses(each_world: World) -> None:
    world, token, wrong = each_world, _pending(each_world), _wrong()

    def guess() -> str:
        try:
            return sign_in.with_code(world.db, world.vault, token, wrong).state
        except (WrongCode, TooManyAttempts) as refused:
            return refused.code

    results = _together(20, guess)
    assert (results.count("wrong_code"), results.count("too_many_attempts")) == (5, 15)


def test_a_right_code_after_four_wrong_ones_clears_the_count(world: World) -> None:
    for offset in (-1, 0, 1):
        token = _pending(world)
        for _ in range(4):
            with pytest.raises(WrongCode):
                sign_in.with_code(world.db, world.vault, token, _wrong())
        sign_in.with_code(world.db, world.vault, token, _code(offset))


def test_a_recovery_code_opens_once_and_says_how_many_are_left(world: World) -> None:
    with world.db.write() as session:
        codes = recovery.issue(session, world.vault, session.get_one(Login, world.tess))
    started = sign_in.with_code(world.db, world.vault, _pending(world), codes[3].upper().replace("-", " "))
    assert (started.state, started.recovery_codes_left) == ("full", 9)
    with pytest.raises(WrongCode):
        sign_in.with_code(world.db, world.vault, _pending(world), codes[3])


def test_recovery_codes_are_ten_long_and_not_kept(world: World) -> None:
    with world.db.write() as session:
        codes = recovery.issue(session, world.vault, session.get_one(Login, world.tess))
    assert len(set(codes)) == 10
    assert all(len(code) == 19 for code in codes)
    stored = _whole_database(world)
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


def test_anas_recovery_code_does_not_open_tess_account(world: World) -> None:
    with world.db.write() as session:
        code = recovery.issue(session, world.vault, session.get_one(Login, world.ana))[0]
    with pytest.raises(WrongCode):
        sign_in.with_code(world.db, world.vault, _pending(world), code)


def test_new_recovery_codes_void_the_old_ones(world: World) -> None:
    with world.db.write() as session:
        old = recovery.issue(session, world.vault, session.get_one(Login, world.tess))
    fresh = second_factor.new_recovery_codes(world.db, world.vault, world.tess, PASSWORD, HOME)
    with pytest.raises(WrongCode):
        sign_in.with_code(world.db, world.vault, _pending(world), old[0])
    assert sign_in.with_code(world.db, world.vault, _pending(world), fresh[0]).state == "full"


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


def test_the_seed_is_sealed_in_the_database(world: World) -> None:
    _enrol(world)
    assert TESS_SECRET not in _whole_database(world)
    assert _seed(world) not in _whole_database(world)


def test_ana_switches_it_on_and_everything_else_ends(each_world: World) -> None:
    world = each_world
    here = sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME)
    phone = sign_in.with_password(world.db, world.vault, ANA, PASSWORD, PHONE)
    actor = resolve(world.db, world.vault, here.token)
    assert actor is not None
    second_factor.begin(world.db, world.vault, world.ana, PASSWORD, HOME)
    done = second_factor.confirm(world.db, world.vault, world.events, actor, _code(seed=_seed(world)))
    assert len(done.recovery_codes) == 10
    assert done.sessions_ended == 1
    assert resolve(world.db, world.vault, phone.token) is None
    assert resolve(world.db, world.vault, here.token) is None, "the old token of this browser is dead too"
    assert resolve(world.db, world.vault, done.token) is not None
    assert sorted(ids for ids, _ in world.ended) == sorted([[phone.session_id], [here.session_id]])
    assert sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME).state == "pending"
    # From here on the mail servers take no plain password of hers.
    assert ("ana@brand-a.test", True) not in _server_logins(world)


def test_nothing_is_on_before_a_code_was_right(world: World) -> None:
    actor = _enrol(world)
    assert sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME).state == "full"
    with pytest.raises(WrongCode):
        second_factor.confirm(world.db, world.vault, world.events, actor, "000000")
    assert sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME).state == "full"


def test_guessing_while_switching_on_waits_after_five(world: World) -> None:
    actor = _enrol(world)
    for _ in range(5):
        with pytest.raises(WrongCode):
            second_factor.confirm(world.db, world.vault, world.events, actor, "not it")
    with pytest.raises(TooManyAttempts):
        second_factor.confirm(world.db, world.vault, world.events, actor, _code(seed=_seed(world)))


def test_switching_on_needs_the_password(world: World) -> None:
    with pytest.raises(WrongPassword):
        second_factor.begin(world.db, world.vault, world.ana, "not her password", HOME)
    assert _awaiting(world) is None


def test_a_seed_that_is_on_can_be_neither_seen_nor_replaced(world: World) -> None:
    with world.db.read() as session:
        assert second_factor.awaiting(session, world.vault, world.tess) is None
    with pytest.raises(SecondFactorState):
        second_factor.begin(world.db, world.vault, world.tess, PASSWORD, HOME)


@pytest.mark.parametrize(
    ("password", "code", "refusal"), [("wrong password", "", WrongPassword), (PASSWORD, "000000", WrongCode)]
)
def test_switching_off_needs_password_and_code(
    world: World, password: str, code: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        second_factor.switch_off(world.db, world.vault, world.tess, password, code or _code(), HOME)
    assert sign_in.with_password(world.db, world.vault, TESS, PASSWORD, HOME).state == "pending"


def test_tess_switches_it_off(world: World) -> None:
    with world.db.write() as session:
        recovery.issue(session, world.vault, session.get_one(Login, world.tess))
    second_factor.switch_off(world.db, world.vault, world.tess, PASSWORD, _code(), HOME)
    assert sign_in.with_password(world.db, world.vault, TESS, PASSWORD, HOME).state == "full"
    with world.db.read() as session:
        assert recovery.left(session, world.tess) == 0
        login = logins.get(session, world.tess)
        assert login is not None
        assert login.totp_secret is None


def test_a_phone_with_an_app_password_keeps_working_when_it_is_switched_on(world: World) -> None:
    app_passwords.create(world.db, world.ana, "phone")
    actor = _enrol(world)
    second_factor.confirm(world.db, world.vault, world.events, actor, _code(seed=_seed(world)))
    assert ("ana@brand-a.test", False) in _server_logins(world)


def test_the_qr_code_holds_the_address_and_the_seed(world: World) -> None:
    _enrol(world)
    enrolment = _awaiting(world)
    assert enrolment is not None
    parsed = pyotp.parse_uri(enrolment.uri)
    assert (parsed.name, parsed.issuer, parsed.secret) == (ANA, "Postroom", enrolment.seed.replace(" ", ""))
    assert enrolment.qr.startswith("data:image/svg+xml")
    assert len(base64.b32decode(parsed.secret)) * 8 == 160


def test_two_steps_of_one_person_at_the_same_moment_never_wait_for_each_other(each_world: World) -> None:
    """Both need tess's row and her count of codes; taken in two orders, PostgreSQL would call it a deadlock."""
    world, token, code, states = each_world, _pending(each_world), _code(), list[str]()
    verify = threading.Thread(target=lambda: states.append(sign_in.with_code(world.db, world.vault, token, code).state))
    with world.db.write() as session:
        login = logins.get(session, world.tess, lock=True)
        assert login is not None
        verify.start()
        time.sleep(0.3)
        assert sign_in.spend_code(session, world.vault, login, _wrong(), now()) is None
    verify.join()
    assert states == ["full"]


def _enrol(world: World):  # type: ignore[no-untyped-def]
    started = sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME)
    second_factor.begin(world.db, world.vault, world.ana, PASSWORD, HOME)
    return resolve(world.db, world.vault, started.token)


def _awaiting(world: World) -> totp.Enrolment | None:
    with world.db.read() as session:
        return second_factor.awaiting(session, world.vault, world.ana)


def _seed(world: World) -> str:
    enrolment = _awaiting(world)
    assert enrolment is not None
    return enrolment.seed.replace(" ", "")


def _server_logins(world: World) -> set[tuple[str, bool]]:
    """Every credential the mail servers know, and whether it is a plain password."""
    with world.db.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT address, password_hash IS NOT NULL FROM server_logins")
        return {(address, bool(plain)) for address, plain in rows}


def _whole_database(world: World) -> str:
    """Everything that is kept, as one text."""
    with world.db.engine.connect() as connection:
        tables = ("login", "web_session", "recovery_code", "app_password", "attempt")
        return "\n".join(str(connection.exec_driver_sql(f"SELECT * FROM {table}").all()) for table in tables)  # noqa: S608


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
