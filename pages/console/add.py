"""Add mailbox: a person's own, or a shared one."""

from dataclasses import replace

from flask import make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from auth.errors import WeakPassword
from auth.passwords import hash_password
from core.errors import PostroomError
from mailboxes import directory
from mailboxes.administration import Administration, domain_in, mailboxes_in
from mailboxes.errors import BadName, MemberNeeded, PlanLimitReached
from mailboxes.models import REGULAR, SHARED
from mailboxes.overview import DomainUsage, usage
from pages.console.forms import NewPersonalForm, NewSharedForm
from pages.console.people import FIELD, picker
from pages.console.shell import changing, console, correctable, looking, number, numbers, page
from web.forms import trimmed
from web.say import say

_KINDS = {"personal": REGULAR, "shared": SHARED}


@console.get("/mailboxes/add")
def add() -> Response:
    """Which kind?"""
    return page("add")


@console.route("/mailboxes/add/personal", methods=["GET", "POST"])
def add_personal() -> Response:
    """A person's mailbox; a generated password is in the answer and nowhere else."""
    form = NewPersonalForm()
    with looking() as (session, admin):
        domains = _domains(session, admin, form)
        chosen = domain_in(session, admin, number(form.domain_id.data)) if form.domain_id.data else None
    if not form.validate_on_submit():
        return page("add_personal", status=422 if form.errors else 200, form=form, domains=domains)
    try:
        password, generated = form.chosen(f"{trimmed(form.local_part)}@{chosen.name if chosen else ''}")
        fresh = hash_password(password)  # before the transaction: it takes a tenth of a second
        with changing() as (session, admin):
            domain = domain_in(session, admin, number(form.domain_id.data or ""), lock=True)
            made = directory.add_regular(
                session, admin.doer, domain, trimmed(form.local_part), trimmed(form.display_name), fresh
            )
    except WeakPassword as error:
        form.password.errors = [*form.password.errors, error.public]
        return page("add_personal", status=error.status, form=form, domains=domains)
    except BadName as error:
        form.display_name.errors = [*form.display_name.errors, error.public]
        return page("add_personal", status=error.status, form=form, domains=domains)
    except PostroomError as error:
        return page("add_personal", error=correctable(error), form=form, domains=domains)
    if generated:
        return page("made", address=made.address, mailbox_id=made.id, secret=password)
    say(f"{made.address} is ready. They can sign in with the password you set.")
    return redirect(url_for("console.general", mailbox_id=made.id), 303)


@console.route("/mailboxes/add/shared", methods=["GET", "POST"])
def add_shared() -> Response:
    """A shared mailbox and its team. There is no password to ask for."""
    posted = request.method == "POST"
    form = NewSharedForm() if posted or not request.args else NewSharedForm(formdata=request.args)
    with looking() as (session, admin):
        domains = _domains(session, admin, form)
        team = picker(session, admin, request.form if posted else request.args)
    if not form.validate_on_submit():
        return page("add_shared", status=422 if posted else 200, form=form, picker=team, domains=domains)
    try:
        with changing() as (session, admin):
            domain = domain_in(session, admin, number(form.domain_id.data or ""), lock=True)
            members = mailboxes_in(session, admin, numbers(request.form.getlist(FIELD)))
            made = directory.add_shared(
                session, admin.doer, domain, trimmed(form.local_part), trimmed(form.display_name), members
            )
    except MemberNeeded as error:
        return page("add_shared", error=error, form=form, picker=replace(team, error=error.public), domains=domains)
    except BadName as error:
        form.display_name.errors = [*form.display_name.errors, error.public]
        return page("add_shared", status=error.status, form=form, picker=team, domains=domains)
    except PostroomError as error:
        return page("add_shared", error=correctable(error), form=form, picker=team, domains=domains)
    say(f"{made.address} is ready. Its members see it in their webmail now.")
    return redirect(url_for("console.access", mailbox_id=made.id), 303)


@console.get("/mailboxes/add/check")
def add_check() -> Response:
    """Is the address free, and is there room? As one types; what counts is asked again when it is made."""
    local_part = request.args.get("local_part", "").strip()[:100]
    words, free, full = "", False, False
    if local_part and request.args.get("domain_id"):
        with looking() as (session, admin):
            domain = domain_in(session, admin, number(request.args.get("domain_id", "")))
            try:
                address = directory.check_address(
                    session, domain, local_part, _KINDS.get(request.args.get("kind", ""), REGULAR)
                )
                words, free = f"{address} is free.", True
            except PlanLimitReached as error:
                words, full = error.public, True
            except PostroomError as error:
                words = error.public
    answer = make_response(render_template("console/_check.html", words=words, free=free, full=full))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _domains(session: Session, admin: Administration, form: NewPersonalForm | NewSharedForm) -> list[DomainUsage]:
    """Every domain of the account; the one with the most mailboxes is taken to be meant."""
    found = usage(session, admin).domains
    if not form.domain_id.data and found and not form.is_submitted():
        form.domain_id.data = str(max(found, key=lambda domain: domain.mailboxes).domain_id)
    return found
