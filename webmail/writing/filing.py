"""What is left to do once a message went out, or was cut off on its way: every step can be done twice without harm."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from core.db import Database, DatabaseTrouble
from mail.errors import FolderChanged, FolderNotFound, MailError, MessageGone, NotPermitted, SignInRefused
from mail.imap.client import Imap
from mail.imap.pool import Pool
from mail.imap.refs import BadRef, MessageRef, decode_folder
from mailboxes import outbox
from mailboxes.access import MailboxAccess
from mailboxes.outbox import Entry
from webmail.connection import DEFAULT_NAMES, DRAFTS, ensured_folder, mail_of, select_for, select_moved
from webmail.writing.drafting import Writing, put_into_drafts, remove_versions

log = logging.getLogger(__name__)

_MARKS = {"reply": "\\Answered", "reply_all": "\\Answered", "forward": "$Forwarded"}

# Lays a message into a mailbox without anybody's credential (address, folder, Message-ID, message); False if it failed.
FileForHouse = Callable[[str, str, str, bytes], bool]


def nobody(_address: str, _folder: str, _message_id: str, _message: bytes) -> bool:
    """The `FileForHouse` of whoever has none."""
    return False


def finish(
    db: Database,
    pool: Pool,
    access: MailboxAccess,
    entry: Entry,
    *,
    retry: bool,
    file_for_house: FileForHouse = nobody,
) -> bool:
    """The copy into Sent, at most once; then the mark, and the draft. True when the copy is there.

    Every step can be done twice without harm, and the outbox says *done* once all are.
    """
    try:
        if entry.state != outbox.FILED:
            _file(db, pool, access, entry, retry=retry, file_for_house=file_for_house)
            outbox.filed(db, access, entry)
    except (MailError, *DatabaseTrouble) as error:
        log.warning("the copy of %s is not filed yet: %s", entry.message_id, error)
        return False
    with suppress(*DatabaseTrouble):
        if _tidy(pool, access, entry):
            outbox.done(db, entry)
    return True


def _file(
    db: Database, pool: Pool, access: MailboxAccess, entry: Entry, *, retry: bool, file_for_house: FileForHouse
) -> None:
    message = outbox.message_of(db, entry)
    try:
        with mail_of(pool, access, DRAFTS) as imap:
            folder = ensured_folder(imap, "sent")
            if not (retry and imap.searches.find_message_id(folder, entry.message_id)):
                imap.changes.append(folder, message, ["\\Seen"], None)
    except (SignInRefused, NotPermitted):
        # Removed since the dot. The customer has it, so the team must see it.
        if not file_for_house(access.address, DEFAULT_NAMES["sent"], entry.message_id, message):
            raise


def look_for(db: Database, pool: Pool, access: MailboxAccess, entry: Entry) -> bool:
    """Nobody told us what became of it. A copy in Sent proves that it went out; else it goes back to Drafts.

    True when the outbox knows. Never raises: the sender has something more important to be told.
    """
    try:
        with mail_of(pool, access, DRAFTS) as imap:
            found = imap.searches.find_message_id(ensured_folder(imap, "sent"), entry.message_id)
        if found:
            outbox.filed(db, access, entry)
    except (MailError, *DatabaseTrouble) as error:
        log.warning("%s lies in the outbox only: %s", entry.message_id, error)
        return False
    if found:
        return finish(db, pool, access, replace(entry, state=outbox.FILED), retry=True)
    return put_back(db, pool, access, entry)


def put_back(db: Database, pool: Pool, access: MailboxAccess, entry: Entry) -> bool:
    """Into Drafts, so that nothing of what was written is lost. True when the outbox knows. Never raises."""
    try:
        message = outbox.message_of(db, entry)
        with mail_of(pool, access, DRAFTS) as imap:
            put_into_drafts(imap, access, _writing_of(entry), message)
        outbox.put_back(db, access, entry)
    except (MailError, *DatabaseTrouble) as error:
        log.warning("%s lies in the outbox only: %s", entry.message_id, error)
        return False
    return True


def _tidy(pool: Pool, access: MailboxAccess, entry: Entry) -> bool:
    """Mark what was answered and remove the draft. True when nothing of that is left to do."""
    writing, left = _writing_of(entry), False
    for step in (_mark_answered, remove_versions):
        try:
            with mail_of(pool, access, DRAFTS) as imap:
                step(imap, access, writing)
        except MailError as error:
            log.info("after sending %s: %s", entry.message_id, error)
            left = True
    return not left


def _mark_answered(imap: Imap, access: MailboxAccess, writing: Writing) -> None:
    """Either may be gone meanwhile, which is no trouble of the sender's."""
    if not (writing.answers and writing.mode in _MARKS):
        return
    try:
        imap.changes.add_flags(select_for(imap, access, [writing.answers]), [_MARKS[writing.mode]])
    except (MessageGone, FolderNotFound, FolderChanged):  # somebody moved it while it was answered
        if uids := select_moved(imap, access, writing.in_reply_to):
            with suppress(MessageGone):
                imap.changes.add_flags(uids, [_MARKS[writing.mode]])


def _writing_of(entry: Entry) -> Writing:
    return replace(
        Writing(key=entry.key, mode=entry.after.get("mode", "new")),
        answers=_ref(entry.after.get("answers", "")),
        draft=_ref(entry.after.get("draft", "")),
        window=entry.after.get("window", ""),
        in_reply_to=entry.after.get("original", ""),
    )


def _ref(text: str) -> MessageRef | None:
    folder, slash, token = text.partition("/")
    try:
        return MessageRef.parse(decode_folder(folder), token) if slash else None
    except BadRef:
        return None
