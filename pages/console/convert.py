"""Conversions: what will happen, then all of it or nothing."""

from functools import partial

from flask import redirect, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from auth.errors import WeakPassword
from auth.passwords import hash_password
from core.errors import PostroomError
from mailboxes import conversion
from mailboxes.administration import active_in, mailboxes_in
from mailboxes.errors import AlreadyShared, NotShared
from pages.console.forms import PasswordChoice
from pages.console.people import FIELD, picker
from pages.console.shell import MAILBOX, changing, console, correctable, looking, numbers, page
from web.context import services
from web.say import say


@console.route(f"{MAILBOX}/convert-to-shared", methods=["GET", "POST"])
def convert_to_shared(mailbox_id: int) -> Response:
    """A person's mailbox becomes shared. The first page says what ends."""
    error: PostroomError | None = None
    if request.method == "POST":
        try:
            with changing() as (session, admin):
                members = mailboxes_in(session, admin, numbers(request.form.getlist(FIELD)))
                made = conversion.to_shared(session, admin, services().doors, mailbox_id, members)
        except PostroomError as refused:
            error = correctable(refused)
        else:
            say(f"{made.address} is shared now. Nobody can sign in as it any more.")
            return redirect(url_for("console.access", mailbox_id=mailbox_id), 303)
    with looking() as (session, admin):
        mailbox = active_in(session, admin, mailbox_id)
        if mailbox.is_shared:
            raise error or AlreadyShared(mailbox.address)
        preview = conversion.preview(session, admin, mailbox_id)
        asked = request.form if request.method == "POST" else request.args
        team = picker(session, admin, asked, mailbox, error)
    unread = services().doveadm.unread(mailbox.address)
    facts = {"form": FlaskForm(), "mailbox": mailbox, "preview": preview, "picker": team, "unread": unread}
    return page("convert_to_shared", error=error, **facts)


@console.route(f"{MAILBOX}/convert-to-regular", methods=["GET", "POST"])
def convert_to_regular(mailbox_id: int) -> Response:
    """A shared mailbox becomes one person's. A generated password is in the answer and nowhere else."""
    form = PasswordChoice()
    with looking() as (session, admin):
        mailbox = active_in(session, admin, mailbox_id)
        if not mailbox.is_shared:
            raise NotShared(mailbox.address)
        preview = conversion.preview(session, admin, mailbox_id)
    unread = services().doveadm.unread(mailbox.address)
    show = partial(page, "convert_to_regular", form=form, mailbox=mailbox, preview=preview, unread=unread)
    if not form.validate_on_submit():
        return show(status=422 if form.errors else 200)
    try:
        password, generated = form.chosen(mailbox.address)
        fresh = hash_password(password)
        with changing() as (session, admin):
            conversion.to_regular(session, admin, services().doors, mailbox_id, fresh)
    except WeakPassword as error:
        form.password.errors = [*form.password.errors, error.public]
        return show(status=error.status)
    if generated:
        return page("made", address=mailbox.address, mailbox_id=mailbox_id, secret=password)
    say(f"{mailbox.address} is a regular mailbox now. Its person signs in with the password you set.")
    return redirect(url_for("console.general", mailbox_id=mailbox_id), 303)
