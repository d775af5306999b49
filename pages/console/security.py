"""The Security tab of a person's mailbox: what an owner does when a password, a phone or a laptop is lost."""

from datetime import UTC, datetime

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from auth.errors import WeakPassword
from auth.passwords import hash_password
from mailboxes import sign_ins
from mailboxes.administration import active_in
from pages.console.forms import PasswordChoice
from pages.console.shell import MAILBOX, changing, console, looking, page, row_of
from web.context import services
from web.converters import BIGGEST
from web.elapsed import ago
from web.say import say


@console.get(f"{MAILBOX}/security")
def security(mailbox_id: int) -> Response:
    """Where the person's sign-in stands."""
    return _security(mailbox_id, PasswordChoice())


@console.post(f"{MAILBOX}/security/password")
def security_password(mailbox_id: int) -> Response:
    """A new password; a generated one is in the answer and nowhere else."""
    form = PasswordChoice()
    with looking() as (session, admin):
        address = active_in(session, admin, mailbox_id).address
        sign_ins.sign_in_of(session, admin, mailbox_id)  # a shared mailbox has none: refused before anything is read
    if not form.validate_on_submit():
        return _security(mailbox_id, form, 422)
    try:
        password, generated = form.chosen(address)
    except WeakPassword as error:
        form.password.errors = [*form.password.errors, error.public]
        return _security(mailbox_id, form, error.status)
    fresh = hash_password(password)
    with changing() as (session, admin):
        sign_ins.set_password(session, admin, services().session_events, mailbox_id, fresh)
    if generated:
        return page("made", address=address, mailbox_id=mailbox_id, secret=password)
    say("The new password is set, and they are signed out everywhere.")
    return _back(mailbox_id)


@console.route(f"{MAILBOX}/security/second-factor/off", methods=["GET", "POST"])
def security_second_factor_off(mailbox_id: int) -> Response:
    """Asked once more: only the person can set one up again."""
    if request.method == "GET":
        with looking() as (session, admin):
            row = row_of(session, active_in(session, admin, mailbox_id))
            sign_ins.sign_in_of(session, admin, mailbox_id)
        return page("second_factor_off", row=row)
    with changing() as (session, admin):
        sign_ins.withdraw_second_factor(session, admin, services().session_events, mailbox_id)
    say("Their second factor is off. They can set up a new one in their settings.")
    return _back(mailbox_id)


@console.post(f"{MAILBOX}/security/app-passwords/<int(max={BIGGEST}):number>/revoke")
def security_app_password_revoke(mailbox_id: int, number: int) -> Response:
    with changing() as (session, admin):
        label = sign_ins.revoke_app_password(session, admin, services().session_events, mailbox_id, number)
    say(f"“{label}” is revoked, and devices that used it are signed out.")
    return _back(mailbox_id)


@console.post(f"{MAILBOX}/security/sessions/end")
def security_sessions_end(mailbox_id: int) -> Response:
    with changing() as (session, admin):
        sign_ins.end_sessions(session, admin, services().session_events, mailbox_id)
    say("They are signed out everywhere.")
    return _back(mailbox_id)


def _back(mailbox_id: int) -> Response:
    return redirect(url_for("console.security", mailbox_id=mailbox_id), 303)


def _security(mailbox_id: int, form: PasswordChoice, status: int = 200) -> Response:
    with looking() as (session, admin):
        row = row_of(session, active_in(session, admin, mailbox_id))
        state = sign_ins.sign_in_of(session, admin, mailbox_id)
    at = datetime.now(UTC)
    return page("security", status=status, row=row, state=state, form=form, ago=lambda then: ago(then, at))
