"""The plan and what is used of it; the domains."""

from typing import NamedTuple

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from core.errors import PostroomError
from mail.domains import readable_domain
from mailboxes import directory
from mailboxes.administration import account_of, domain_in
from mailboxes.errors import BadRoleMailbox
from mailboxes.overview import usage
from mailboxes.plan_change import change_plan, look_ahead
from mailboxes.plans import PLANS
from pages.console.forms import DomainForm
from pages.console.shell import changing, console, correctable, looking, page
from web.converters import BIGGEST
from web.forms import trimmed
from web.say import say


@console.route("/plan", methods=["GET", "POST"])
def plan() -> Response:
    """What the plan includes and how much of it is used. Before a smaller one it is said what that does."""
    wanted = request.form.get("plan", "")
    with looking() as (session, admin):
        used = usage(session, admin)
        move = look_ahead(session, admin, wanted) if request.method == "POST" else None
    if move is None:
        return page("plan", used=used, plans=list(PLANS.values()))
    if move.is_down and request.form.get("confirmed") != wanted:
        return page("plan_down", move=move)
    with changing() as (session, admin):
        change_plan(session, admin, wanted)
    say(f"The account is on the {wanted} plan now.")
    return redirect(url_for("console.plan"), 303)


@console.route("/domains", methods=["GET", "POST"])
def domains() -> Response:
    """The account's domains; a new one is added at the bottom."""
    form = DomainForm()
    if not form.validate_on_submit():
        return _domains(form)
    try:
        with changing() as (session, admin):
            account = account_of(session, admin, lock=True)
            added = directory.add_domain(session, admin.doer, account, trimmed(form.name))
    except PostroomError as error:
        correctable(error)
        form.name.errors = [*form.name.errors, error.public]
        return _domains(form, status=error.status)
    say(f"{readable_domain(added.name)} is here. Add mailboxes on it now.")
    return redirect(url_for("console.domains"), 303)


@console.post(f"/domains/<int(max={BIGGEST}):domain_id>/remove")
def domain_remove(domain_id: int) -> Response:
    """Only an empty one can go; it can come back with one click."""
    try:
        with changing() as (session, admin):
            domain = domain_in(session, admin, domain_id, lock=True)
            directory.remove_domain(session, admin.doer, domain)
    except PostroomError as error:
        return _domains(DomainForm(formdata=None), error=correctable(error))
    undo = {"url": url_for("console.domains"), "fields": {"name": domain.name}}
    say(f"{readable_domain(domain.name)} is removed.", undo=undo)
    return redirect(url_for("console.domains"), 303)


@console.post(f"/domains/<int(max={BIGGEST}):domain_id>/postmaster")
def domain_postmaster(domain_id: int) -> Response:
    """Who gets what is written to postmaster@ and abuse@."""
    try:
        with changing() as (session, admin):
            domain = domain_in(session, admin, domain_id, lock=True)
            directory.choose_role_mailbox(session, admin.doer, domain, request.form.get("address", ""))
            name, chosen = readable_domain(domain.name), domain.role_address
    except BadRoleMailbox as error:
        refused = Refused(domain_id, request.form.get("address", ""), error.public)
        return _domains(DomainForm(formdata=None), status=error.status, refused=refused)
    say(f"Mail for postmaster@ and abuse@{name} goes to {chosen or 'an owner, or the oldest mailbox'} now.")
    return redirect(url_for("console.domains"), 303)


class Refused(NamedTuple):
    """What was typed as the mailbox for a domain's own mail, and why it can't be."""

    domain_id: int
    address: str
    why: str


def _domains(
    form: DomainForm, *, status: int = 0, error: PostroomError | None = None, refused: Refused | None = None
) -> Response:
    with looking() as (session, admin):
        used = usage(session, admin)
    status = status or (422 if form.errors else 200)
    return page("domains", status=status, error=error, used=used, form=form, refused=refused)
