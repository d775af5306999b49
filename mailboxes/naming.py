"""What a mailbox, and whoever it belongs to, is called."""

from sqlalchemy.orm import Session

from mail import clean
from mail.lookalikes import claims_address
from mailboxes.administration import Administration, active_in
from mailboxes.audit import record
from mailboxes.errors import BadName
from mailboxes.models import MAX_NAME, Mailbox


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
