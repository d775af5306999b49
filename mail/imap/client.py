"""IMAP as the rest of the house sees it: one signed-in connection to one mailbox, and the values it gives."""

from typing import Final

from mail.imap.bodystructure import Opened
from mail.imap.changing import Changing
from mail.imap.folders import Folder
from mail.imap.search import Search
from mail.imap.session import Selected
from mail.imap.summaries import RawAddress, Summary
from mail.message.structure import Part
from mail.sasl import Credential
from mail.stream import Traffic

__all__ = ["Folder", "Imap", "Opened", "Part", "RawAddress", "Search", "Selected", "Summary", "Traffic", "connect"]

TIMEOUT: Final = 8.0


class Imap(Changing):
    """Everything that can be asked of a mailbox and changed in it."""


def connect(host: str, port: int, credential: Credential, timeout: float = TIMEOUT) -> Imap:
    """Sign in. No single answer may take longer than `timeout` seconds, searching bodies apart.

    Raises MailServerUnavailable, SignInRefused.
    """
    return Imap(host, port, credential, timeout)
