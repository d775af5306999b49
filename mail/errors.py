"""What can go wrong on the wire, named for what happened; foreign answers become these at the border."""

from typing import Final

from core.errors import PostroomError


class MailError(PostroomError):
    """Anything the mail servers refused or failed to do."""

    code = "mail_error"
    status = 502
    public = "The mail server couldn't do this. Try again in a moment."


class MailServerUnavailable(MailError):
    """No answer, no connection, or "not now". Nothing was changed, so trying again is safe."""

    code = "mail_server_unavailable"
    status = 503
    public = "The mail server doesn't answer right now. Try again in a moment."


class TooManyConnections(MailServerUnavailable):
    """Every connection this person may hold is at work, and none came back in time."""

    code = "too_many_connections"
    public = "Too much is going on in this mailbox at once. Try again in a moment."


class OutcomeUnknown(MailError):
    """The connection went away after a change was asked for: it may have happened or not (look before repeating)."""

    code = "outcome_unknown"
    status = 503
    public = "The connection to the mail server was lost half-way. Check whether the change was made."


class SearchTooSlow(MailError):
    """The search was given up; the server is there for everything else."""

    code = "search_too_slow"
    status = 503
    public = "This search takes too long. Try once more, or narrow it: by from:, subject: or a date."


class SignInRefused(MailError):
    """The server didn't accept this credential for this mailbox, or no longer does."""

    code = "mail_sign_in_refused"
    status = 403
    public = "The mail server doesn't let you into this mailbox."


class FolderNotFound(MailError):
    code = "folder_not_found"
    status = 404
    public = "This folder doesn't exist."


class FolderExists(MailError):
    code = "folder_exists"
    status = 409
    public = "A folder with this name already exists."


class BadFolderName(MailError):
    code = "bad_folder_name"
    status = 400
    public = "A folder can't have this name."


class MessageGone(MailError):
    """The UID names no message any more (RFC 9051 section 2.3.1.1: it never will again)."""

    code = "message_gone"
    status = 404
    public = "This message has been moved or deleted."


class FolderChanged(MailError):
    """UIDVALIDITY is another than the message ref carries: its UID may now name a different message."""

    code = "folder_changed"
    status = 409
    public = "This folder was rebuilt meanwhile. Open it again."


class NotPermitted(MailError):
    """The server said no, or said OK and changed nothing (RFC 4314)."""

    code = "not_permitted"
    status = 403
    public = "You aren't allowed to change this."


class ReadOnlyFolder(NotPermitted):
    code = "read_only_folder"
    public = "This folder is read-only for you."


class QuotaExceeded(MailError):
    code = "quota_exceeded"
    status = 507
    public = "The mailbox is full. Delete something and try again."


class UnsafeText(MailError):
    """Text that would end a protocol line and start another: control characters never reach the wire."""

    code = "unsafe_text"
    status = 400
    public = "This contains characters that can't be used here."


class HostileMessage(MailError):
    """A message built to break its reader; `reason` says how."""

    code = "hostile_message"
    status = 422
    public = "This message is built in a way that can't be shown safely. You can view its source."

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ProtocolTrouble(MailError):
    """The server said something its protocol doesn't allow, or too much of it. The connection is given up."""

    code = "protocol_trouble"
    public = "The mail server gave an answer that makes no sense. Try again in a moment."


class SubmissionRefused(MailError):
    """Nothing was sent. `recipients` has the reply code and text for each address it was about.

    `stage` is what the server refused: "sender" (then the address is the sender's), "recipients" or "message".
    """

    code = "submission_refused"
    status = 422
    public = "The mail server refused this message. Nothing was sent."

    def __init__(self, stage: str, recipients: dict[str, tuple[int, str]]) -> None:
        super().__init__(f"{stage} refused: {recipients!r}")
        self.stage, self.recipients = stage, recipients

    @property
    def temporary(self) -> bool:
        """True when every refusal is a 4xx: the same message may be taken later (RFC 5321 section 4.2.1)."""
        return bool(self.recipients) and all(400 <= code < 500 for code, _ in self.recipients.values())


class SubmissionUnknown(MailError):
    """No answer came to the final dot: the message may be on its way. Never send it again unasked.

    `reason` says why, as a sentence to people.
    """

    code = "submission_unknown"
    status = 502
    public = (
        "The mail server didn't confirm. The message may have gone out: ask whether it came before you send it again."
    )

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# IMAP response codes (RFC 5530, RFC 9051 section 7.1, RFC 9208) and what they mean to a person.
BY_RESPONSE_CODE: Final[dict[str, type[MailError]]] = {
    "ALREADYEXISTS": FolderExists,
    "AUTHENTICATIONFAILED": SignInRefused,
    "AUTHORIZATIONFAILED": SignInRefused,
    "CANNOT": BadFolderName,
    "CONTACTADMIN": MailServerUnavailable,
    "CORRUPTION": MailServerUnavailable,
    "EXPIRED": SignInRefused,
    "EXPUNGEISSUED": MessageGone,
    "INUSE": MailServerUnavailable,
    "LIMIT": MailServerUnavailable,
    "NONEXISTENT": FolderNotFound,
    "NOPERM": NotPermitted,
    "OVERQUOTA": QuotaExceeded,
    "PRIVACYREQUIRED": SignInRefused,
    "SERVERBUG": MailServerUnavailable,
    "TRYCREATE": FolderNotFound,
    "UNAVAILABLE": MailServerUnavailable,
}


def from_response(code: str, text: str) -> MailError:
    """The error an IMAP NO stands for; a NO without a code we know is a plain `MailError`."""
    return BY_RESPONSE_CODE.get(code, MailError)(f"NO [{code}] {text!r}")
