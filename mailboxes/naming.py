"""What a mailbox is called by those who write to it."""

from sqlalchemy.orm import Session

from mail import clean
from mailboxes.administration import Administration, active_in
from mailboxes.audit import record
from mailboxes.models import MAX_NAME, Mailbox


def rename_mailbox(session: Session, admin: Administration, mailbox_id: int, display_name: str) -> Mailbox:
    """The name that customers see in From. Raises NothingByThatName."""
    mailbox = active_in(session, admin, mailbox_id, lock=True)
    name = clean.name(display_name, MAX_NAME)
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
