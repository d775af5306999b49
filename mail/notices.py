"""Letters that Postroom itself writes: plain text, to one person, from nobody who reads answers."""

from dataclasses import dataclass

from mail.addresses import Address
from mail.compose import Draft, build, new_message_id
from mail.delivery import Handover
from mail.errors import MailServerUnavailable, SubmissionRefused, SubmissionUnknown


@dataclass(frozen=True)
class Notice:
    to: str
    subject: str
    text: str


def compose(notice: Notice, hostname: str, at: int) -> bytes:
    """The message. It says of itself that no program need answer it (RFC 3834 §5)."""
    message = build(
        Draft(to=(Address("", notice.to),), subject=notice.subject, text=notice.text),
        identity=Address("Postroom", f"no-reply@{hostname}"),
        message_id=new_message_id(hostname),
        date=at,
    )
    return b"Auto-Submitted: auto-generated\r\n" + message


def post(notice: Notice, host: str, port: int, hostname: str, at: int) -> None:
    """Hand it to a mail server, as the null sender, so that nothing ever comes back (RFC 5321 §4.5.5).

    Raises SubmissionRefused; SubmissionUnknown; MailServerUnavailable when trying again is safe.
    """
    handover = Handover.to_relay(host, port, hostname)
    try:
        answer = handover.ask("", (notice.to,))[notice.to]
        if answer.accepted:
            answer = handover.commit(compose(notice, hostname, at))[notice.to]
    finally:
        handover.abandon()
    if answer.unknown:
        raise SubmissionUnknown(answer.text)
    if answer.temporary:
        raise MailServerUnavailable(f"{answer.code} {answer.text}")
    if not answer.accepted:
        raise SubmissionRefused("notice", {notice.to: (answer.code, answer.text)})
