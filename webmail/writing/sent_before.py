"""What went out under a key already, and what that means for whoever still writes under it."""

from typing import Protocol

from core.db import Database, now
from core.errors import PostroomError
from mail.imap.refs import MessageRef, encode_folder
from mailboxes import outbox
from mailboxes.access import MailboxAccess
from mailboxes.outbox import COMMITTING, GONE_OUT, SENDING, STOPPED, Entry
from mailboxes.outbox_leftovers import STUCK_AFTER


class Written(Protocol):
    """A message being written, as far as it matters here: `drafting.Writing`."""

    @property
    def key(self) -> str: ...

    @property
    def window(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...


class AlreadySent(PostroomError):
    """It went out, as `entry` says. `ref` is a draft of it that still lies there, if it was a draft one looked for."""

    code = "already_sent"
    status = 409
    public = "This message was sent already. You find it in Sent."

    def __init__(self, entry: Entry, ref: MessageRef | None = None) -> None:
        super().__init__(entry.key)
        self.entry, self.ref = entry, ref


class OtherWordsSent(PostroomError):
    """Something went out under this key, or may have, and it isn't what is written here."""

    code = "other_words_sent"
    status = 409
    public = (
        "Not sent: this message went out already, with other words. To send what is written here as well, press Send "
        "again."
    )


class OtherWordsPerhapsSent(OtherWordsSent):
    code = "other_words_perhaps_sent"
    public = (
        "Not sent: with other words, this message may have gone out already. To send what is written here as well, "
        "press Send again."
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
    if entry.state in GONE_OUT and (not _is_elsewhere(entry, window) or entry.after.get("draft") == name_of(ref)):
        raise AlreadySent(entry, ref)
    return False


def says_otherwise(entry: Entry, writing: Written) -> bool:
    """Whether what was handed over isn't what is written here. Of what nobody took the fingerprint, windows tell."""
    known = entry.after.get("fingerprint")
    return known != writing.fingerprint if known else _is_elsewhere(entry, writing.window)


def went_elsewhere(db: Database, access: MailboxAccess, writing: Written) -> bool:
    """Whether other words went out under this key, or may have, from another window: these need a key of their own."""
    entry = outbox.find(db, access, writing.key)
    if entry is None or entry.state in (SENDING, COMMITTING, STOPPED):
        return False
    return _is_elsewhere(entry, writing.window) and says_otherwise(entry, writing)


def _is_elsewhere(entry: Entry, window: str) -> bool:
    return entry.after.get("window", window) != window


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
