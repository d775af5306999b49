"""Switching the second factor on and off."""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from auth import logins, recovery, session_list, sessions, throttle, totp
from auth.actor import Client, Somebody
from auth.errors import SecondFactorState, SignInExpired, WrongCode
from auth.models import Login
from auth.sessions import SessionEvents
from auth.sign_in import confirm_password, spend_code
from auth.totp import Enrolment
from core.db import Also, Database, nothing, now
from core.vault import Vault


@dataclass(frozen=True)
class SwitchedOn:
    """What switching on made: the codes to keep, and the token this browser goes on with."""

    recovery_codes: list[str] = field(repr=False)
    token: str = field(repr=False)
    sessions_ended: int


def begin(db: Database, vault: Vault, login_id: int, password: str, client: Client) -> None:
    """Make a fresh seed. Nothing is on before a code made from it has been shown to us.

    Raises WrongPassword, TooManyAttempts, SecondFactorState when it is on already.
    """
    confirm_password(db, login_id, password, client)
    with db.write() as session:
        login = _locked(session, login_id, on=False)
        login.totp_secret, login.totp_last_step = vault.encrypt(totp.new_secret()), 0


def awaiting(session: Session, vault: Vault, login_id: int) -> Enrolment | None:
    """What the authenticator app needs, while a seed was made and not confirmed yet."""
    login = logins.get(session, login_id)
    if login is None or login.totp_secret is None or login.second_factor:
        return None
    return totp.enrolment(vault.decrypt(login.totp_secret), login.name)


def confirm(
    db: Database, vault: Vault, events: SessionEvents, actor: Somebody, code: str, also: Also = nothing
) -> SwitchedOn:
    """Switch it on. Other sessions end, and so do connections made with the plain password: they proved less.

    Raises WrongCode, TooManyAttempts, SecondFactorState.
    """
    at = now()
    switched: SwitchedOn | None = None
    with db.write() as session:
        login = _locked(session, actor.login_id, on=False)
        if login.totp_secret is None:
            raise SecondFactorState("no seed was made")
        if spend_code(session, vault, login, code, at):
            login.totp_confirmed_at = at
            session.flush()
            also(session)
            codes = recovery.issue(session, vault, login)
            ended = session_list.end_others(session, events, login.id, actor.session_id)
            switched = SwitchedOn(codes, sessions.renew(session, vault, events, actor.session_id), ended)
    # Raised outside the block: the attempt must stay counted.
    if switched is None:
        raise WrongCode("wrong code while switching on")
    return switched


def switch_off(
    db: Database, vault: Vault, login_id: int, password: str, code: str, client: Client, also: Also = nothing
) -> None:
    """Switch it off, with the password *and* a code. Raises WrongPassword, WrongCode, TooManyAttempts."""
    confirm_password(db, login_id, password, client)
    with db.write() as session:
        login = _locked(session, login_id, on=True)
        right = spend_code(session, vault, login, code, now())
        if right is not None:
            withdraw(session, login)
            also(session)
    if right is None:
        raise WrongCode("wrong code while switching off")


def new_recovery_codes(
    db: Database, vault: Vault, login_id: int, password: str, client: Client, also: Also = nothing
) -> list[str]:
    """Ten fresh codes instead of the old ones. Raises WrongPassword, TooManyAttempts, SecondFactorState."""
    confirm_password(db, login_id, password, client)
    with db.write() as session:
        also(session)
        return recovery.issue(session, vault, _locked(session, login_id, on=True))


def withdraw(session: Session, login: Login) -> None:
    """Take the second factor away, seed and recovery codes with it. Whoever calls this has checked who asks."""
    login.totp_secret = login.totp_confirmed_at = None
    login.totp_last_step = 0
    recovery.withdraw(session, login)
    throttle.clear(session, throttle.key("code", str(login.id)))
    session.flush()


def _locked(session: Session, login_id: int, *, on: bool) -> Login:
    login = logins.get(session, login_id, lock=True)
    if login is None:
        raise SignInExpired("the sign-in is gone")
    if login.second_factor is not on:
        raise SecondFactorState(f"expected {'on' if on else 'off'}")
    return login
