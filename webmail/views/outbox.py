"""What went out with an outcome nobody knows: the person is told until they say that they know."""

from dataclasses import dataclass

from flask import redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from mailboxes import outbox
from mailboxes.access import MailboxAccess
from mailboxes.rights import Right
from web.context import services
from web.converters import BIGGEST
from webmail.views import blueprint
from webmail.views.request_values import opened


@dataclass(frozen=True)
class Uncertain:
    """One message that may have gone out, why nobody knows, and where to say that this was read."""

    recipients: str
    reason: str
    dismiss_url: str


def uncertain_context(access: MailboxAccess) -> list[Uncertain]:
    return [
        Uncertain(
            recipients=", ".join(entry.recipients[:5]),
            reason=entry.note,
            dismiss_url=url_for("webmail.dismiss_uncertain", mailbox=access.address, entry=entry.id),
        )
        for entry in outbox.uncertain(services().db, access)
    ]


@blueprint.post(f"/mail/<mailbox>/outbox/<int(max={BIGGEST}):entry>/dismiss")
def dismiss_uncertain(mailbox: str, entry: int) -> BaseResponse:
    access = opened(mailbox, Right.SEND)
    outbox.dismiss(services().db, access, entry)
    return redirect(url_for("webmail.folder", mailbox=access.address, folder="INBOX"), 303)
