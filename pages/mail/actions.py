"""Actions on messages: one URL, one verb, one right. Each answers with the list as it then is, and a way back."""

from collections.abc import Sequence

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from mail.imap.refs import MessageRef, decode_folder, encode_folder
from mailboxes.access import MailboxAccess
from mailboxes.rights import Right
from pages.mail import blueprint, present, words
from pages.mail.contexts import place, with_query
from pages.mail.request_values import opened, posted_refs, searched
from web.context import services
from web.htmx import is_fragment_request
from web.say import Undo, say
from webmail import organising
from webmail.organising import FLAGGED, Moved
from webmail.reading.folders import folder_page
from webmail.reading.messages import SEEN
from webmail.reading.searching import understood

_PATH = "/mail/<mailbox>/f/<folder:folder>/"


@blueprint.post(_PATH + "archive")
def archive(mailbox: str, folder: str) -> BaseResponse:
    access = opened(mailbox, Right.ORGANISE)
    moved = organising.move_to_role(services().pool, access, posted_refs(folder), "archive")
    return _moved(access, folder, moved, "Archived")


@blueprint.post(_PATH + "delete")
def delete(mailbox: str, folder: str) -> BaseResponse:
    access = opened(mailbox, Right.ORGANISE)
    moved = organising.move_to_role(services().pool, access, posted_refs(folder), "trash")
    return _moved(access, folder, moved, "Deleted")


@blueprint.post(_PATH + "move")
def move(mailbox: str, folder: str) -> BaseResponse:
    access = opened(mailbox, Right.ORGANISE)
    target = decode_folder(request.form.get("to", ""))
    moved = organising.move(services().pool, access, posted_refs(folder), target)
    return _moved(access, folder, moved, "Moved", where=f" to {_name(target)}")


@blueprint.post(_PATH + "spam")
def spam(mailbox: str, folder: str) -> BaseResponse:
    access = opened(mailbox, Right.ORGANISE)
    moved = organising.report_spam(services().pool, access, posted_refs(folder), spam=True)
    return _moved(access, folder, moved, "Reported as spam:", verb="not_spam")


@blueprint.post(_PATH + "not_spam")
def not_spam(mailbox: str, folder: str) -> BaseResponse:
    access, refs, pool = opened(mailbox, Right.ORGANISE), posted_refs(folder), services().pool
    if request.form.get("back"):
        moved = organising.take_back_report(pool, access, refs, decode_folder(request.form.get("to", "")))
    else:
        moved = organising.report_spam(pool, access, refs, spam=False)
    return _moved(access, folder, moved, "Not spam:", verb="spam")


@blueprint.post(_PATH + "delete_forever")
def delete_forever(mailbox: str, folder: str) -> BaseResponse:
    access = opened(mailbox, Right.ORGANISE)
    refs = posted_refs(folder)
    organising.delete_forever(services().pool, access, refs)
    return _done(access, folder, f"Deleted {_messages(refs)} for good.", None)


@blueprint.post(_PATH + "read")
def read(mailbox: str, folder: str) -> BaseResponse:
    return _flag(mailbox, folder, SEEN, on=True, said="Marked {} as read.", back="unread")


@blueprint.post(_PATH + "unread")
def unread(mailbox: str, folder: str) -> BaseResponse:
    return _flag(mailbox, folder, SEEN, on=False, said="Marked {} as unread.", back="read")


@blueprint.post(_PATH + "star")
def star(mailbox: str, folder: str) -> BaseResponse:
    return _flag(mailbox, folder, FLAGGED, on=True, said="Starred {}.", back="unstar")


@blueprint.post(_PATH + "unstar")
def unstar(mailbox: str, folder: str) -> BaseResponse:
    return _flag(mailbox, folder, FLAGGED, on=False, said="Removed the star from {}.", back="star")


def _flag(mailbox: str, folder: str, name: str, *, on: bool, said: str, back: str) -> BaseResponse:
    access = opened(mailbox, Right.ORGANISE)
    refs = posted_refs(folder)
    changed = organising.flag(services().pool, access, refs, name, on=on)
    fields: dict[str, object] = {"ref": [ref.token for ref in changed], **place(*_place())}
    undo = {"url": _url(access, back, folder), "fields": fields, "list": _list_url(access, folder)}
    # One star, or one message marked, is seen where it was clicked; saying so as well would only be in the way.
    text = said.format(_messages(refs)) if len(refs) > 1 else ""
    return _done(access, folder, text, undo if changed else None, counts=name == SEEN)


def _moved(
    access: MailboxAccess, folder: str, moved: Moved, said: str, verb: str = "move", where: str = ""
) -> BaseResponse:
    """Undoing a move is a move: from where the messages lie now, under the names they have there."""
    undo: Undo | None = None
    if moved.refs:
        back = {"back": "1", "to": encode_folder(folder)}
        fields: dict[str, object] = {"ref": [ref.token for ref in moved.refs], **back, **place(*_place())}
        undo = {"url": _url(access, verb, moved.folder), "fields": fields, "list": _list_url(access, folder)}
    return _done(access, folder, f"{said} {_messages(moved.refs)}{where}.", undo)


def _done(access: MailboxAccess, folder: str, text: str, undo: Undo | None, *, counts: bool = True) -> BaseResponse:
    """Say what was done, and show the list the person was looking at as it is now."""
    if request.form.get("back"):
        # An undo was asked from the list the messages came from: that is where the person still is.
        folder, text, undo = decode_folder(request.form.get("to") or encode_folder("INBOX")), "Undone.", None
    if text:
        say(text, undo=undo)
    if not is_fragment_request():
        return redirect(_list_url(access, folder), 303)
    page, search = _place()
    found = folder_page(services().pool, access, folder, page, understood(search))
    context = {"access": present.access_context(access), "listing": present.listing(access, found, search)}
    parts = [
        render_template("webmail/_list.html", **context),
        render_template("webmail/_toasts.html", oob=True),
    ]
    answer = Response("".join(parts))
    answer.vary.add("HX-Request")
    if counts:
        answer.headers["HX-Trigger-After-Swap"] = "counts-changed"
    return answer


def _place() -> tuple[int, str]:
    """Which page of which search the person is looking at, as the list's forms say it."""
    form = request.form
    return max(1, form.get("page", 1, type=int)), searched(form)


def _list_url(access: MailboxAccess, folder: str) -> str:
    return with_query(present.folder_url(access, folder), place(*_place()))


def _url(access: MailboxAccess, verb: str, folder: str) -> str:
    return url_for(f"webmail.{verb}", mailbox=access.address, folder=folder)


def _name(folder: str) -> str:
    return words.FOLDER_LABELS["inbox"] if folder == "INBOX" else folder


def _messages(refs: Sequence[MessageRef]) -> str:
    return words.counted(len(refs), "message", "messages")
