"""Foldering: the folders people make for themselves, and emptying the Trash."""

from dataclasses import dataclass

from mail.errors import BadFolderName, FolderNotFound, MailError
from mail.imap.client import Imap
from mail.imap.folders import Folder
from mail.imap.pool import Pool
from mail.imap.refs import MessageRef
from mail.imap.search import Search
from mail.imap.session import Selected
from mailboxes.access import MailboxAccess
from mailboxes.rights import Right
from webmail.connection import DEFAULT_NAMES, folder_for, mail_of, named, select, select_for

LONGEST = 60
AT_ONCE = 10_000  # messages: some seconds of work for a mail server on a slow disk
# Wildcards of LIST (RFC 9051 §6.3.9), and what names no file well.
_UNUSABLE = '%*/\\"'


class NotEmpty(MailError):
    code = "folder_not_empty"
    status = 409
    public = "There is still something in this folder. Move it elsewhere first."


class NotYours(MailError):
    code = "not_a_folder_of_ones_own"
    status = 409
    public = "This folder belongs to every mailbox: it can't be renamed or deleted."


def create(pool: Pool, access: MailboxAccess, name: str) -> str:
    """Make a folder; its name as it was kept. Raises BadFolderName, FolderExists, NotPermitted."""
    access.require(Right.ORGANISE)
    with mail_of(pool, access) as imap:
        name = _usable(name, {folder.name for folder in imap.folders.all()})
        imap.folders.create(name)
    return name


def rename(pool: Pool, access: MailboxAccess, name: str, new_name: str) -> str:
    """Give a folder of one's own another name. Raises FolderNotFound, NotYours, BadFolderName, FolderExists."""
    access.require(Right.ORGANISE)
    with mail_of(pool, access) as imap:
        folders = imap.folders.all()
        folder = _own(folders, name)
        above = name[: name.rfind(folder.separator) + 1] if folder.separator else ""
        beside = {other.name.removeprefix(above) for other in folders if other.name.startswith(above)}
        new_name = _usable(new_name, beside - {name.removeprefix(above)})
        imap.folders.rename(name, above + new_name)
    return new_name


def delete(pool: Pool, access: MailboxAccess, name: str) -> None:
    """Take an empty folder of one's own away. Raises FolderNotFound, NotYours, NotEmpty, NotPermitted."""
    access.require(Right.ORGANISE)
    with mail_of(pool, access) as imap:
        folders = imap.folders.all()
        folder = _own(folders, name)
        inside = [other for other in folders if folder.separator and other.name.startswith(name + folder.separator)]
        # Counted anew: of a folder in hand the list of folders tells what it held when it was looked at last.
        if inside or select(imap, access, name).exists:
            raise NotEmpty(name)
        imap.folders.delete(name)


def in_trash(pool: Pool, access: MailboxAccess) -> int:
    """How many messages `empty_trash` would remove."""
    access.require(Right.ORGANISE)
    with mail_of(pool, access) as imap:
        trash = _trash(imap, access)
        return trash.exists if trash else 0


@dataclass(frozen=True)
class Emptying:
    """One step of emptying the Trash: how many messages it removed, how many it left, `until` for the next step."""

    gone: int
    left: int
    until: str


def empty_trash(pool: Pool, access: MailboxAccess, until: str = "") -> Emptying:
    """Remove for good what lies in the Trash, the oldest first and no more than AT_ONCE.

    What is thrown away after the first step stays: `until` is the last message there was then. Raises BadRef, and
    FolderChanged when the Trash was rebuilt since.
    """
    access.require(Right.ORGANISE)
    with mail_of(pool, access) as imap:
        if not (trash := _trash(imap, access)) or not trash.exists:
            return Emptying(0, 0, "")
        last = MessageRef.parse(trash.folder, until or f"{trash.uidvalidity}.{trash.uidnext - 1}")
        select_for(imap, access, [last])
        uids = [uid for uid in imap.searches.search(Search()) if uid <= last.uid]
        if uids:
            imap.changes.delete(uids[:AT_ONCE])
    return Emptying(len(uids[:AT_ONCE]), len(uids[AT_ONCE:]), last.token)


def is_own(folder: Folder) -> bool:
    """Whether people made this folder, and may take it away again."""
    return folder.selectable and not folder.role and folder.name not in DEFAULT_NAMES.values()


def _trash(imap: Imap, access: MailboxAccess) -> Selected | None:
    """Take the Trash in hand: what it holds at this moment, which a list of folders doesn't tell of one in hand."""
    try:
        return select(imap, access, folder_for(imap.folders.all(), "trash"))
    except FolderNotFound:  # made when something is deleted first
        return None


def _own(folders: list[Folder], name: str) -> Folder:
    folder = named(folders, name)
    if not is_own(folder):
        raise NotYours(name)
    return folder


def _usable(name: str, taken: set[str]) -> str:
    """The name on one line. Raises BadFolderName, in words, for what a server or a mail program would stumble over."""
    name = " ".join(name.split())
    if not name:
        raise BadFolderName("empty", public="Give the folder a name.")
    if len(name) > LONGEST:
        raise BadFolderName("too long", public=f"A folder's name may have {LONGEST} characters.")
    if name[0] in ".~" or any(sign in _UNUSABLE for sign in name):
        raise BadFolderName(name, public="A folder's name can't begin with . or ~, nor hold one of % * / \\ \"")
    if name.casefold() in {other.casefold() for other in taken} | {"inbox"}:
        raise BadFolderName(name, public="A folder with this name already exists.")
    return name
