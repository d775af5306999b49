"""Throwing away what is being written, and bringing it back."""

from contextlib import suppress

from mail.errors import MessageGone
from mail.imap.pool import Pool
from mail.imap.refs import MessageRef
from mailboxes.access import MailboxAccess
from mailboxes.rights import Right
from webmail.connection import DRAFTS, ensured_folder, mail_of, select, select_for
from webmail.writing.drafting import Writing, message_id_of
from webmail.writing.versions import versions_of


def discard(pool: Pool, access: MailboxAccess, writing: Writing) -> MessageRef | None:
    """Throw away what is written: the newest saved version goes to Trash, the older ones for good.

    What somebody else saved meanwhile stays. Returns what it is called in Trash, None when nothing of it was saved.
    """
    access.require(Right.SEND)
    with mail_of(pool, access, DRAFTS) as imap:
        trash = ensured_folder(imap, "trash")
        message_id = message_id_of(access, writing.key)
        versions = versions_of(imap, access, message_id, writing.draft, writing.window)
        *older, newest = versions.superseded or [0]
        with suppress(MessageGone):  # whoever threw it away at the same moment
            if older:
                imap.changes.delete(older)
            if newest:
                moved = imap.changes.move([newest], trash)
                return MessageRef(trash, select(imap, access, trash).uidvalidity, moved[newest])
    return None


def restore(pool: Pool, access: MailboxAccess, ref: MessageRef) -> MessageRef:
    """Bring what was thrown away back to Drafts. Raises MessageGone, FolderChanged."""
    access.require(Right.SEND)
    with mail_of(pool, access, ref.folder) as imap:
        drafts = ensured_folder(imap, "drafts")
        moved = imap.changes.move(select_for(imap, access, [ref]), drafts)
        return MessageRef(drafts, select(imap, access, drafts).uidvalidity, moved[ref.uid])
