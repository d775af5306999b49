"""The plan and what is used of it; the domains."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from auth.views_say import say
from core.errors import PostroomError
from mailboxes import directory
from mailboxes.account_changes import change_plan
from mailboxes.administration import account_of, domain_in
from mailboxes.forms import DomainForm, typed
from mailboxes.overview import usage
from mailboxes.plans import PLANS
from mailboxes.views.shell import changing, console, correctable, looking, page
from web.converters import BIGGEST


@console.route("/plan", methods=["GET", "POST"])
def plan() -> Response:
    """What the plan includes and how much of it is used. A lower plan deletes nothing, it blocks adding."""
    if request.method == "POST":
        with changing() as (session, admin):
            change_plan(session, admin, request.form.get("plan", ""))
        say(f"The account is on the {request.form['plan']} plan now.")
        return redirect(url_for("console.plan"), 303)
    with looking() as (session, admin):
        used = usage(session, admin)
    return page("plan", used=used, plans=list(PLANS.values()))


@console.route("/domains", methods=["GET", "POST"])
def domains() -> Response:
    """The account's domains; a new one is added at the bottom."""
    form = DomainForm()
    if not form.validate_on_submit():
        return _domains(form)
    try:
        with changing() as (session, admin):
            account = account_of(session, admin, lock=True)
            added = directory.add_domain(session, admin.doer, account, typed(form.name))
    except PostroomError as error:
        correctable(error)
        form.name.errors = [*form.name.errors, error.public]
        return _domains(form, status=error.status)
    say(f"{added.name} is here. Add mailboxes on it now.")
    return redirect(url_for("console.domains"), 303)


@console.post(f"/domains/<int(max={BIGGEST}):domain_id>/remove")
def domain_remove(domain_id: int) -> Response:
    """Only an empty one can go."""
    try:
        with changing() as (session, admin):
            domain = domain_in(session, admin, domain_id, lock=True)
            directory.remove_domain(session, admin.doer, domain)
    except PostroomError as error:
        return _domains(DomainForm(formdata=None), error=correctable(error))
    say(f"{domain.name} is removed.")
    return redirect(url_for("console.domains"), 303)


def _domains(form: DomainForm, *, status: int = 0, error: PostroomError | None = None) -> Response:
    with looking() as (session, admin):
        used = usage(session, admin)
    return page("domains", status=status or (422 if form.errors else 200), error=error, used=used, form=form)
