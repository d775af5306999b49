"""In the place of the form, when a draft is opened whose message has gone out."""

from datetime import UTC, datetime
from typing import Any, Final

from flask import Response, url_for

from mail.imap.refs import encode_folder
from mailboxes.access import MailboxAccess
from pages.mail import present, words
from pages.mail.folder import listing_beside, page
from pages.mail.outbox import recipients_text
from pages.mail.request_values import beside
from web.htmx import is_fragment_request, render
from webmail.writing.sent_before import AlreadySent

_PANE: Final = "webmail/_already_sent.html"


def show_already_sent(access: MailboxAccess, error: AlreadySent, folder: str) -> Response:
    """In the place of the form: that it went out, and a way to be rid of the draft that was left behind."""
    ref, at = error.ref, datetime.fromtimestamp(error.entry.created_at, UTC)
    where: dict[str, Any] = {"mailbox": access.address, **beside()}
    shown: dict[str, Any] = {
        "subject": error.entry.subject or "(no subject)",
        "recipients": recipients_text(error.entry),
        "sent_by": error.entry.sent_by if access.is_shared else "",
        "when_text": words.when_long(at),
        "when_iso": at.isoformat(),
        "discard_url": url_for("webmail.discard", **where),
        "fields": {"key": error.entry.key, "list_folder": encode_folder(folder)},
    }
    if ref:
        shown["fields"] |= {"draft": ref.token, "draft_folder": encode_folder(ref.folder)}
        shown["read_url"] = url_for("webmail.message", folder=ref.folder, ref=ref.token, **where)
    title = f"Already sent · {access.address}"
    if is_fragment_request():
        return render("", _PANE, access=present.access_context(access), already=shown, pane_title=title)
    found, listing = listing_beside(access, folder)
    return page(access, found, listing, _PANE, view="message", title=title, already=shown)
