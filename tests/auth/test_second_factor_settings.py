"""The second factor is switched on and off by who knows the password, and nothing of it lies open in the database."""

import base64

import pyotp
import pytest

from auth import app_passwords, logins, recovery, second_factor, sign_in, totp
from auth.errors import SecondFactorState, TooManyAttempts, WrongCode, WrongPassword
from auth.models import Login
from auth.sessions import resolve
from tests.auth.codes import code_of_now, whole_database
from tests.auth.conftest import HOME, PHONE, World
from tests.cast import ANA, PASSWORD, TESS, TESS_SECRET

pytestmark = pytest.mark.usefixtures("within_one_step")


def test_the_seed_is_sealed_in_the_database(world: World) -> None:
    _enrol(world)
    assert TESS_SECRET not in whole_database(world)
    assert _seed(world) not in whole_database(world)


def test_ana_switches_it_on_and_everything_else_ends(each_world: World) -> None:
    world = each_world
    here = sign_in.with_password(world.db, world.vault, ANA, PASSWORD, HOME)
    phone = sign_in.with_password(world.db, world.vault, ANA, PASSWORD, PHONE)
    actor = resolve(world.db, world.vault, here.token)
    assert actor is not None
    second_factor.begin(world.db, world.vault, world.ana, PASSWORD, HOME)
    done = second_factor.confirm(world.db, world.vault, world.events, actor, code_of_now(seed=_seed(world)))
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
        second_factor.confirm(world.db, world.vault, world.events, actor, code_of_now(seed=_seed(world)))


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
        second_factor.switch_off(world.db, world.vault, world.tess, password, code or code_of_now(), HOME)
    assert sign_in.with_password(world.db, world.vault, TESS, PASSWORD, HOME).state == "pending"


def test_tess_switches_it_off(world: World) -> None:
    with world.db.write() as session:
        recovery.issue(session, world.vault, session.get_one(Login, world.tess))
    second_factor.switch_off(world.db, world.vault, world.tess, PASSWORD, code_of_now(), HOME)
    assert sign_in.with_password(world.db, world.vault, TESS, PASSWORD, HOME).state == "full"
    with world.db.read() as session:
        assert recovery.left(session, world.tess) == 0
        login = logins.get(session, world.tess)
        assert login is not None
        assert login.totp_secret is None


def test_a_phone_with_an_app_password_keeps_working_when_it_is_switched_on(world: World) -> None:
    app_passwords.create(world.db, world.ana, "phone")
    actor = _enrol(world)
    second_factor.confirm(world.db, world.vault, world.events, actor, code_of_now(seed=_seed(world)))
    assert ("ana@brand-a.test", False) in _server_logins(world)


def test_the_qr_code_holds_the_address_and_the_seed(world: World) -> None:
    _enrol(world)
    enrolment = _awaiting(world)
    assert enrolment is not None
    parsed = pyotp.parse_uri(enrolment.uri)
    assert (parsed.name, parsed.issuer, parsed.secret) == (ANA, "Postroom", enrolment.seed.replace(" ", ""))
    assert enrolment.qr.startswith("data:image/svg+xml")
    assert len(base64.b32decode(parsed.secret)) * 8 == 160


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
