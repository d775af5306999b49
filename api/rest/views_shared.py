"""Shared mailboxes: making them, and converting there and back."""

from api.rest.answers import MailboxAnswer, OpenedMailboxAnswer
from api.rest.bodies import Members, NewSharedMailbox, ToRegular
from api.rest.calls import Call, Change, Done
from api.rest.chosen_password import ChosenPassword
from api.rest.envelope import Invalid
from api.rest.routing import write
from api.rest.tellings import find, mailbox_answer, opened, opened_answer
from core.db import Session
from mailboxes import conversion
from mailboxes.administration import active_in, domain_in, mailboxes_in
from mailboxes.allotments import allot
from mailboxes.directory import add_shared
from mailboxes.models import ACTIVE
from mailboxes.scopes import MAILBOXES_CREATE, MAILBOXES_WRITE

_TAG = "Shared mailboxes"


@write("POST", "/shared-mailboxes", MAILBOXES_CREATE, MailboxAnswer, tag=_TAG, status=201, body=NewSharedMailbox)
def create_shared_mailbox(call: Call, body: NewSharedMailbox) -> Change[MailboxAnswer]:
    """Make a shared mailbox with its first members: who may reply, and who only reads. It has no password.

    It uses the account's storage pool, unless `storage_mb` gives it a quota of its own.
    """

    def do(session: Session) -> Done:
        domain = domain_in(session, call.admin, body.domain_id, lock=True)
        members = mailboxes_in(session, call.admin, body.member_mailbox_ids)
        readers = mailboxes_in(session, call.admin, body.read_only_member_mailbox_ids or ())
        mailbox = add_shared(
            session, call.admin.doer, domain, body.local_part, body.display_name, members, readers=readers
        )
        allot(session, call.admin, mailbox, body.storage_mb)
        return Done({"mailbox": mailbox.id})

    def tell(session: Session, done: Done) -> MailboxAnswer | None:
        mailbox = find(session, call, done, ACTIVE)
        return mailbox_answer(session, mailbox) if mailbox and mailbox.is_shared else None

    return Change(do, tell)


@write("POST", "/mailboxes/<id:mailbox_id>/convert-to-shared", MAILBOXES_WRITE, MailboxAnswer, tag=_TAG, body=Members)
def convert_to_shared(call: Call, mailbox_id: int, body: Members) -> Change[MailboxAnswer]:
    """Make a person's mailbox a shared one: nobody signs in as it any more, its members work it, the mail stays."""

    def do(session: Session) -> Done:
        active_in(session, call.admin, mailbox_id, lock=True)
        members = mailboxes_in(session, call.admin, body.member_mailbox_ids)
        return Done({"mailbox": conversion.to_shared(session, call.admin, call.services.doors, mailbox_id, members).id})

    def tell(session: Session, done: Done) -> MailboxAnswer | None:
        mailbox = find(session, call, done, ACTIVE)
        return mailbox_answer(session, mailbox) if mailbox and mailbox.is_shared else None

    return Change(do, tell)


@write(
    "POST",
    "/mailboxes/<id:mailbox_id>/convert-to-regular",
    MAILBOXES_WRITE,
    OpenedMailboxAnswer,
    tag=_TAG,
    body=ToRegular,
)
def convert_to_regular(call: Call, mailbox_id: int, body: ToRegular) -> Change[OpenedMailboxAnswer]:
    """Make a shared mailbox a person's again: its members go. Without a `password` one is generated and told once."""
    password = ChosenPassword(body.password)

    def prepare() -> None:
        with call.services.db.read() as session:
            address = active_in(session, call.admin, mailbox_id).address
        _check_composition(body.password)
        password.prepare(address)

    def do(session: Session) -> Done:
        mailbox = conversion.to_regular(session, call.admin, call.services.doors, mailbox_id, password.hashed)
        return opened(session, mailbox, password.generated)

    def tell(session: Session, done: Done) -> OpenedMailboxAnswer | None:
        return opened_answer(session, find(session, call, done, ACTIVE), done)

    return Change(do, tell, prepare)


def _check_composition(password: str | None) -> None:
    """Raises Invalid. Asked here only: who sets it is a program, and nobody sees it being chosen."""
    kinds = (str.isupper, str.islower, str.isdigit)
    if password and not all(any(is_kind(sign) for sign in password) for is_kind in kinds):
        raise Invalid({"password": ["Use at least one upper-case letter, one lower-case letter and one digit."]})
