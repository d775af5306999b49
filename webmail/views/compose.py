"""Writing: begin, answer, keep, send, throw away. From is decided by the mailbox in the URL, never by a form."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from core.errors import PostroomError
from mail.addresses import Address
from mail.compose import OutgoingAttachment
from mail.errors import (
    FolderNotFound,
    MailError,
    MailServerUnavailable,
    QuotaExceeded,
    SubmissionRefused,
    SubmissionUnknown,
)
from mail.filenames import clean_name
from mail.headers import message_ids
from mail.refs import MessageRef, decode_folder, encode_folder
from mailboxes.access import MailboxAccess
from mailboxes.rights import Right
from web.context import current_doer, services
from web.htmx import is_fragment_request, render
from webmail import drafting, reading, sending
from webmail.attaching import Attached, AttachmentGone
from webmail.correspondents import correspondents
from webmail.drafting import KeptApart, Saved, SubjectTooLong, TooLarge, Writing
from webmail.sending import BadRecipients, Sent
from webmail.versions import DraftChanged
from webmail.views import blueprint, present, words
from webmail.views.contexts import ComposeAttachment, ComposePage
from webmail.views.folder import listing_beside, page, page_without_mail
from webmail.views.message import message_fragment
from webmail.views.refusals import refusal
from webmail.views.request_values import beside, opened

_WRITING_PAGE = re.compile(r"/(?:compose|reply|reply-all|forward|draft)(?:\?|$)")
_MESSAGE = "/mail/<mailbox>/f/<folder:folder>/<ref>/"


class BrokenForm(PostroomError):
    """A form without what every form of ours carries."""

    code = "broken_form"
    status = 400
    public = "This form is broken. Copy your text, reload the page, and try again."


@blueprint.get("/mail/<mailbox>/compose")
def compose_new(mailbox: str) -> Response:
    access = opened(mailbox, Right.SEND)
    return _show(access, drafting.begin(access, request.args.get("to", "")[:500]), [], "INBOX", "New message")


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
    writing, attached = drafting.reopen(services().pool, services().db, access, MessageRef.parse(folder, ref), key)
    return _show(access, writing, attached, folder, "Draft")


@blueprint.post("/mail/<mailbox>/drafts")
def save_draft(mailbox: str) -> BaseResponse:
    access = opened(mailbox, Right.SEND)
    writing = _posted()
    if is_fragment_request():
        return _save(access, writing, "webmail/_draft_status.html")
    try:
        saved = drafting.save(services().pool, services().db, access, writing)
    except PostroomError as error:
        return _again(
            access, writing, error, {"subject" if isinstance(error, SubjectTooLong) else "draft": error.public}
        )
    flash({"text": "Draft saved.", "kind": "ok", "undo": None})  # type: ignore[arg-type]
    return redirect(_draft_url(access, _with_draft(writing, saved)), 303)


@blueprint.post("/mail/<mailbox>/drafts/attach")
def attach(mailbox: str) -> BaseResponse:
    access = opened(mailbox, Right.SEND)
    return _save(access, _posted(), "webmail/_attachments.html", "webmail/_draft_status.html")


@blueprint.post("/mail/<mailbox>/drafts/discard")
def discard(mailbox: str) -> BaseResponse:
    access = opened(mailbox, Right.SEND)
    writing = _posted()
    thrown = drafting.discard(services().pool, access, writing)
    undo = None
    if thrown:
        fields = {"draft": thrown.token, "draft_folder": encode_folder(thrown.folder)}
        fields["list_folder"] = encode_folder(_list_folder())
        where: dict[str, Any] = {"mailbox": access.address, **beside()}
        undo = {"url": url_for("webmail.restore", **where), "fields": fields}
    return _leave(access, writing, "Draft discarded.", undo=undo)


@blueprint.post("/mail/<mailbox>/drafts/restore")
def restore(mailbox: str) -> BaseResponse:
    access = opened(mailbox, Right.SEND)
    thrown = _ref("draft_folder", "draft")
    if thrown is None:
        raise BrokenForm("no draft named")
    ref = drafting.restore(services().pool, access, thrown)
    url = url_for("webmail.compose_draft", mailbox=access.address, folder=ref.folder, ref=ref.token)
    if not is_fragment_request():
        return redirect(url, 303)
    writing, attached = drafting.reopen(services().pool, services().db, access, ref)
    shown = replace(_compose_page(access, writing, attached, _list_folder()), url=url)
    return _render(access, shown, _list_folder(), f"Draft · {access.address}", 200)


@blueprint.post("/mail/<mailbox>/send")
def send(mailbox: str) -> BaseResponse:
    access = opened(mailbox, Right.SEND)
    writing = _posted()
    held = services()
    try:
        sent = sending.send(held.db, held.pool, held.submission, current_doer(), access, writing)
    except BadRecipients as error:
        return _again(access, writing, error, error.fields)
    except SubmissionRefused as error:
        return _again(access, writing, error, {"send": refusal(error)})
    except SubmissionUnknown:
        said = "It isn't certain that your message went out. It is not sent again by itself."
        flash({"text": said, "kind": "error", "undo": None})  # type: ignore[arg-type]
        return _whole_page(_leave_url(access, writing, _list_folder())[1])
    except SubjectTooLong as error:
        return _again(access, writing, error, {"subject": error.public})
    except (AttachmentGone, TooLarge) as error:
        return _again(access, writing, error, {"files": error.public})
    except DraftChanged as error:
        return _again(access, writing, error, {"send": f"Not sent. {error.public}"})
    except PostroomError as error:
        return _again(access, writing, error, {"send": error.public})
    return _leave(access, writing, _sent_words(sent))


def _answer(mailbox: str, folder: str, ref: str, mode: str, title: str) -> Response:
    access = opened(mailbox, Right.SEND)
    writing, attached = drafting.begin_answer(services().pool, access, MessageRef.parse(folder, ref), mode)
    return _show(access, writing, attached, folder, title)


def _posted() -> Writing:
    """What the form says, checked for shape. Raises BrokenForm for a key that isn't ours."""
    form = request.form
    key = form.get("key", "")
    if not drafting.is_key(key):
        raise BrokenForm(f"key {key[:40]!r}")
    return Writing(
        key=key,
        mode=form.get("mode", "new"),
        to=_text("to"),
        cc=_text("cc"),
        bcc=_text("bcc"),
        subject=_text("subject"),
        text=form.get("text", "").replace("\r\n", "\n"),
        html=form.get("html", ""),
        format="html" if form.get("format") == "html" else "text",
        answers=_ref("answers_folder", "answers"),
        in_reply_to=" ".join(message_ids(form.get("in_reply_to", ""))[:1]),
        references=message_ids(form.get("references", "")[:8000]),
        draft=_ref("draft_folder", "draft"),
        window=form.get("window", "")[:64],
        files=_files(),
        keep=form.getlist("keep"),
    )


def _text(name: str) -> str:
    """A one-line field."""
    return " ".join(request.form.get(name, "").split())


def _ref(folder: str, token: str) -> MessageRef | None:
    named = request.form.get(token, "")
    return MessageRef.parse(decode_folder(request.form.get(folder, "")), named) if named else None


def _files() -> list[OutgoingAttachment]:
    chosen = [file for file in request.files.getlist("files") if file.filename]
    return [
        OutgoingAttachment(clean_name(file.filename or ""), file.mimetype or "application/octet-stream", file.read())
        for file in chosen
    ]


def _show(access: MailboxAccess, writing: Writing, attached: Sequence[Attached], folder: str, title: str) -> Response:
    shown = _compose_page(access, writing, attached, folder)
    return _render(access, shown, folder, f"{title} · {access.address}", 200)


def _again(access: MailboxAccess, writing: Writing, error: PostroomError, fields: dict[str, str]) -> Response:
    """The form once more, with what was written and what is wrong with it. What was attached before stays attached."""
    kept, attached, theirs = _kept(access, writing, error)
    if writing.files and len(attached) < len(writing.keep) + len(writing.files):
        fields = {"files": "What you chose just now isn't attached: choose it again."} | fields
    shown = _compose_page(access, kept, attached, _list_folder(), errors=fields, theirs=theirs)
    return _render(access, shown, _list_folder(), f"Not sent · {access.address}", error.status)


def _kept(
    access: MailboxAccess, writing: Writing, error: PostroomError | None
) -> tuple[Writing, Sequence[Attached], MessageRef | None]:
    """What can be kept of it now, what is attached, and what somebody else made of the draft meanwhile.

    When nothing can be saved the draft stays as it was, with its files: a form without them would send without them.
    """
    held = services()
    try:
        if isinstance(error, KeptApart):
            raise error
        saved = drafting.save(held.pool, held.db, access, writing)
    except KeptApart as apart:
        return _with_draft(writing, apart.saved), apart.saved.attached, apart.theirs
    except PostroomError as trouble:
        if isinstance(trouble, MailServerUnavailable) and is_fragment_request():
            raise  # the form on the screen has more than could be shown again: the names of what is attached
        kept = replace(writing, files=())
        if writing.files and isinstance(trouble, TooLarge | QuotaExceeded):
            return _kept(access, kept, None)
        attached = drafting.still_attached(held.pool, access, writing)
        return replace(kept, keep=[one.id for one in attached]), attached, None
    return _with_draft(writing, saved), saved.attached, None


def _render(access: MailboxAccess, shown: ComposePage, folder: str, title: str, status: int) -> Response:
    if is_fragment_request():
        context = {"access": present.access_context(access), "compose": shown, "pane_title": title}
        return render("", "webmail/_compose.html", status=status, **context)
    what: dict[str, Any] = {"view": "compose", "title": title, "status": status, "compose": shown}
    try:
        try:
            found, listing = listing_beside(access, folder)
        except FolderNotFound:  # removed while somebody wrote beside it
            found, listing = listing_beside(access, "INBOX")
    except MailError:
        if not shown.errors:
            raise
        return page_without_mail(access, "webmail/_compose.html", **what)
    return page(access, found, listing, "webmail/_compose.html", **what)


def _save(access: MailboxAccess, writing: Writing, *templates: str) -> Response:
    """Keep it; the answer is the pieces of the form that this changes. The form itself stays as the person left it."""
    held, theirs, status = services(), None, 200
    try:
        saved = drafting.save(held.pool, held.db, access, writing)
    except KeptApart as apart:
        saved, theirs, status = apart.saved, apart.theirs, apart.status
    writing = _with_draft(writing, saved)
    shown = _compose_page(access, writing, saved.attached, _list_folder(), saved=True, theirs=theirs)
    parts = [render_template(name, compose=shown, oob=number > 0) for number, name in enumerate(templates)]
    answer = make_response("".join(parts), status)
    answer.vary.add("HX-Request")
    if _WRITING_PAGE.search(request.headers.get("HX-Current-URL", "")):
        answer.headers["HX-Replace-Url"] = _draft_url(access, writing)  # a reload finds the draft, not an empty form
    return answer


def _leave(access: MailboxAccess, writing: Writing, text: str, undo: object = None) -> BaseResponse:
    """Back to what was answered, or to the list, with a word about what happened."""
    flash({"text": text, "kind": "ok", "undo": undo})  # type: ignore[arg-type]
    folder = _list_folder()
    where, url = _leave_url(access, writing, folder)
    if not is_fragment_request():
        return redirect(url, 303)
    pane = render_template("webmail/_empty.html")
    if where == "message" and writing.answers:
        with suppress(MailError):  # what was answered may be gone; what was sent is sent
            pane = message_fragment(access, reading.open_message(services().pool, access, writing.answers))
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


def _list_folder() -> str:
    """The folder whose list stands beside the form."""
    named = request.form.get("list_folder", "")
    return decode_folder(named) if named else "INBOX"


def _leave_url(access: MailboxAccess, writing: Writing, folder: str) -> tuple[str, str]:
    """Where one is once the form is gone: the *message* that is answered, if this list has it, or the *list*."""
    answers = writing.answers
    where: dict[str, Any] = {"mailbox": access.address, "folder": folder, **beside()}
    if answers and answers.folder == folder:
        return "message", url_for("webmail.message", ref=answers.token, **where)
    return "list", url_for("webmail.folder", **where)


def _with_draft(writing: Writing, saved: Saved) -> Writing:
    """The same writing, now with the version that lies in Drafts."""
    keep = [attachment.id for attachment in saved.attached]
    return replace(writing, key=saved.key, draft=saved.ref, files=(), keep=keep)


def _draft_url(access: MailboxAccess, writing: Writing) -> str:
    """Where this draft is found again, also once it was saved anew under the same key."""
    where: dict[str, Any] = {"mailbox": access.address, "key": writing.key, **beside()}
    if writing.draft:
        where |= {"folder": writing.draft.folder, "ref": writing.draft.token}
    return url_for("webmail.compose_draft", **where)


def _compose_page(
    access: MailboxAccess,
    writing: Writing,
    attached: Sequence[Attached],
    folder: str,
    *,
    errors: dict[str, str] | None = None,
    saved: bool = False,
    theirs: MessageRef | None = None,
) -> ComposePage:
    where: dict[str, Any] = {"mailbox": access.address, **beside()}
    leaves_to, leave_url = _leave_url(access, writing, folder)
    return ComposePage(
        key=writing.key,
        draft_ref=writing.draft.token if writing.draft else "",
        draft_folder=encode_folder(writing.draft.folder) if writing.draft else "",
        window=writing.window,
        theirs_url=_draft_url(access, replace(writing, draft=theirs)) if theirs else "",
        mode=writing.mode,
        to=writing.to,
        cc=writing.cc,
        bcc=writing.bcc,
        subject=writing.subject,
        text=writing.text,
        html=writing.html,
        format=writing.format,
        from_line=str(Address(access.display_name, access.address)),
        hue=present.hue(access),
        attachments=[ComposeAttachment(one.id, one.filename, words.size(one.size)) for one in attached],
        answers=writing.answers.token if writing.answers else "",
        answers_folder=encode_folder(writing.answers.folder) if writing.answers else "",
        in_reply_to=writing.in_reply_to,
        references=" ".join(writing.references),
        send_url=url_for("webmail.send", **where),
        save_url=url_for("webmail.save_draft", **where),
        attach_url=url_for("webmail.attach", **where),
        discard_url=url_for("webmail.discard", **where),
        people_url=url_for("webmail.people", mailbox=access.address),
        leave_url=leave_url,
        leaves_to=leaves_to,
        list_folder=encode_folder(folder),
        errors=errors or {},
        saved_at=datetime.now(UTC) if saved else None,
    )


def _sent_words(sent: Sent) -> str:
    if sent.filed:
        return "Message sent."
    return "Message sent. Its copy isn't in Sent yet; that is made good by itself."
