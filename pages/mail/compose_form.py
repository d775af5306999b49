"""The form of a message being written: what was typed into it, and the page that shows it."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Response, request, url_for

from core.db import DatabaseTrouble
from core.errors import PostroomError
from mail import patience
from mail.errors import (
    FolderNotFound,
    MailError,
    MailServerUnavailable,
    QuotaExceeded,
)
from mail.html import sanitize
from mail.imap.refs import MessageRef, decode_folder, encode_folder
from mail.message.addresses import Address
from mail.message.compose import OutgoingAttachment, kept_picture
from mail.message.filenames import clean_name
from mail.message.headers import message_ids
from mail.message.typed import in_one_line
from mailboxes.access import MailboxAccess
from mailboxes.storage import size_of
from pages.mail import present
from pages.mail.contexts import ComposeAttachment, ComposePage
from pages.mail.folder import listing_beside, page, page_without_mail
from pages.mail.request_values import beside
from web.context import services
from web.htmx import is_fragment_request, render
from webmail.writing import drafting
from webmail.writing.attaching import Attached, is_in_original
from webmail.writing.drafting import KeptApart, Saved, TooLarge, Writing
from webmail.writing.sent_before import OtherWordsSent

_BESIDE_SECONDS = 1.0
_LONGEST_NOTICE = 1_000


class BrokenForm(PostroomError):
    """A form without what every form of ours carries."""

    code = "broken_form"
    status = 400
    public = "This form is broken. Copy your text, reload the page, and try again."


def posted() -> Writing:
    """What the form says, checked for shape. Raises BrokenForm for a key that isn't ours."""
    form = request.form
    key = form.get("key", "")
    if not drafting.is_key(key):
        raise BrokenForm(f"key {key[:40]!r}")
    return Writing(
        key=key,
        mode=form.get("mode", "new"),
        to=in_one_line(form.get("to", "")),
        cc=in_one_line(form.get("cc", "")),
        bcc=in_one_line(form.get("bcc", "")),
        subject=_text("subject"),
        text=form.get("text", "").replace("\r\n", "\n"),
        html=_html(form.get("html", "")),
        format="html" if form.get("format") == "html" else "text",
        answers=ref_named("answers_folder", "answers"),
        in_reply_to=" ".join(message_ids(form.get("in_reply_to", ""))[:1]),
        references=message_ids(form.get("references", "")),
        draft=ref_named("draft_folder", "draft"),
        window=form.get("window", "")[:64],
        files=_files(),
        keep=form.getlist("keep"),
    )


def _html(written: str) -> str:
    """Without our own addresses: a picture copied out of a message would tell whoever gets it where we are."""
    ours = {services().config.public_url, request.host_url.rstrip("/")}
    if not any(origin.partition("://")[2] in written for origin in ours):
        return written
    return sanitize.html(written, images=lambda url: url, cid=kept_picture, notes=False, without=ours).html


def _text(name: str) -> str:
    """A one-line field."""
    return " ".join(request.form.get(name, "").split())


def ref_named(folder: str, token: str) -> MessageRef | None:
    named = request.form.get(token, "")
    return MessageRef.parse(decode_folder(request.form.get(folder, "")), named) if named else None


def _files() -> list[OutgoingAttachment]:
    chosen = [file for file in request.files.getlist("files") if file.filename]
    return [
        OutgoingAttachment(clean_name(file.filename or ""), file.mimetype or "application/octet-stream", file.read())
        for file in chosen
    ]


def show(
    access: MailboxAccess, writing: Writing, attached: Sequence[Attached], folder: str, title: str, notice: str = ""
) -> Response:
    shown = replace(compose_page(access, writing, attached, folder), notice=notice)
    return render_form(access, shown, folder, f"{title} · {access.address}", 200)


def again(access: MailboxAccess, writing: Writing, error: PostroomError, fields: dict[str, str]) -> Response:
    """The form once more, with what was written and what is wrong with it. What was attached before stays attached."""
    kept, attached, theirs = _kept(access, writing, error)
    if writing.files and len(attached) < len(writing.keep) + len(writing.files):
        fields = {"files": "What you chose just now isn't attached: choose it again."} | fields
    shown = compose_page(access, kept, attached, list_folder(), errors=fields, theirs=theirs)
    shown = replace(shown, notice=request.form.get("notice", "")[:_LONGEST_NOTICE])
    return render_form(access, shown, list_folder(), f"Not sent · {access.address}", error.status)


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
        saved = drafting.save(held.pool, held.db, access, writing, apart=isinstance(error, OtherWordsSent))
    except KeptApart as apart:
        return with_draft(writing, apart.saved), apart.saved.attached, apart.theirs
    except (PostroomError, *DatabaseTrouble) as trouble:
        if isinstance(trouble, MailServerUnavailable) and is_fragment_request():
            raise  # the form on the screen has more than could be shown again: the names of what is attached
        kept = replace(writing, files=())
        if writing.files and isinstance(trouble, TooLarge | QuotaExceeded):
            return _kept(access, kept, None)
        attached = drafting.still_attached(held.pool, access, writing)
        return replace(kept, keep=[one.id for one in attached]), attached, None
    return with_draft(writing, saved), saved.attached, None


def render_form(access: MailboxAccess, shown: ComposePage, folder: str, title: str, status: int) -> Response:
    if is_fragment_request():
        context = {"access": present.access_context(access), "compose": shown, "pane_title": title}
        return render("", "webmail/_compose.html", status=status, **context)
    what: dict[str, Any] = {"view": "compose", "title": title, "status": status, "compose": shown}
    # Beside a form that comes back the list is no reason to wait: a server that hangs did so long enough.
    with patience.within(_BESIDE_SECONDS if shown.errors else math.inf):
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


def list_folder() -> str:
    """The folder whose list stands beside the form."""
    named = request.form.get("list_folder", "")
    return decode_folder(named) if named else "INBOX"


def leave_url(access: MailboxAccess, writing: Writing, folder: str) -> tuple[str, str]:
    """Where one is once the form is gone: the *message* that is answered, if this list has it, or the *list*."""
    answers = writing.answers
    where: dict[str, Any] = {"mailbox": access.address, "folder": folder, **beside()}
    if answers and answers.folder == folder:
        return "message", url_for("webmail.message", ref=answers.token, **where)
    return "list", url_for("webmail.folder", **where)


def with_draft(writing: Writing, saved: Saved) -> Writing:
    """The same writing, now with the version that lies in Drafts."""
    keep = [attachment.id for attachment in saved.attached]
    return replace(writing, key=saved.key, draft=saved.ref, files=(), keep=keep)


def draft_url(access: MailboxAccess, writing: Writing) -> str:
    """Where this draft is found again, also once it was saved anew under the same key."""
    where: dict[str, Any] = {"mailbox": access.address, "key": writing.key, **beside()}
    if writing.draft:
        where |= {"folder": writing.draft.folder, "ref": writing.draft.token}
    return url_for("webmail.compose_draft", **where)


def _attachment(access: MailboxAccess, writing: Writing, attached: Attached) -> ComposeAttachment:
    """A picture of the text is seen where it lies now: in what is answered, then in the draft."""
    holder = writing.answers if is_in_original(attached.id) else writing.draft
    url = ""
    if attached.content_id and holder:
        where: dict[str, Any] = {"mailbox": access.address, "folder": holder.folder, "ref": holder.token}
        url = url_for("webmail.picture", **where, content_id=attached.content_id)
    return ComposeAttachment(attached.id, attached.filename, size_of(attached.size), attached.content_id, url)


def compose_page(
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
    leaves_to, way_out = leave_url(access, writing, folder)
    return ComposePage(
        key=writing.key,
        draft_ref=writing.draft.token if writing.draft else "",
        draft_folder=encode_folder(writing.draft.folder) if writing.draft else "",
        window=writing.window,
        theirs_url=draft_url(access, replace(writing, draft=theirs)) if theirs else "",
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
        attachments=[_attachment(access, writing, one) for one in attached],
        answers=writing.answers.token if writing.answers else "",
        answers_folder=encode_folder(writing.answers.folder) if writing.answers else "",
        in_reply_to=writing.in_reply_to,
        references=" ".join(writing.references),
        send_url=url_for("webmail.send", **where),
        save_url=url_for("webmail.save_draft", **where),
        attach_url=url_for("webmail.attach", **where),
        discard_url=url_for("webmail.discard", **where),
        people_url=url_for("webmail.people", mailbox=access.address),
        leave_url=way_out,
        leaves_to=leaves_to,
        list_folder=encode_folder(folder),
        errors=errors or {},
        saved_at=datetime.now(UTC) if saved else None,
    )
