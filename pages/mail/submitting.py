"""Writing ends: it is sent, or thrown away and perhaps brought back."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from flask import Response, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import PostroomError
from mail.errors import (
    MailError,
    SubmissionRefused,
    SubmissionUnknown,
)
from mail.imap.refs import encode_folder
from mailboxes.access import MailboxAccess
from mailboxes.rights import Right
from pages.mail import blueprint
from pages.mail.compose_form import (
    BrokenForm,
    again,
    compose_page,
    leave_url,
    list_folder,
    posted,
    ref_named,
    render_form,
)
from pages.mail.message import message_fragment
from pages.mail.refusals import refusal
from pages.mail.request_values import beside, opened
from web.context import current_doer, services
from web.htmx import is_fragment_request
from web.say import Undo, say
from webmail.reading.messages import open_message
from webmail.writing import discarding, drafting, sending
from webmail.writing.attaching import AttachmentGone
from webmail.writing.drafting import SubjectTooLong, TooLarge, Writing
from webmail.writing.recipients import BadRecipients
from webmail.writing.sending import Sent
from webmail.writing.versions import DraftChanged


@blueprint.post("/mail/<mailbox>/drafts/discard")
def discard(mailbox: str) -> BaseResponse:
    access = opened(mailbox, Right.SEND)
    writing = posted()
    thrown = discarding.discard(services().pool, access, writing)
    undo: Undo | None = None
    if thrown:
        fields = {"draft": thrown.token, "draft_folder": encode_folder(thrown.folder)}
        fields["list_folder"] = encode_folder(list_folder())
        where: dict[str, Any] = {"mailbox": access.address, **beside()}
        undo = {"url": url_for("webmail.restore", **where), "fields": fields}
    return _leave(access, writing, "Draft discarded.", undo=undo)


@blueprint.post("/mail/<mailbox>/drafts/restore")
def restore(mailbox: str) -> BaseResponse:
    access = opened(mailbox, Right.SEND)
    thrown = ref_named("draft_folder", "draft")
    if thrown is None:
        raise BrokenForm("no draft named")
    ref = discarding.restore(services().pool, access, thrown)
    url = url_for("webmail.compose_draft", mailbox=access.address, folder=ref.folder, ref=ref.token)
    if not is_fragment_request():
        return redirect(url, 303)
    writing, attached = drafting.reopen(services().pool, services().db, access, ref)
    shown = replace(compose_page(access, writing, attached, list_folder()), url=url)
    answer = render_form(access, shown, list_folder(), f"Draft · {access.address}", 200)
    answer.headers["HX-Trigger-After-Swap"] = "mail-changed"
    return answer


@blueprint.post("/mail/<mailbox>/send")
def send(mailbox: str) -> BaseResponse:
    access = opened(mailbox, Right.SEND)
    writing = posted()
    held = services()
    try:
        sent = sending.send(
            held.db, held.pool, held.submission, current_doer(), access, writing, file_for_house=held.doveadm.file
        )
    except BadRecipients as error:
        return again(access, writing, error, error.fields)
    except SubmissionRefused as error:
        return again(access, writing, error, refusal(error))
    except SubmissionUnknown:
        said = f"It isn't certain that “{writing.subject[:80]}” went out. It is not sent again by itself."
        say(said, "error")
        return _whole_page(leave_url(access, writing, list_folder())[1])
    except SubjectTooLong as error:
        return again(access, writing, error, {"subject": error.public})
    except (AttachmentGone, TooLarge) as error:
        return again(access, writing, error, {"files": error.public})
    except DraftChanged as error:
        return again(access, writing, error, {"send": f"Not sent. {error.public}"})
    except PostroomError as error:
        return again(access, writing, error, {"send": error.public})
    return _leave(access, writing, _sent_words(sent))


def _leave(access: MailboxAccess, writing: Writing, text: str, undo: Undo | None = None) -> BaseResponse:
    """Back to what was answered, or to the list, with a word about what happened."""
    say(text, undo=undo)
    folder = list_folder()
    where, url = leave_url(access, writing, folder)
    if not is_fragment_request():
        return redirect(url, 303)
    pane = render_template("webmail/_empty.html")
    if where == "message" and writing.answers:
        with suppress(MailError):  # what was answered may be gone; what was sent is sent
            pane = message_fragment(access, open_message(services().pool, access, writing.answers))
    answer = make_response(pane + render_template("webmail/_toasts.html", oob=True))
    answer.vary.add("HX-Request")
    answer.headers["HX-Trigger-After-Swap"] = "mail-changed"
    return answer


def _whole_page(url: str) -> BaseResponse:
    if not is_fragment_request():
        return redirect(url, 303)
    answer = Response(status=204)
    answer.headers["HX-Location"] = url
    return answer


def _sent_words(sent: Sent) -> str:
    if sent.filed:
        return "Message sent."
    return "Message sent. Its copy isn't in Sent yet; that is made good by itself."
