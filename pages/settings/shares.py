"""What a person decides about mailboxes: their own signature; what they call the shared ones, and leaving them."""

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from core.errors import PostroomError
from mailboxes.access import open_mailbox
from mailboxes.errors import MailboxNotFound
from mailboxes.rights import Right
from mailboxes.shares import Share, label, leave, shares_of
from mailboxes.signatures import sign_own
from pages.settings.forms import LabelForm, SignatureForm
from pages.settings.person import SHELL
from pages.settings.security import settings_page
from web.context import current_actor, current_doer, services
from web.converters import BIGGEST
from web.forms import trimmed
from web.say import say

signature = Blueprint("signature", __name__, url_prefix="/settings/signature")
shares = Blueprint("shares", __name__, url_prefix="/settings/shared-mailboxes")
_SHARE = f"/<int(max={BIGGEST}):membership_id>"


@signature.route("/", methods=["GET", "POST"])
def edit() -> Response:
    """What stands below every new message from the person's own mailbox."""
    form, me = SignatureForm(), current_actor()
    access = open_mailbox(services().db, me, me.address, Right.MANAGE)
    if form.validate_on_submit():
        with services().db.write() as session:
            sign_own(session, current_doer(), access, form.signature.data or "")
        say("Your signature is saved.")
        return redirect(url_for("signature.edit"), 303)
    if not form.is_submitted():
        form.signature.data = access.signature
    return settings_page(SHELL, "signature", "edit", form=form)


@shares.get("/")
def shares_page() -> Response:
    """Every shared mailbox this person works in."""
    return _page()


@shares.post(f"{_SHARE}/label")
def share_label(membership_id: int) -> Response:
    form = LabelForm()
    if not form.validate_on_submit():
        return _page(422, typed_label=(membership_id, form))
    with services().db.write() as session:
        label(session, current_doer(), current_actor(), membership_id, trimmed(form.label))
    say("Your label is saved.")
    return redirect(url_for("shares.shares_page"), 303)


@shares.route(f"{_SHARE}/leave", methods=["GET", "POST"])
def share_leave(membership_id: int) -> Response:
    """Asked once more: only the owner can let them in again."""
    if request.method == "POST":
        try:
            with services().db.write() as session:
                address = leave(session, current_doer(), services().doors, current_actor(), membership_id)
        except PostroomError as error:
            if error.status != 422:
                raise
            return _page(error.status, error.public)
        say(f"You left {address}.")
        return redirect(url_for("shares.shares_page"), 303)
    share = next((one for one in _shares() if one.id == membership_id), None)
    if share is None:
        raise MailboxNotFound(f"no share {membership_id}")
    return settings_page(SHELL, "leave_share", "shares_page", share=share)


def _page(status: int = 200, error: str = "", typed_label: tuple[int, LabelForm] | None = None) -> Response:
    """`typed_label` is a label that came back with its error, and the share it is for."""
    facts = {"shares": _shares(), "error": error, "typed_label": typed_label or (0, None)}
    return settings_page(SHELL, "shared_mailboxes", "shares_page", (status, {}), **facts)


def _shares() -> list[Share]:
    with services().db.read() as session:
        return shares_of(session, current_actor())
