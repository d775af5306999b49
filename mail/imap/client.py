"""IMAP as the rest of the house sees it: one signed-in connection to one mailbox, and the values it gives."""

from typing import Final

from mail.imap.bodystructure import Opened
from mail.imap.changes import Changes
from mail.imap.folder_commands import FolderCommands
from mail.imap.folders import Folder
from mail.imap.messages import Messages
from mail.imap.rows import Rows
from mail.imap.search import Search
from mail.imap.searches import Searches
from mail.imap.session import Selected, Session
from mail.imap.summaries import RawAddress, Summary
from mail.message.structure import Part
from mail.sasl import Credential
from mail.stream import Traffic

__all__ = ["Folder", "Imap", "Opened", "Part", "RawAddress", "Search", "Selected", "Summary", "Traffic", "connect"]

TIMEOUT: Final = 8.0


class Imap:
    """Everything that can be asked of a mailbox and changed in it, over one session, which selects the folder."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.folders = FolderCommands(session)
        self.rows = Rows(session)
        self.searches = Searches(session)
        self.messages = Messages(session)
        self.changes = Changes(session, self.messages)

    def close(self) -> None:
        """Hang up."""
        self.session.close()


def connect(host: str, port: int, credential: Credential, timeout: float = TIMEOUT) -> Imap:
    """Sign in. No single answer may take longer than `timeout` seconds, searching bodies apart.

    Raises MailServerUnavailable, SignInRefused.
    """
    return Imap(Session(host, port, credential, timeout))
