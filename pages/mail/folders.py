"""The page about a mailbox's folders: make one, name it anew, take it away; and empty the Trash."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from mail.errors import MailError, MailServerUnavailable
from mail.imap.refs import decode_folder
from mailboxes.access import MailboxAccess
from mailboxes.rights import Right
from pages.mail import blueprint, present, words
from pages.mail.contexts import FolderLink
from pages.mail.request_values import opened
from web.context import services
from web.say import say
from webmail import foldering
from webmail.reading.folders import folders_of

_PATH = "/mail/<mailbox>/folders"


@dataclass(frozen=True)
class FolderRow:
    """A folder and what can be done with it. `error` is what came of trying to."""

    link: FolderLink
    own: bool
    error: str = ""

    @property
    def count_text(self) -> str:
        return words.counted(self.link.total, "message", "messages")


@blueprint.get(_PATH)
def folders(mailbox: str) -> Response:
    return _page(opened(mailbox, Right.ORGANISE))


@blueprint.post(f"{_PATH}/create")
def create_folder(mailbox: str) -> BaseResponse:
    access = opened(mailbox, Right.ORGANISE)
    name = request.form.get("name", "")
    return _changed(access, "", lambda: f"Made the folder {foldering.create(services().pool, access, name)}.")


@blueprint.post(f"{_PATH}/rename")
def rename_folder(mailbox: str) -> BaseResponse:
    access = opened(mailbox, Right.ORGANISE)
    old, new = decode_folder(request.form.get("folder", "")), request.form.get("name", "")
    return _changed(access, old, lambda: f"{old} is called {foldering.rename(services().pool, access, old, new)} now.")


@blueprint.post(f"{_PATH}/delete")
def delete_folder(mailbox: str) -> BaseResponse:
    access = opened(mailbox, Right.ORGANISE)
    name = decode_folder(request.form.get("folder", ""))

    def delete() -> str:
        foldering.delete(services().pool, access, name)
        return f"Deleted the folder {name}."

    return _changed(access, name, delete)


@blueprint.get(f"{_PATH}/empty-trash")
def ask_to_empty_trash(mailbox: str) -> Response:
    access = opened(mailbox, Right.ORGANISE)
    total = foldering.in_trash(services().pool, access)
    many = words.counted(total, "message", "messages")
    return _emptying(access, total=total, many=many)


@blueprint.post(f"{_PATH}/empty-trash")
def empty_trash(mailbox: str) -> BaseResponse:
    """One step of it. The page goes on by itself, or by its button, until nothing is left."""
    access = opened(mailbox, Right.ORGANISE)
    step = foldering.empty_trash(services().pool, access, request.form.get("until", ""))
    gone = step.gone + max(0, request.form.get("gone", 0, type=int))
    if step.left:
        return _emptying(access, gone=gone, total=gone + step.left, until=step.until)
    return _done(access, f"Deleted {words.counted(gone, 'message', 'messages')} for good.")


def _emptying(access: MailboxAccess, **facts: Any) -> Response:
    context = {"access": present.access_context(access), **facts}
    return make_response(render_template("webmail/empty_trash.html", **context))


def _changed(access: MailboxAccess, about: str, change: Callable[[], str]) -> BaseResponse:
    """Back to the page with what the change says of itself, or the page with the reason beside this folder."""
    try:
        done = change()
    except MailServerUnavailable:
        raise
    except MailError as error:
        return _page(access, error, about)
    return _done(access, done)


def _page(access: MailboxAccess, error: MailError | None = None, about: str = "") -> Response:
    """The page; after a refusal with the words beside the form it came from."""
    found = folders_of(services().pool, access)
    said = error.public if error else ""
    own = {folder.name for folder in found if foldering.is_own(folder)}
    rows = [
        FolderRow(link, link.name in own, said if link.name == about else "")
        for link in present.folder_links(access, found, "")
    ]
    context = {
        "access": present.access_context(access),
        "rows": rows,
        "error": "" if any(row.error for row in rows) else said,
        "typed": request.form.get("name", ""),
        "longest": foldering.LONGEST,
    }
    return make_response(render_template("webmail/folders.html", **context), error.status if error else 200)


def _done(access: MailboxAccess, text: str) -> BaseResponse:
    say(text)
    return redirect(url_for("webmail.folders", mailbox=access.address), 303)
