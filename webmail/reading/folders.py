"""A page of a folder, and the counts of folders. A page costs what it shows, however large the folder is."""

from dataclasses import dataclass

from mail import patience
from mail.errors import MailError
from mail.imap.folders import Folder
from mail.imap.pool import Pool
from mail.imap.search import Search
from mail.imap.summaries import Summary
from mailboxes.access import MailboxAccess
from webmail.connection import mail_of, named, select
from webmail.reading import searching

PAGE_SIZE = 50
# Among so many messages a page's order is exact; sorting more would cost more than the page shows.
WINDOW = 20 * PAGE_SIZE
# A number beside a name is worth no longer wait.
_COUNT_SECONDS = 4.0


@dataclass(frozen=True)
class FolderPage:
    """One page of a folder, newest first. `page` counts from 1; `total` is what the folder or the search holds.

    `partly`: the search didn't look through all that HTML may hide.
    """

    folders: list[Folder]
    folder: Folder
    uidvalidity: int
    rows: list[Summary]
    page: int
    pages: int
    total: int
    partly: bool = False


def folder_page(pool: Pool, access: MailboxAccess, name: str, page: int, query: Search | None) -> FolderPage:
    """The page of a folder, or of what `query` finds in it. Raises FolderNotFound and other MailErrors.

    The server sorts by arrival: what is found, or a window of the folder's messages, counted from its newest. So a page
    costs the same in every folder, and up to `WINDOW` messages stand exactly as they arrived.
    """
    with mail_of(pool, access, name) as imap:
        selected = select(imap, access, name)
        folders = imap.folders.all()  # after it, so that both count the same new mail
        folder = named(folders, name)
        found = searching.find(imap, query, selected.exists) if query else searching.Found(selected.exists)
        total = found.total
        pages = max(1, -(-total // PAGE_SIZE))
        page = min(max(page, 1), pages)
        newer = (page - 1) * PAGE_SIZE
        if query:
            last = total - newer
            rows = imap.rows.found(last - PAGE_SIZE + 1, last) if total else []
        else:
            top = total - newer // WINDOW * WINDOW
            bottom = max(1, top - WINDOW + 1)
            last = total - newer - bottom + 1
            rows = imap.rows.page(last - PAGE_SIZE + 1, last, (bottom, top))
    return FolderPage(folders, folder, selected.uidvalidity, rows[::-1], page, pages, total, found.partly)


def folders_of(pool: Pool, access: MailboxAccess) -> list[Folder]:
    """Every folder of the mailbox with its counts."""
    with mail_of(pool, access) as imap:
        return imap.folders.all()


def unread_in_inbox(pool: Pool, access: MailboxAccess) -> int | None:
    """For the switcher; None when the mail server can't tell right now, so that one mailbox doesn't spoil the page."""
    try:
        with patience.within(_COUNT_SECONDS), mail_of(pool, access) as imap:
            return imap.folders.unseen("INBOX")
    except MailError:
        return None
