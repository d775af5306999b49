"""The settings pages about one's own sign-in, the same for people and for owners: password, second factor, sessions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from flask import Blueprint, abort, make_response, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from auth import credentials, logins, recovery, second_factor, session_list
from auth.actor import Somebody
from auth.credentials import PasswordChanged
from core.db import Also, now
from pages.settings.forms import ConfirmForm, PasswordChangeForm, PasswordForm, SwitchOffForm
from pages.sign_in.forms import REFUSALS, refuse
from pages.sign_in.steps import this_client, view_of
from web import cookies
from web.context import services
from web.elapsed import ago
from web.forms import typed
from web.say import say

Answer = tuple[int, dict[str, str]]
# Row numbers are 32 bits wide in the database; a larger one names nothing.
NUMBER = "<int(max=2147483647):number>"


@dataclass(frozen=True)
class Shell:
    """What stands around these pages: `nav` is (label, endpoint). `noted(what, detail)` writes down what was done."""

    template: str
    nav: tuple[tuple[str, str], ...]
    home: str
    who: Callable[[], Somebody]
    noted: Callable[..., Also]
    after_password: str


def add_security_pages(blueprint: Blueprint, shell: Shell, below: str = "") -> None:
    """Give the blueprint `password`, `second_factor_page`, `recovery_codes`, `sessions_page` and their forms."""
    both, post = ["GET", "POST"], ["POST"]
    for path, name, page, methods in (
        ("/password", "password", _password, both),
        ("/second-factor", "second_factor_page", _second_factor_page, ["GET"]),
        ("/second-factor/begin", "second_factor_begin", _second_factor_begin, post),
        ("/second-factor/confirm", "second_factor_confirm", _second_factor_confirm, post),
        ("/second-factor/off", "second_factor_off", _second_factor_off, post),
        ("/recovery-codes", "recovery_codes", _recovery_codes, both),
        ("/sessions", "sessions_page", _sessions_page, ["GET"]),
        (f"/sessions/{NUMBER}/end", "session_end", _session_end, post),
        ("/sessions/end-others", "sessions_end_others", _sessions_end_others, post),
    ):
        blueprint.add_url_rule(below + path, name, view_of(page, shell), methods=methods)


def settings_page(shell: Shell, name: str, at: str, answer: Answer | None = None, /, **context: object) -> Response:
    """A settings page. A form that came back with errors of its own makes it a 422."""
    form = context.get("form")
    status, headers = answer or (422 if isinstance(form, FlaskForm) and form.errors else 200, {})
    context |= {
        "me": shell.who(),
        "shell": shell.template,
        "settings_nav": [(label, url_for(endpoint), endpoint.partition(".")[2] == at) for label, endpoint in shell.nav],
        "home_url": url_for(shell.home),
        "ago": lambda then: ago(then, datetime.now(UTC)),
    }
    page = make_response(render_template(f"settings/{name}.html", **context), status)
    # Seeds, codes and secrets stand on these pages: no cache, not even the browser's own, may keep one.
    page.headers.update({"Cache-Control": "no-store", **headers})
    return page


def _password(shell: Shell) -> Response:
    """Change one's own password; the other sessions end."""
    form, held, me = PasswordChangeForm(), services(), shell.who()
    if not form.validate_on_submit():
        return settings_page(shell, "password", "password", form=form)
    try:
        done = credentials.change_password(
            held.db,
            held.vault,
            held.session_events,
            me,
            this_client(),
            old=typed(form.password),
            new=typed(form.new_password),
            revoke_app_passwords=form.revoke_app_passwords.data,
            also=shell.noted("password_changed", "app passwords revoked" if form.revoke_app_passwords.data else ""),
        )
    except REFUSALS as error:
        return settings_page(shell, "password", "password", refuse(form, error), form=form)
    say(_what_changed(done))
    answer = redirect(url_for(shell.after_password), 303)
    cookies.keep(answer, done.token, me.role)
    return answer


def _second_factor_page(shell: Shell) -> Response:
    """Off, a QR code waiting to be confirmed, or on: each with the form for the next step."""
    return _second_factor(shell)


def _second_factor_begin(shell: Shell) -> Response:
    form, held = PasswordForm(), services()
    if form.validate_on_submit():
        try:
            second_factor.begin(held.db, held.vault, shell.who().login_id, typed(form.password), this_client())
        except REFUSALS as error:
            return _second_factor(shell, form, refuse(form, error))
        return redirect(url_for(".second_factor_page"), 303)
    return _second_factor(shell, form)


def _second_factor_confirm(shell: Shell) -> Response:
    """The first code from the app switches it on; the recovery codes are in this answer and nowhere else."""
    form, held, me = ConfirmForm(), services(), shell.who()
    if not form.validate_on_submit():
        return _second_factor(shell, form)
    noted = shell.noted("second_factor_on")
    try:
        done = second_factor.confirm(held.db, held.vault, held.session_events, me, typed(form.code), noted)
    except REFUSALS as error:
        return _second_factor(shell, form, refuse(form, error))
    answer = settings_page(shell, "recovery_codes", "second_factor_page", codes=done.recovery_codes, just_on=True)
    cookies.keep(answer, done.token, me.role)
    return answer


def _second_factor_off(shell: Shell) -> Response:
    form, held, login_id = SwitchOffForm(), services(), shell.who().login_id
    if not form.validate_on_submit():
        return _second_factor(shell, form)
    password, code, noted = typed(form.password), typed(form.code), shell.noted("second_factor_off")
    try:
        second_factor.switch_off(held.db, held.vault, login_id, password, code, this_client(), noted)
    except REFUSALS as error:
        return _second_factor(shell, form, refuse(form, error))
    say("Your second factor is off. Your password alone signs you in again.")
    return redirect(url_for(".second_factor_page"), 303)


def _recovery_codes(shell: Shell) -> Response:
    """How many are left; ten new ones are in the answer to the form and nowhere else.

    Without a second factor there is nothing they could stand in for.
    """
    form, held, login_id = PasswordForm(), services(), shell.who().login_id
    show = partial(settings_page, shell, "recovery_codes", "second_factor_page")
    with held.db.read() as session:
        left, login = recovery.left(session, login_id), logins.get(session, login_id)
    if login is None or not login.second_factor:
        return redirect(url_for(".second_factor_page"), 303)
    if not form.validate_on_submit():
        return show(form=form, left=left)
    password, noted = typed(form.password), shell.noted("recovery_codes_made")
    try:
        codes = second_factor.new_recovery_codes(held.db, held.vault, login_id, password, this_client(), noted)
    except REFUSALS as error:
        return show(refuse(form, error), form=form, left=left)
    return show(codes=codes)


def _sessions_page(shell: Shell) -> Response:
    me = shell.who()
    with services().db.read() as session:
        rows = session_list.listing(session, me.login_id, me.session_id, now())
    return settings_page(shell, "sessions", "sessions_page", sessions=rows)


def _session_end(shell: Shell, number: int) -> Response:
    with services().db.write() as session:
        ended = session_list.end(session, services().session_events, shell.who().login_id, number)
        if ended:
            shell.noted("session_ended")(session)
    if not ended:
        abort(404)
    say("That session is signed out.")
    return redirect(url_for(".sessions_page"), 303)


def _sessions_end_others(shell: Shell) -> Response:
    me = shell.who()
    with services().db.write() as session:
        ended = session_list.end_others(session, services().session_events, me.login_id, me.session_id)
        if ended:
            shell.noted("session_ended")(session)
    say(_signed_out(ended))
    return redirect(url_for(".sessions_page"), 303)


def _second_factor(shell: Shell, form: FlaskForm | None = None, answer: Answer | None = None) -> Response:
    """The page of the state it is in now. A form of another state is left out: the state changed meanwhile."""
    held, me = services(), shell.who()
    with held.db.read() as session:
        login = logins.get(session, me.login_id) or abort(404)
        enrolment = second_factor.awaiting(session, held.vault, me.login_id)
        on, left = login.second_factor, recovery.left(session, me.login_id)
    kind = SwitchOffForm if on else ConfirmForm if enrolment else PasswordForm
    shown = form if type(form) is kind else kind(formdata=None)
    facts = {"on": on, "enrolment": enrolment, "left": left}
    return settings_page(shell, "second_factor", "second_factor_page", answer, form=shown, **facts)


def _what_changed(done: PasswordChanged) -> str:
    text = f"Your password is changed. {_signed_out(done.sessions_ended)}"
    if done.app_passwords_revoked:
        text += f" App passwords revoked: {done.app_passwords_revoked}."
    return text


def _signed_out(ended: int) -> str:
    if ended == 0:
        return "You weren't signed in anywhere else."
    return "The other session is signed out." if ended == 1 else f"{ended} other sessions are signed out."
