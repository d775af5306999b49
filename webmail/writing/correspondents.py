"""Whom a mailbox writes with: read from its own newest mail each time it is asked, and kept nowhere."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

from mail.errors import FolderNotFound
from mail.imap.pool import Pool
from mail.imap.summaries import RawAddress
from mail.message.addresses import Address, from_envelope
from mailboxes.access import MailboxAccess
from mailboxes.rights import Right
from webmail.connection import folder_for, mail_of, select

NEWEST = 200  # of each folder: what is read is bounded, however large the mailbox is
MOST = 300
_WRITTEN_TO, _HEARD_FROM = 3, 1


def correspondents(pool: Pool, access: MailboxAccess) -> list[Address]:
    """Whom the mailbox wrote to and got mail from, those first with whom it has most to do."""
    access.require(Right.SEND)
    names: dict[str, Address] = {}
    weight: Counter[str] = Counter()

    def note(raw: Iterable[RawAddress], points: int) -> None:
        for one in raw:
            address = from_envelope(one.name, one.mailbox, one.host)
            if address and address.valid and address.address.lower() != access.address:
                known = address.address.lower()
                if known not in names or not names[known].name:
                    names[known] = address.without_false_name
                weight[known] += points

    with mail_of(pool, access) as imap:
        sent = folder_for(imap.folders.all(), "sent")
        with suppress(FolderNotFound):  # made when the first message is sent
            select(imap, access, sent)
            for _senders, recipients in imap.rows.people(NEWEST):
                note(recipients, _WRITTEN_TO)
        select(imap, access, "INBOX")
        for senders, _recipients in imap.rows.people(NEWEST):
            note(senders, _HEARD_FROM)
    return [names[known] for known, _points in weight.most_common(MOST)]
