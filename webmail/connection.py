"""How a use case reaches the mail of a mailbox: over a kept connection that only an access can ask for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mail.errors import FolderChanged, FolderNotFound
from mail.imap.client import Imap
from mail.imap.folders import Folder
from mail.imap.pool import Pool
from mail.imap.refs import MessageRef
from mail.imap.session import Selected
from mailboxes.access import MailboxAccess

# The folder each role has when the server announces none (RFC 6154 names the roles, not the folders).
DEFAULT_NAMES = {"drafts": "Drafts", "sent": "Sent", "archive": "Archive", "junk": "Junk", "trash": "Trash"}
# What happens beside the folder in front (writing, filing) asks for this one, so that the one in front stays selected.
DRAFTS = DEFAULT_NAMES["drafts"]

# Where a message that was moved is looked for, in this order ("" are the folders people made), and in how many at most.
_MOVED_TO = ("archive", "inbox", "trash", "")
_MOST_FOLDERS = 20


@contextmanager
def mail_of(pool: Pool, access: MailboxAccess, folder: str | None = None) -> Iterator[Imap]:
    """The mailbox's mail, for as long as the block lasts. `folder` is the one that will be selected first."""
    with pool.connection(access.credential, owner=access.actor.session_id, prefer_folder=folder) as imap:
        yield imap


def select(imap: Imap, access: MailboxAccess, folder: str) -> Selected:
    """The folder, writable only for those who may change it: read-only members examine (RFC 9051 §6.3.3)."""
    return imap.session.select(folder, writable=access.can_organise)


def select_for(imap: Imap, access: MailboxAccess, refs: Sequence[MessageRef]) -> list[int]:
    """Select the folder of these messages and give their UIDs.

    Raises FolderChanged when the folder was rebuilt since: the UIDs would name other messages (RFC 9051 §2.3.1.1).
    """
    folder, uidvalidity = refs[0].folder, refs[0].uidvalidity
    if any((ref.folder, ref.uidvalidity) != (folder, uidvalidity) for ref in refs):
        raise FolderChanged("messages of more than one folder")
    imap.session.select(folder, writable=access.can_organise, uidvalidity=uidvalidity)
    return [ref.uid for ref in refs]


def select_moved(imap: Imap, access: MailboxAccess, message_id: str) -> list[int]:
    """What has this Message-ID, looked for where people put what is done, with its folder selected.

    For a message that isn't any more where it was. Others may have the same Message-ID: a name, not a proof.
    """
    found = [folder for folder in imap.folders.all() if folder.selectable and folder.role in _MOVED_TO]
    for folder in sorted(found, key=lambda one: _MOVED_TO.index(one.role))[:_MOST_FOLDERS]:
        if message_id and (uids := imap.searches.find_message_id(folder.name, message_id, bare=True)):
            select(imap, access, folder.name)
            return uids
    return []


def folder_for(folders: Sequence[Folder], role: str) -> str:
    """The folder that has this role, or the name it would be made under."""
    return next((folder.name for folder in folders if folder.role == role), DEFAULT_NAMES[role])


def ensured_folder(imap: Imap, role: str) -> str:
    """The folder with this role, made now if the mailbox has none."""
    folders = imap.folders.all()
    name = folder_for(folders, role)
    if all(folder.name != name for folder in folders):
        imap.folders.create(name)
    return name


def named(folders: Sequence[Folder], name: str) -> Folder:
    """Raises FolderNotFound."""
    for folder in folders:
        if folder.name == name and folder.selectable:
            return folder
    raise FolderNotFound(name)
