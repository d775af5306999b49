"""The Access tab: who works in a shared mailbox, and what they may do there."""

from dataclasses import dataclass
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import PostroomError
from mailboxes import memberships
from mailboxes.administration import active_in
from mailboxes.errors import MemberGone, MemberNeeded, NotShared
from pages.console.people import FIELD, picker
from pages.console.shell import MAILBOX, changing, console, correctable, looking, numbers, page, row_of, waiting_in
from web.context import services
from web.converters import BIGGEST
from web.htmx import is_fragment_request
from web.say import say

SHOWN_MEMBERS = 100
# From so many on, looking for one among them is quicker by name.
MANY_MEMBERS = 10
_MEMBER = f"{MAILBOX}/members/<int(max={BIGGEST}):membership_id>"


@console.get(f"{MAILBOX}/access")
def access(mailbox_id: int) -> Response:
    """Who has access, who could have it, and the way back to a regular mailbox."""
    return _access(mailbox_id)


@console.post(f"{MAILBOX}/members")
def members_add(mailbox_id: int) -> Response:
    """Everybody ticked, at once, or nobody."""
    form = request.form
    try:
        ids = numbers(form.getlist(FIELD))
        with changing() as (session, admin):
            if not ids:
                active_in(session, admin, mailbox_id)
                raise MemberNeeded("nobody ticked", public="Nobody is ticked. Choose who to add.")
            added = memberships.add_members_by_id(
                session,
                admin,
                mailbox_id,
                ids,
                can_send=form.get("can_send", "1") == "1",
                custom_label=form.get("custom_label", ""),
            )
    except PostroomError as error:
        return _access(mailbox_id, correctable(error))
    say("1 person has access now." if len(added) == 1 else f"{len(added)} people have access now.")
    return _done(mailbox_id)


@console.post(f"{_MEMBER}/rights")
def member_rights(mailbox_id: int, membership_id: int) -> Response:
    """Can reply, or read-only: at once."""
    can_send = request.form.get("can_send") == "1"
    try:
        with changing() as (session, admin):
            member = memberships.change_membership(
                session, admin, services().doors, mailbox_id, membership_id, can_send=can_send
            )
    except PostroomError as error:
        return _access(mailbox_id, _sayable(error))
    name = member.display_name or member.email
    say(f"{name} can reply now." if can_send else f"{name} can only read now.")
    return _done(mailbox_id)


@console.post(f"{_MEMBER}/remove")
def member_remove(mailbox_id: int, membership_id: int) -> Response:
    """Their access ends at once; it can be given back with one click."""
    try:
        with changing() as (session, admin):
            gone = memberships.remove_membership(session, admin, services().doors, mailbox_id, membership_id)
    except PostroomError as error:
        return _access(mailbox_id, _sayable(error))
    fields = {FIELD: gone.member_mailbox_id, "can_send": int(gone.can_send), "custom_label": gone.custom_label}
    back = url_for("console.members_add", mailbox_id=mailbox_id, **_searched())
    undo = {"url": back, "fields": fields, "target": "#members"}
    say(f"{gone.display_name or gone.email} has no access any more.", undo=undo)
    return _done(mailbox_id)


def _sayable(error: PostroomError) -> PostroomError:
    """Who is gone already is said beside the list as it is now; the rest where every refusal is."""
    return error if isinstance(error, MemberGone) else correctable(error)


def _done(mailbox_id: int) -> Response:
    if is_fragment_request():
        return _access(mailbox_id)
    return redirect(url_for("console.access", mailbox_id=mailbox_id, **_searched()), 303)


def _access(mailbox_id: int, error: PostroomError | None = None) -> Response:
    """The tab; for scripts the piece that changes, so that who is ticked beside the list stays ticked."""
    with looking() as (session, admin):
        mailbox = active_in(session, admin, mailbox_id)
        if not mailbox.is_shared:
            raise error or NotShared(mailbox.address)
        # After a step that worked nobody is ticked: who was is inside.
        asked = request.form if error else request.args
        facts: dict[str, Any] = {
            "row": row_of(session, mailbox),
            "people": _people(memberships.members_of(session, mailbox)),
            "picker": picker(session, admin, asked, mailbox, error),
        }
    if not is_fragment_request():
        return page("access", error=error, waiting=waiting_in([facts["row"]]), **facts)
    piece = "_members" if request.headers.get("HX-Target") == "members" else "_access"
    stale = error if isinstance(error, MemberGone) else None
    shown = render_template(f"console/{piece}.html", stale=stale, **facts)
    answer = make_response(shown, error.status if error else 200)
    answer.headers["Cache-Control"] = "no-store"
    answer.vary.add("HX-Request")
    answer.vary.add("HX-Target")
    return answer


@dataclass(frozen=True)
class _People:
    """Those of the members who are shown: the first that the search finds. `total` is all of them."""

    search: str
    shown: list[memberships.Member]
    found: int
    total: int

    @property
    def are_many(self) -> bool:
        return self.total > MANY_MEMBERS or self.total > len(self.shown)


def _people(members: list[memberships.Member]) -> _People:
    search = request.args.get("member", "").strip()[:200]
    found = [one for one in members if search.casefold() in f"{one.display_name} {one.email}".casefold()]
    return _People(search, found[:SHOWN_MEMBERS], len(found), len(members))


def _searched() -> dict[str, Any]:
    """The search in the list, for a URL."""
    return {"member": request.args["member"]} if request.args.get("member") else {}
