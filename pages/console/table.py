"""Mailboxes: the table, and the general page of one."""

from typing import get_args

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from mailboxes.administration import account_of, active_in
from mailboxes.errors import BadName
from mailboxes.models import REGULAR, SHARED, TRASHED
from mailboxes.naming import rename_mailbox
from mailboxes.overview import Filters, Sort, find_mailboxes
from mailboxes.signatures import sign_shared
from mailboxes.storage import pool_of
from pages.console.forms import GeneralForm
from pages.console.shell import MAILBOX, changing, console, looking, page, page_number, row_of, waiting_in
from pages.settings.forms import SignatureForm
from web.forms import trimmed
from web.htmx import render
from web.say import say

PER_PAGE = 50
_SHOWN = {
    "all": ("All", {}),
    "personal": ("Personal", {"kind": REGULAR}),
    "shared": ("Shared", {"kind": SHARED}),
    "no-members": ("No members", {"has_members": False}),
}
_HEADS = (("address", "Address"), ("name", "Name"), ("type", "Type"), ("members", "Members"), ("storage", "Storage"))


@console.get("/mailboxes")
def table() -> Response:
    """A page of the table. What is asked stands in the URL: search, filter, order, page."""
    asked = request.args
    shown = asked.get("show", "") if asked.get("show") in _SHOWN else "all"
    sort: Sort = next((known for known in get_args(Sort) if known == asked.get("sort")), "address")
    descending = asked.get("dir") == "desc"
    search = asked.get("q", "").strip()[:200]
    filters = Filters(search=search, **_SHOWN[shown][1])  # type: ignore[arg-type]  # the table above holds its fields
    at = page_number(asked.get("page", ""))
    with looking() as (session, admin):
        rows, total = find_mailboxes(
            session, admin, filters, sort=sort, descending=descending, page=at, per_page=PER_PAGE
        )
        in_bin = find_mailboxes(session, admin, Filters(status=TRASHED), per_page=1)[1]
        account = account_of(session, admin)
    state = {"q": search, "show": shown, "sort": sort, "dir": "desc" if descending else "", "page": str(at)}
    answer = render(
        "console/table.html",
        "console/_table.html",
        rows=rows,
        total=total,
        waiting=waiting_in(rows),
        in_bin=in_bin,
        plan=account.plan,
        storage=pool_of(account),
        search=search,
        shown=shown,
        filters=[(label, _link(state, show=key, page=""), key == shown) for key, (label, _) in _SHOWN.items()],
        heads=[_head(state, key, label, sort, descending=descending) for key, label in _HEADS],
        state=state,
        first=(at - 1) * PER_PAGE + 1,
        previous_url=_link(state, page=str(at - 1)) if at > 1 else "",
        next_url=_link(state, page=str(at + 1)) if at * PER_PAGE < total else "",
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@console.route(MAILBOX, methods=["GET", "POST"])
def general(mailbox_id: int) -> Response:
    """A mailbox's facts and its display name."""
    form = GeneralForm()
    if form.validate_on_submit():
        try:
            with changing() as (session, admin):
                rename_mailbox(session, admin, mailbox_id, trimmed(form.display_name))
        except BadName as error:
            form.display_name.errors = [*form.display_name.errors, error.public]
            return _general(mailbox_id, form, None)
        say("Saved.")
        return redirect(url_for("console.general", mailbox_id=mailbox_id), 303)
    return _general(mailbox_id, form, None)


@console.post(f"{MAILBOX}/signature")
def signature(mailbox_id: int) -> Response:
    """What stands below every new message from a shared mailbox."""
    form = SignatureForm()
    if not form.validate_on_submit():
        return _general(mailbox_id, None, form)
    with changing() as (session, admin):
        sign_shared(session, admin, mailbox_id, form.signature.data or "")
    say("Saved.")
    return redirect(url_for("console.general", mailbox_id=mailbox_id), 303)


def _general(mailbox_id: int, name_form: GeneralForm | None, signature_form: SignatureForm | None) -> Response:
    """The page with the form that came back, if one did; the others show what is kept."""
    with looking() as (session, admin):
        mailbox = active_in(session, admin, mailbox_id)
        row, kept = row_of(session, mailbox), mailbox.signature
    form = (
        name_form
        if name_form and name_form.is_submitted()
        else GeneralForm(formdata=None, display_name=row.display_name)
    )
    errors = bool(form.errors or (signature_form and signature_form.errors))
    return page(
        "general",
        status=422 if errors else 200,
        row=row,
        form=form,
        signature_form=signature_form or SignatureForm(formdata=None, signature=kept),
        waiting=waiting_in([row]),
    )


def _head(state: dict[str, str], key: str, label: str, sort: str, *, descending: bool) -> dict[str, str]:
    """A column's head: sorts by it, and the other way round when it does so already."""
    current = key == sort
    direction = "desc" if current and not descending else ""
    order = ("descending" if descending else "ascending") if current else ""
    return {"key": key, "label": label, "url": _link(state, sort=key, dir=direction, page=""), "order": order}


def _link(state: dict[str, str], **changes: str) -> str:
    usual = {"show": "all", "sort": "address", "page": "1"}
    asked = {name: value for name, value in (state | changes).items() if value and usual.get(name) != value}
    return url_for("console.table", **asked)  # type: ignore[arg-type]  # parameters of a query, all of them texts
