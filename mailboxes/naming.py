"""What a mailbox, and whoever it belongs to, is called."""

from collections.abc import Iterable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.db import Database
from mail import clean
from mail.message.addresses import Address, belongs_to
from mail.message.lookalikes import claims_address, look
from mailboxes.access import MailboxAccess
from mailboxes.administration import Administration, active_in
from mailboxes.audit import record
from mailboxes.errors import BadName
from mailboxes.models import ACTIVE, MAX_NAME, Mailbox


def name_for(address: str, typed: str) -> str:
    """A display name as it is kept, for what has this address.

    Raises BadName where it reads like another address: many programs show the name alone, and our own submission server
    refuses to send under it.
    """
    name = clean.name(typed, MAX_NAME)
    if claimed := claims_address(name, address):
        raise BadName(
            f"{address} called {claimed}",
            public=f"That name reads like the address {claimed[:100]}, which isn't {address}. "
            "Leave the address out: a name such as Ana Almeida or Support is enough.",
        )
    return name


def imitated(db: Database, access: MailboxAccess, senders: Iterable[Address]) -> frozenset[Address]:
    """Which of these senders bear the name of a person or a shared mailbox of this account, and aren't they.

    Letters that are only drawn alike count as the same, and so does a name in the place of the address where that is
    what is shown. It may be Ana, writing from home: the eye needs the address.
    """
    looks = {one: seen for one in senders if (seen := look(one.display))}
    if not looks:
        return frozenset()
    here = (Mailbox.account_id == access.account_id, Mailbox.status == ACTIVE)
    query = select(Mailbox.name_look, Mailbox.address).where(*here, Mailbox.name_look.in_({*looks.values()}))
    ours: dict[str, list[str]] = {}
    with db.read() as session:
        for seen, address in session.execute(query):
            ours.setdefault(seen, []).append(address)
    return frozenset(
        one
        for one, seen in looks.items()
        if seen in ours and not any(belongs_to(one.address, address) for address in ours[seen])
    )


def refresh_looks(db: Database) -> int:
    """What names look like by the table of today, where an older one was asked. How many of them were changed."""
    with db.write() as session:
        rows = session.execute(select(Mailbox.id, Mailbox.display_name, Mailbox.name_look))
        stale = [{"id": key, "name_look": look(name)} for key, name, seen in rows if look(name) != seen]
        if stale:
            session.execute(update(Mailbox), stale)
    return len(stale)


def rename_mailbox(session: Session, admin: Administration, mailbox_id: int, display_name: str) -> Mailbox:
    """The name that customers see in From. Raises NothingByThatName, BadName."""
    mailbox = active_in(session, admin, mailbox_id, lock=True)
    if display_name == mailbox.display_name:  # it was given before names were judged, and is left out of From
        return mailbox
    name = name_for(mailbox.address, display_name)
    if mailbox.display_name != name:
        record(
            session,
            admin.doer,
            mailbox.account_id,
            "mailbox.renamed",
            mailbox=mailbox.address,
            detail=f"{mailbox.display_name} → {name}",
        )
        mailbox.display_name = name
    return mailbox
