"""What stands below every new message of a mailbox: a person decides about their own, an owner about shared ones."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from mail import clean
from mailboxes.access import MailboxAccess
from mailboxes.administration import Administration, active_in
from mailboxes.audit import Doer, record
from mailboxes.errors import NotShared
from mailboxes.models import Mailbox
from mailboxes.rights import Right

MAX_SIGNATURE = 2000


def sign_own(session: Session, doer: Doer, access: MailboxAccess, text: str) -> None:
    """The signature of the mailbox this access is for. Raises Forbidden for whoever only works in it."""
    access.require(Right.MANAGE)
    _sign(session, doer, session.scalars(select(Mailbox).where(Mailbox.id == access.mailbox_id)).one(), text)


def sign_shared(session: Session, admin: Administration, mailbox_id: int, text: str) -> None:
    """The signature of a shared mailbox. Raises NothingByThatName, NotShared."""
    mailbox = active_in(session, admin, mailbox_id, lock=True)
    if not mailbox.is_shared:
        raise NotShared(mailbox.address)
    _sign(session, admin.doer, mailbox, text)


def _sign(session: Session, doer: Doer, mailbox: Mailbox, text: str) -> None:
    signature = clean.body(text).strip("\n")[:MAX_SIGNATURE]
    if mailbox.signature != signature:
        mailbox.signature = signature
        record(session, doer, mailbox.account_id, "mailbox.signature_changed", mailbox=mailbox.address)
