"""Choosing people: a search over the account's mailboxes, and who is ticked already."""

from dataclasses import dataclass

from flask import make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from core.errors import PostroomError
from mailboxes.administration import Administration, active_in, mailboxes_in
from mailboxes.errors import MemberNeeded
from mailboxes.models import Mailbox
from mailboxes.overview import candidates
from pages.console.shell import console, looking, number, numbers

SHOWN = 20
FIELD = "member_mailbox_ids"


@dataclass(frozen=True)
class Picker:
    """`picked` are ticked and stay on the page whatever is searched; `more` says that the search found more.

    `nobody` says that the account has nobody else at all; `can_send` is what those who are added shall do; `error` is
    what is wrong with the choice.
    """

    search: str
    picked: list[Mailbox]
    found: list[Mailbox]
    more: bool
    nobody: bool
    can_send: bool
    shared_id: int | None
    error: str = ""


def picker(
    session: Session,
    admin: Administration,
    asked: MultiDict[str, str],
    shared: Mailbox | None = None,
    error: PostroomError | None = None,
) -> Picker:
    """What the request asks for. Raises NothingByThatName for an id that is none of the account's."""
    search = asked.get("q", "").strip()[:200]
    picked = mailboxes_in(session, admin, numbers(asked.getlist(FIELD)))
    ticked = {mailbox.id for mailbox in picked}
    found = candidates(session, admin, search=search, shared=shared, limit=SHOWN + 1 + len(ticked))
    others = [mailbox for mailbox in found if mailbox.id not in ticked]
    own = shared.id if shared else None
    nobody = not any(one.id != own for one in candidates(session, admin, search="", shared=None, limit=2))
    can_send = asked.get("can_send", "1") == "1"
    wrong = error.public if isinstance(error, MemberNeeded) else ""
    return Picker(search, picked, others[:SHOWN], len(others) > SHOWN, nobody, can_send, own, wrong)


@console.get("/people")
def people() -> Response:
    """The list under the search field, as one types."""
    with looking() as (session, admin):
        shared_id = request.args.get("for", "")
        shared = active_in(session, admin, number(shared_id)) if shared_id else None
        shown = picker(session, admin, request.args, shared)
    answer = make_response(render_template("console/_people.html", picker=shown))
    answer.headers["Cache-Control"] = "no-store"
    return answer
