"""Organising: flags and folders. Whoever may not change the mailbox doesn't get past the first line."""

from collections.abc import Sequence
from dataclasses import dataclass

from mail.imap.pool import Pool
from mail.imap.refs import MessageRef
from mailboxes.access import MailboxAccess
from mailboxes.rights import Right
from webmail.connection import ensured_folder, mail_of, select, select_for

FLAGGED = "\\Flagged"
JUNK, NOT_JUNK = "$Junk", "$NotJunk"


@dataclass(frozen=True)
class Moved:
    """Where messages went: the folder, and what they are called there (RFC 4315: empty if the server doesn't say)."""

    folder: str
    refs: list[MessageRef]


def flag(pool: Pool, access: MailboxAccess, refs: Sequence[MessageRef], name: str, *, on: bool) -> list[MessageRef]:
    """Set or clear one flag, such as \\Seen or \\Flagged, on these messages of one folder; those it was new to."""
    access.require(Right.ORGANISE)
    with mail_of(pool, access, refs[0].folder) as imap:
        before = imap.messages.flags(select_for(imap, access, refs))
        changed = [ref for ref in refs if (name in before.get(ref.uid, ())) != on]
        if changed:
            change = imap.changes.add_flags if on else imap.changes.remove_flags
            change([ref.uid for ref in changed], [name])
    return changed


def move(pool: Pool, access: MailboxAccess, refs: Sequence[MessageRef], folder: str) -> Moved:
    """Move these messages of one folder to another one."""
    access.require(Right.ORGANISE)
    with mail_of(pool, access, refs[0].folder) as imap:
        uids = select_for(imap, access, refs)
        new_uids = imap.changes.move(uids, folder)
        selected = select(imap, access, folder)
    return Moved(folder, [MessageRef(folder, selected.uidvalidity, uid) for uid in new_uids.values()])


def move_to_role(pool: Pool, access: MailboxAccess, refs: Sequence[MessageRef], role: str) -> Moved:
    """Move to Archive, Trash, Junk or INBOX; the folder is made if the mailbox has none."""
    access.require(Right.ORGANISE)
    if role == "inbox":
        return move(pool, access, refs, "INBOX")
    with mail_of(pool, access, refs[0].folder) as imap:
        folder = ensured_folder(imap, role)
    return move(pool, access, refs, folder)


def report_spam(pool: Pool, access: MailboxAccess, refs: Sequence[MessageRef], *, spam: bool) -> Moved:
    """Mark as junk, or as not, with the registered keywords, and move to Junk or back to the inbox."""
    flag(pool, access, refs, JUNK if spam else NOT_JUNK, on=True)
    flag(pool, access, refs, NOT_JUNK if spam else JUNK, on=False)
    return move_to_role(pool, access, refs, "junk" if spam else "inbox")


def take_back_report(pool: Pool, access: MailboxAccess, refs: Sequence[MessageRef], folder: str) -> Moved:
    """As if nobody had reported these messages as spam: without the mark, and in the folder they came from."""
    flag(pool, access, refs, JUNK, on=False)
    return move(pool, access, refs, folder)


def delete_forever(pool: Pool, access: MailboxAccess, refs: Sequence[MessageRef]) -> None:
    """Remove these messages for good; no others, even if they carry \\Deleted (UID EXPUNGE, RFC 4315 §2.1)."""
    access.require(Right.ORGANISE)
    with mail_of(pool, access, refs[0].folder) as imap:
        imap.changes.delete(select_for(imap, access, refs))
