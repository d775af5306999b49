"""What was cut off on its way, or has an outcome nobody knows: the person is told until they say that they know."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from mailboxes import outbox_leftovers
from mailboxes.access import MailboxAccess
from mailboxes.outbox import STOPPED, Entry
from mailboxes.rights import Right
from pages.mail import blueprint, words
from pages.mail.request_values import opened
from web.context import services
from web.converters import BIGGEST


@dataclass(frozen=True)
class Uncertain:
    """One message that wasn't sent, or perhaps: which, to whom and when, why, and where to say that this was read."""

    subject: str
    recipients: str
    when_text: str
    when_iso: str
    stopped: bool
    reason: str
    dismiss_url: str


def uncertain_context(access: MailboxAccess) -> list[Uncertain]:
    return [_uncertain(access, entry) for entry in outbox_leftovers.uncertain(services().db, access)]


def _uncertain(access: MailboxAccess, entry: Entry) -> Uncertain:
    at = datetime.fromtimestamp(entry.created_at, UTC)
    return Uncertain(
        subject=entry.subject or "(no subject)",
        recipients=recipients_text(entry),
        when_text=words.when_long(at),
        when_iso=at.isoformat(),
        stopped=entry.state == STOPPED,
        reason=entry.note,
        dismiss_url=url_for("webmail.dismiss_uncertain", mailbox=access.address, entry=entry.id),
    )


def recipients_text(entry: Entry) -> str:
    """Who it was for; of many the first, and how many more."""
    named, others = entry.recipients[:3], len(entry.recipients) - 3
    return ", ".join(named) + (f" and {others} more" if others > 0 else "")


@blueprint.post(f"/mail/<mailbox>/outbox/<int(max={BIGGEST}):entry>/dismiss")
def dismiss_uncertain(mailbox: str, entry: int) -> BaseResponse:
    access = opened(mailbox, Right.SEND)
    outbox_leftovers.dismiss(services().db, access, entry)
    return redirect(url_for("webmail.folder", mailbox=access.address, folder="INBOX"), 303)
