"""Deleting a mailbox, and the bin it waits in."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from core.db import now
from core.errors import PostroomError
from mailboxes import bin as mailbox_bin
from mailboxes import conversion
from mailboxes.administration import active_in
from mailboxes.models import TRASHED
from mailboxes.overview import Filters, find_mailboxes
from pages.console.forms import DeleteForm
from pages.console.shell import MAILBOX, changing, console, correctable, looking, page, page_number, row_of, waiting_in
from web.context import services
from web.converters import BIGGEST
from web.forms import trimmed
from web.say import say

PER_PAGE = 50
_MEMBER_NOWHERE = " If it worked in shared mailboxes, add it to them again."


@console.route(f"{MAILBOX}/delete", methods=["GET", "POST"])
def delete(mailbox_id: int) -> Response:
    """Asks for the address first: a row is easily mistaken for its neighbour."""
    form = DeleteForm()
    with looking() as (session, admin):
        row = row_of(session, active_in(session, admin, mailbox_id))
        preview = conversion.preview(session, admin, mailbox_id)
    unread = services().doveadm.unread(row.address) if row.is_shared else None
    if form.validate_on_submit() and trimmed(form.address).lower() != row.address:
        form.address.errors = [f"That isn't {row.address}."]
    if not form.is_submitted() or form.errors:
        return page("delete", status=422 if form.errors else 200, row=row, form=form, preview=preview, unread=unread)
    with changing() as (session, admin):
        mailbox_bin.trash(session, admin, services().doors, mailbox_id)
    undo = {"url": url_for("console.restore", mailbox_id=mailbox_id), "fields": {}}
    say(f"{row.address} is in the bin for {mailbox_bin.DAYS} days.", undo=undo)
    return redirect(url_for("console.table"), 303)


@console.get("/mailboxes/bin")
def trashed() -> Response:
    """What was deleted in the last days."""
    return _bin()


@console.post(f"/mailboxes/bin/<int(max={BIGGEST}):mailbox_id>/restore")
def restore(mailbox_id: int) -> Response:
    """Out of the bin, if the plan has room."""
    try:
        with changing() as (session, admin):
            back = mailbox_bin.restore(session, admin, mailbox_id)
    except PostroomError as error:
        return _bin(correctable(error))
    say(f"{back.address} is back, with its mail." + ("" if back.is_shared else _MEMBER_NOWHERE))
    return redirect(url_for("console.general", mailbox_id=mailbox_id), 303)


def _bin(error: PostroomError | None = None) -> Response:
    at = page_number(request.args.get("page", ""))
    with looking() as (session, admin):
        rows, total = find_mailboxes(session, admin, Filters(status=TRASHED), page=at, per_page=PER_PAGE)
    return page(
        "bin",
        error=error,
        rows=[(row, _days_left(row.trashed_at or 0)) for row in rows],
        waiting=waiting_in(rows),
        total=total,
        first=(at - 1) * PER_PAGE + 1,
        previous_url=url_for("console.trashed", page=at - 1) if at > 1 else "",
        next_url=url_for("console.trashed", page=at + 1) if at * PER_PAGE < total else "",
    )


def _days_left(trashed_at: int) -> int:
    """Whole days, rounded up: never promise less than there is."""
    return max(0, -(-(trashed_at + mailbox_bin.DAYS * 86_400 - now()) // 86_400))
