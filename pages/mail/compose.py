"""Writing: begin, answer, keep. From is decided by the mailbox in the URL, never by a form."""

import re

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from core.errors import PostroomError
from mail.html.mailto import Mailto
from mail.imap.refs import MessageRef
from mailboxes.access import MailboxAccess
from mailboxes.rights import Right
from pages.mail import blueprint
from pages.mail.already_sent import show_already_sent
from pages.mail.compose_form import again, compose_page, draft_url, list_folder, posted, show, with_draft
from pages.mail.request_values import opened
from web.context import services
from web.htmx import is_fragment_request
from web.say import say
from webmail.writing import beginning, drafting
from webmail.writing.correspondents import correspondents
from webmail.writing.drafting import KeptApart, SubjectTooLong, Writing
from webmail.writing.sent_before import AlreadySent

_WRITING_PAGE = re.compile(r"/(?:compose|reply|reply-all|forward|draft)(?:\?|$)")
_MESSAGE = "/mail/<mailbox>/f/<folder:folder>/<ref>/"


@blueprint.get("/mail/<mailbox>/compose")
def compose_new(mailbox: str) -> Response:
    """An empty message, or what a link asks for: a beginning that the person sees, changes and sends."""
    access = opened(mailbox, Right.SEND)
    # `subject` narrows the search of the list that stands beside.
    asked = {**request.args, "subject": request.args.get("about", "")}
    return show(access, beginning.begin(access, Mailto.of(asked)), [], "INBOX", "New message")


@blueprint.get("/mail/<mailbox>/people")
def people(mailbox: str) -> Response:
    access = opened(mailbox, Right.SEND)
    found = correspondents(services().pool, access)
    return make_response(render_template("webmail/_people.html", people=found, people_url=""))


@blueprint.get(_MESSAGE + "reply")
def compose_reply(mailbox: str, folder: str, ref: str) -> Response:
    return _answer(mailbox, folder, ref, "reply", "Reply")


@blueprint.get(_MESSAGE + "reply-all")
def compose_reply_all(mailbox: str, folder: str, ref: str) -> Response:
    return _answer(mailbox, folder, ref, "reply_all", "Reply all")


@blueprint.get(_MESSAGE + "forward")
def compose_forward(mailbox: str, folder: str, ref: str) -> Response:
    return _answer(mailbox, folder, ref, "forward", "Forward")


@blueprint.get(_MESSAGE + "draft")
def compose_draft(mailbox: str, folder: str, ref: str) -> Response:
    access = opened(mailbox, Right.SEND)
    key = request.args.get("key", "")
    try:
        writing, attached = drafting.reopen(services().pool, services().db, access, MessageRef.parse(folder, ref), key)
    except AlreadySent as error:
        if error.ref is None:
            raise
        return show_already_sent(access, error, folder)
    return show(access, writing, attached, folder, "Draft")


@blueprint.post("/mail/<mailbox>/drafts")
def save_draft(mailbox: str) -> BaseResponse:
    access = opened(mailbox, Right.SEND)
    writing = posted()
    if is_fragment_request():
        return _save(access, writing, "webmail/_draft_status.html")
    try:
        saved = drafting.save(services().pool, services().db, access, writing)
    except PostroomError as error:
        return again(
            access, writing, error, {"subject" if isinstance(error, SubjectTooLong) else "draft": error.public}
        )
    say("Draft saved.")
    return redirect(draft_url(access, with_draft(writing, saved)), 303)


@blueprint.post("/mail/<mailbox>/drafts/attach")
def attach(mailbox: str) -> BaseResponse:
    access = opened(mailbox, Right.SEND)
    return _save(access, posted(), "webmail/_attachments.html", "webmail/_draft_status.html")


def _answer(mailbox: str, folder: str, ref: str, mode: str, title: str) -> Response:
    access = opened(mailbox, Right.SEND)
    begun = beginning.begin_answer(services().pool, services().db, access, MessageRef.parse(folder, ref), mode)
    return show(access, begun.writing, begun.attached, folder, title, begun.left_out)


def _save(access: MailboxAccess, writing: Writing, *templates: str) -> Response:
    """Keep it; the answer is the pieces of the form that this changes. The form itself stays as the person left it.

    What lay in a forwarded message until now lies in the draft, which the form has to know: the message may go.
    """
    held, theirs, status = services(), None, 200
    try:
        saved = drafting.save(held.pool, held.db, access, writing)
    except KeptApart as apart:
        saved, theirs, status = apart.saved, apart.theirs, apart.status
        templates += ("webmail/_draft_conflict.html",)
    known, writing = set(writing.keep), with_draft(writing, saved)
    if not known <= set(writing.keep):
        templates = tuple(dict.fromkeys((*templates, "webmail/_attachments.html")))
    shown = compose_page(access, writing, saved.attached, list_folder(), saved=True, theirs=theirs)
    parts = [render_template(name, compose=shown, oob=number > 0) for number, name in enumerate(templates)]
    answer = make_response("".join(parts), status)
    answer.vary.add("HX-Request")
    if _WRITING_PAGE.search(request.headers.get("HX-Current-URL", "")):
        answer.headers["HX-Replace-Url"] = draft_url(access, writing)  # a reload finds the draft, not an empty form
    return answer
