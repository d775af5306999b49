"""Owners: signing in, their way back in after a forgotten password, and their own settings."""

import logging
from functools import partial

from flask import Blueprint, redirect, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from auth import logins, resets
from auth.errors import ResetExpired, TooManyAttempts, WeakPassword
from auth.models import OWNER
from auth.passwords import generate_password, hash_password
from auth.sign_in import confirm_password
from core.db import Also, now
from core.errors import PostroomError
from mail.smtp.notices import Notice, post, way_to
from mailboxes import owners
from mailboxes.audit import Doer, record
from mailboxes.errors import BadName
from pages.console.forms import NewOwnerForm
from pages.settings.forms import ForgottenForm, NewPasswordForm, PasswordForm
from pages.settings.security import NUMBER, Answer, Shell, add_security_pages, settings_page
from pages.sign_in.forms import REFUSALS, refuse
from pages.sign_in.steps import Way, add_sign_in, form_page, this_client
from web.context import Services, client_address, current_administration, current_owner, services
from web.forms import typed
from web.say import say

blueprint = Blueprint("owner", __name__, url_prefix="/console")
log = logging.getLogger(__name__)

# The same for an address that is somebody's and for one that isn't.
SENT = "If an account exists for this email, we've sent password reset instructions."


def _noted(what: str, detail: str = "") -> Also:
    """What an owner changes about their own sign-in stands in the account's audit log."""
    admin, owner = current_administration(), current_owner()
    return lambda session: record(
        session, admin.doer, admin.account_id, f"owner.{what}", subject=owner.email, detail=detail
    )


SHELL = Shell(
    template="console/settings.html",
    nav=(
        ("Owners", "owner.owners_page"),
        ("Password", "owner.password"),
        ("Second factor", "owner.second_factor_page"),
        ("Sessions", "owner.sessions_page"),
    ),
    home="console.table",
    who=current_owner,
    noted=_noted,
    after_password="owner.password",  # noqa: S106  an endpoint
)
add_sign_in(blueprint, Way(OWNER, home="console.table", below="/console", template="console/login.html"))
add_security_pages(blueprint, SHELL, "/settings")


@blueprint.route("/forgot", methods=["GET", "POST"])
def forgot() -> Response:
    """Asks for a link by mail. Whether the address is an owner's is looked up after the answer was given."""
    form, held = ForgottenForm(), services()
    if not form.validate_on_submit():
        return form_page("console/forgot.html", form)
    name = logins.normal_name(typed(form.address))
    try:
        counted = resets.may_ask(held.db, name, this_client())
    except TooManyAttempts as error:
        return form_page("console/forgot.html", form, *refuse(form, error))
    if counted:
        held.background.run(partial(_send_link, held, name))
    return form_page("console/forgot.html", form, sent=SENT)


@blueprint.route("/reset/<token>", methods=["GET", "POST"])
def reset(token: str) -> Response:
    """Where the mailed link leads. Looking uses nothing up: mail programs look at links, too."""
    form, held = NewPasswordForm(), services()
    with held.db.read() as session:
        login = resets.holder(session, token, now())
    if login is None:
        return form_page("console/reset.html", form, ResetExpired.status, expired=ResetExpired.public)
    if not form.validate_on_submit():
        return form_page("console/reset.html", form, 422 if form.errors else 200, email=login.name)
    doer = Doer(login.name, "web", client_address())

    def noted(session: Session) -> None:
        record(session, doer, login.account_id or 0, "owner.password_reset", subject=login.name)

    try:
        resets.redeem(held.db, held.session_events, token, typed(form.new_password), this_client(), noted)
    except WeakPassword as error:
        return form_page("console/reset.html", form, *refuse(form, error), email=login.name)
    except ResetExpired as error:
        return form_page("console/reset.html", form, error.status, expired=error.public)
    say("Your password is changed. Sign in with it now.")
    return redirect(url_for("owner.login"), 303)


@blueprint.get("/settings")
def settings() -> Response:
    return redirect(url_for("owner.owners_page"), 303)


@blueprint.route("/settings/owners", methods=["GET", "POST"])
def owners_page() -> Response:
    """Who runs the account. A new owner's password is in the answer to the form and nowhere else."""
    form, me = NewOwnerForm(), current_owner()
    if not form.validate_on_submit():
        return _owners(form)
    secret = generate_password()
    try:
        confirm_password(services().db, me.login_id, typed(form.password), this_client())
        fresh = hash_password(secret)
        with services().db.write() as session:
            owners.add(session, current_administration(), typed(form.email), typed(form.display_name), fresh)
    except REFUSALS as error:
        return _owners(form, refuse(form, error))
    except PostroomError as error:
        wrong = form.display_name if isinstance(error, BadName) else form.email
        wrong.errors = [*wrong.errors, error.public]
        return _owners(form, (error.status, {}))
    return _owners(NewOwnerForm(formdata=None), secret=secret, secret_for=typed(form.email))


@blueprint.route(f"/settings/owners/{NUMBER}/remove", methods=["GET", "POST"])
def owner_remove(number: int) -> Response:
    """Asks for one's own password first. Whoever removes themselves is signed out."""
    form, me = PasswordForm(), current_owner()
    with services().db.read() as session:
        owner = owners.one_owner(session, current_administration(), number)
    if not form.validate_on_submit():
        return settings_page(SHELL, "remove_owner", "owners_page", form=form, owner=owner)
    try:
        confirm_password(services().db, me.login_id, typed(form.password), this_client())
        with services().db.write() as session:
            gone = owners.remove(session, current_administration(), services().session_events, number)
    except REFUSALS as error:
        return settings_page(SHELL, "remove_owner", "owners_page", refuse(form, error), form=form, owner=owner)
    except PostroomError as error:
        form.form_errors.append(error.public)
        return settings_page(SHELL, "remove_owner", "owners_page", (error.status, {}), form=form, owner=owner)
    say(f"{gone} doesn't run this account any more.")
    return redirect(url_for("owner.owners_page"), 303)


def _owners(form: NewOwnerForm, answer: Answer | None = None, *, secret: str = "", secret_for: str = "") -> Response:
    with services().db.read() as session:
        found = owners.owners_of(session, current_administration())
    facts = {"owners": found, "secret": secret, "secret_for": secret_for, "my_id": current_owner().login_id}
    return settings_page(SHELL, "owners", "owners_page", answer, form=form, **facts)


def _send_link(held: Services, name: str) -> None:
    """Off the request's path: neither the answer nor the time it takes tells who is an owner."""
    with held.db.write() as session:
        owner = owners.may_be_written_to(session, name)
        if owner is None:
            return
        token, local = resets.issue(session, owner, now()), owners.is_local(session, name)
    config = held.config
    handover = way_to(config, local=local)
    if handover is None:
        log.warning("no relay to send a reset link by", extra={"login_id": owner.id})
        return
    words = _LETTER.format(link=f"{config.public_url}/console/reset/{token}", email=name)
    post(Notice(name, "Reset your Postroom password", words), handover, config.mail_hostname, now())


_LETTER = """\
Somebody asked for a new password for {email}, who runs an account in Postroom.

Choose one here within 30 minutes. The link works once:

{link}

Your second factor, if you have one, is still asked for.

If it wasn't you who asked, leave this letter alone: your password stays as it is.
"""
