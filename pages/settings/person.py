"""A person's own settings: security, and what only people have: app passwords.

Only people come here; a shared mailbox has no sign-in that these pages could belong to.
"""

from datetime import UTC, datetime

from flask import Blueprint, abort, redirect, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from auth import app_passwords, logins, recovery, session_list
from auth.sign_in import confirm_password
from core.db import Also, now
from mailboxes.audit import record_own
from pages.settings.forms import NewAppPasswordForm
from pages.settings.security import NUMBER, Answer, Shell, add_security_pages, settings_page
from pages.sign_in.forms import REFUSALS, refuse
from pages.sign_in.steps import this_client
from web.context import current_actor, current_doer, services
from web.forms import typed
from web.say import say

blueprint = Blueprint("settings", __name__, url_prefix="/settings")


def _noted(what: str, detail: str = "") -> Also:
    """What a person changes about their own sign-in stands in the account's audit log."""
    doer = current_doer()
    return lambda session: record_own(session, doer, f"person.{what}", detail=detail)


SHELL = Shell(
    template="settings.html",
    nav=(
        ("Security", "settings.security"),
        ("Password", "settings.password"),
        ("Second factor", "settings.second_factor_page"),
        ("App passwords", "settings.app_passwords_page"),
        ("Sessions", "settings.sessions_page"),
        ("Signature", "signature.edit"),
        ("Shared mailboxes", "shares.shares_page"),
    ),
    home="webmail.home",
    who=current_actor,
    noted=_noted,
    after_password="settings.security",  # noqa: S106  an endpoint
)
add_security_pages(blueprint, SHELL)


@blueprint.get("/")
def index() -> Response:
    return redirect(url_for("settings.security"), 303)


@blueprint.get("/security")
def security() -> Response:
    """Where everything stands, with a way to each of the other pages."""
    me = current_actor()
    with services().db.read() as session:
        login = logins.get(session, me.login_id) or abort(404)
        facts = {
            "second_factor": login.second_factor,
            "codes_left": recovery.left(session, me.login_id),
            "app_passwords": app_passwords.count(session, me.login_id),
            "sessions": len(session_list.listing(session, me.login_id, me.session_id, now())),
            "password_changed": _time(login.password_changed_at),
        }
    return settings_page(SHELL, "security", "security", **facts)


@blueprint.route("/app-passwords", methods=["GET", "POST"])
def app_passwords_page() -> Response:
    """The list; a new one is in the answer to the form and nowhere else."""
    form, me = NewAppPasswordForm(), current_actor()
    if not form.validate_on_submit():
        return _app_passwords(form)
    try:
        confirm_password(services().db, me.login_id, typed(form.password), this_client())
        noted = _noted("app_password_made", typed(form.label))
        secret = app_passwords.create(services().db, me.login_id, typed(form.label), noted)
    except REFUSALS as error:
        return _app_passwords(form, refuse(form, error))
    return _app_passwords(NewAppPasswordForm(formdata=None), secret=secret, secret_for=typed(form.label))


@blueprint.post(f"/app-passwords/{NUMBER}/revoke")
def app_password_revoke(number: int) -> Response:
    with services().db.write() as session:
        label = app_passwords.revoke(session, services().session_events, current_actor().login_id, number)
        if label is None:
            abort(404)
        _noted("app_password_revoked", label)(session)
    say(f"“{label}” is revoked, and devices that used it are signed out.")
    return redirect(url_for("settings.app_passwords_page"), 303)


def _app_passwords(
    form: FlaskForm, answer: Answer | None = None, *, secret: str = "", secret_for: str = ""
) -> Response:
    me = current_actor()
    with services().db.read() as session:
        rows = app_passwords.listing(session, me.login_id)
        on = (logins.get(session, me.login_id) or abort(404)).second_factor
    facts = {"secret": secret, "secret_for": secret_for, "second_factor": on}
    return settings_page(SHELL, "app_passwords", "app_passwords_page", answer, form=form, rows=rows, **facts)


def _time(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
