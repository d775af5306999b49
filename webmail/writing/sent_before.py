"""What went out under a key already, and what that means for whoever still writes under it."""

from core.db import Database, now
from core.errors import PostroomError
from mail.imap.refs import MessageRef, encode_folder
from mailboxes import outbox
from mailboxes.access import MailboxAccess
from mailboxes.outbox import COMMITTING, GONE_OUT, SENDING, STOPPED, Entry
from mailboxes.outbox_leftovers import STUCK_AFTER


class AlreadySent(PostroomError):
    """It went out, as `entry` says. `ref` is a draft of it that still lies there, if it was a draft one looked for."""

    code = "already_sent"
    status = 409
    public = "This message was sent already. You find it in Sent."

    def __init__(self, entry: Entry, ref: MessageRef | None = None) -> None:
        super().__init__(entry.key)
        self.entry, self.ref = entry, ref


class SentElsewhere(AlreadySent):
    """It went out from another window; the words in this one did not."""

    code = "sent_elsewhere"
    public = (
        "Not sent: this draft went out from another window. To send what is written here as well, press Send again."
    )


class BeingSent(PostroomError):
    code = "being_sent"
    status = 409
    public = "This message is on its way at this moment. Press Send to learn what became of it."


class PerhapsSent(PostroomError):
    code = "perhaps_sent"
    status = 409
    public = "Nobody knows whether this message went out. It lies in Drafts: open it there to write on."


def name_of(ref: MessageRef) -> str:
    """A ref as text that can lie in the outbox."""
    return f"{encode_folder(ref.folder)}/{ref.token}"


def may_go_on(db: Database, access: MailboxAccess, key: str, ref: MessageRef, window: str) -> bool:
    """Whether the version in `ref`, saved from `window`, is written on under its key.

    Not when something with this key went out, or may have: what is a message of its own needs a key of its own. Raises
    AlreadySent when this version is what went out, and only its removal from Drafts is still to come.
    """
    entry = outbox.find(db, access, key)
    if entry is None or entry.state in (SENDING, COMMITTING, STOPPED):
        return True
    if entry.state in GONE_OUT and (not is_elsewhere(entry, window) or entry.after.get("draft") == name_of(ref)):
        raise AlreadySent(entry, ref)
    return False


def is_elsewhere(entry: Entry, window: str, words: str = "") -> bool:
    """Whether what was handed over was written in another window than this, and isn't the same, as far as is known."""
    return entry.after.get("window", window) != window and (not words or entry.after.get("words") != words)


def went_elsewhere(db: Database, access: MailboxAccess, key: str, window: str, words: str) -> bool:
    """Whether another message went out under this key, or may have, from another window: these words need a new key."""
    entry = outbox.find(db, access, key)
    return (
        entry is not None and entry.state not in (SENDING, COMMITTING, STOPPED) and is_elsewhere(entry, window, words)
    )


def check_not_sent(db: Database, access: MailboxAccess, key: str) -> None:
    """Nothing that went out becomes a draft again. What never will go is taken out of the outbox: it lies here now."""
    entry = outbox.find(db, access, key)
    if entry is None:
        return
    stuck = entry.state == STOPPED or entry.created_at < now() - STUCK_AFTER
    if stuck and outbox.withdraw(db, entry):
        return
    if entry.state in GONE_OUT:
        raise AlreadySent(entry)
    raise BeingSent(key) if entry.state in (SENDING, COMMITTING) else PerhapsSent(key)
