"""What the answers to several calls have in common: a mailbox, told as long as it is what the call made of it."""

from api.rest.answers import MailboxAnswer, MailboxData, OpenedMailboxAnswer, OpenedMailboxData
from api.rest.calls import Call, Done
from core.db import Session
from mailboxes.administration import mailbox_in
from mailboxes.errors import NothingByThatName
from mailboxes.models import Mailbox
from mailboxes.overview import one_row
from mailboxes.sign_ins import password_mark


def find(session: Session, call: Call, done: Done, status: str) -> Mailbox | None:
    """The mailbox a change was about, while it has this status."""
    try:
        mailbox = mailbox_in(session, call.admin, done.facts["mailbox"])
    except NothingByThatName:
        return None
    return mailbox if mailbox.status == status else None


def mailbox_answer(session: Session, mailbox: Mailbox | None) -> MailboxAnswer | None:
    return MailboxAnswer(data=MailboxData.of(one_row(session, mailbox))) if mailbox else None


def opened(session: Session, mailbox: Mailbox, password: str) -> Done:
    """`password` is the generated one, or empty when the caller knows it."""
    session.flush()
    return Done({"mailbox": mailbox.id, "mark": password_mark(session, mailbox)}, password)


def opened_answer(session: Session, mailbox: Mailbox | None, done: Done) -> OpenedMailboxAnswer | None:
    """As long as somebody can sign in to it; with the generated password, as long as that is the one that opens it."""
    if mailbox is None or mailbox.is_shared:
        return None
    password = done.password if password_mark(session, mailbox) == done.facts["mark"] else ""
    return OpenedMailboxAnswer(data=OpenedMailboxData.opened(one_row(session, mailbox), password))
