"""Setting and changing a password."""

from dataclasses import dataclass

from auth import app_passwords, logins, session_list, sessions
from auth.actor import Client, Somebody
from auth.errors import SignInExpired, WeakPassword, WrongPassword
from auth.passwords import check_strength, hash_password
from auth.sessions import SessionEvents
from auth.sign_in import confirm_password
from core.db import Also, Database, nothing, now
from core.vault import Vault


@dataclass(frozen=True)
class PasswordChanged:
    """What the change did: the token this browser goes on with, and how much else ended."""

    token: str
    sessions_ended: int
    app_passwords_revoked: int


def change_password(
    db: Database,
    vault: Vault,
    events: SessionEvents,
    actor: Somebody,
    client: Client,
    *,
    old: str,
    new: str,
    revoke_app_passwords: bool = False,
    also: Also = nothing,
) -> PasswordChanged:
    """Change one's own password. Other sessions and every connection end.

    App passwords stay unless asked: the phone in the pocket should not stop because of a routine change.
    Raises WrongPassword, WeakPassword, TooManyAttempts.
    """
    check_strength(new, actor.address)
    stored = confirm_password(db, actor.login_id, old, client)
    if new == old:
        raise WeakPassword("unchanged", public="That is your current password. Choose a new one.")
    fresh = hash_password(new)
    with db.write() as session:
        login = logins.get(session, actor.login_id, lock=True)
        if login is None:
            raise SignInExpired("the sign-in is gone")
        if login.password_hash != stored:
            raise WrongPassword("the password was changed meanwhile")
        login.password_hash, login.password_changed_at = fresh, now()
        session.flush()
        also(session)
        revoked = app_passwords.revoke_all(session, login.id) if revoke_app_passwords else 0
        ended = session_list.end_others(session, events, login.id, actor.session_id)
        return PasswordChanged(sessions.renew(session, vault, events, actor.session_id), ended, revoked)
