"""Letters that Postroom itself writes: plain text, to one person, from nobody who reads answers."""

from dataclasses import dataclass

from core.config import Config
from mail.errors import MailServerUnavailable, SubmissionRefused, SubmissionUnknown
from mail.message.addresses import Address
from mail.message.compose import Draft, build, new_message_id
from mail.smtp.delivery import Handover


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


def way_to(config: Config, *, local: bool) -> Handover | None:
    """How a letter of ours gets to somebody here, or outside; None when no relay leads there.

    Here it goes past the doors, through a socket that only our own processes can open: that is how it is known, so
    that a letter about full storage is taken by the very mailbox that is full.
    """
    if local:
        return Handover.to_mailboxes(config.notice_socket.resolve(), config.mail_hostname)
    host, _, port = config.relay.rpartition(":")
    return Handover.to_relay(host.strip("[]"), int(port), config.mail_hostname) if host else None


def post(notice: Notice, handover: Handover, hostname: str, at: int) -> None:
    """Hand it over as the null sender, so that nothing ever comes back (RFC 5321 §4.5.5).

    Raises SubmissionRefused; SubmissionUnknown; MailServerUnavailable when trying again is safe.
    """
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
