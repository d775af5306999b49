"""Mailboxes: finding, making, changing, deleting, restoring."""

from api.rest.answers import (
    IntentAnswer,
    IntentData,
    MailboxAnswer,
    MailboxData,
    MailboxesAnswer,
    Meta,
    OpenedMailboxAnswer,
)
from api.rest.bodies import ConfirmHeaders, Deletion, MailboxChanges, MailboxQuery, NewMailbox, NewPassword
from api.rest.calls import Call, Change, Done
from api.rest.chosen_password import ChosenPassword
from api.rest.routing import read, write
from api.rest.tellings import find, mailbox_answer, opened, opened_answer
from core.db import Session
from mailboxes import bin as the_bin
from mailboxes import delete_intents, sign_ins
from mailboxes.administration import active_in, domain_in, mailbox_in
from mailboxes.allotments import allot
from mailboxes.directory import add_regular
from mailboxes.errors import NothingByThatName
from mailboxes.models import ACTIVE, PURGING, TRASHED
from mailboxes.naming import rename_mailbox
from mailboxes.overview import Filters, find_mailboxes, one_row
from mailboxes.scopes import MAILBOXES_CREATE, MAILBOXES_DELETE, MAILBOXES_READ, MAILBOXES_WRITE

_TAG = "Mailboxes"
_ONE = "/mailboxes/<id:mailbox_id>"


@read("/mailboxes", MAILBOXES_READ, MailboxesAnswer, tag=_TAG, query=MailboxQuery)
def list_mailboxes(call: Call, query: MailboxQuery) -> MailboxesAnswer:
    """Find mailboxes, by address.

    `search` looks in address and display name. `has_members` is about shared mailboxes only. What is in the bin is
    listed by `status=trashed`.
    """
    filters = Filters(
        search=query.search or "",
        kind=query.type or "",
        domain_id=query.domain_id,
        has_members=query.has_members,
        status=query.status,
    )
    with call.services.db.read() as session:
        rows, total = find_mailboxes(session, call.admin, filters, page=query.page, per_page=query.per_page)
    meta = Meta(page=query.page, per_page=query.per_page, total=total)
    return MailboxesAnswer(data=[MailboxData.of(row) for row in rows], meta=meta)


@read(_ONE, MAILBOXES_READ, MailboxAnswer, tag=_TAG)
def get_mailbox(call: Call, mailbox_id: int) -> MailboxAnswer:
    """One mailbox, also while it is in the bin."""
    with call.services.db.read() as session:
        mailbox = mailbox_in(session, call.admin, mailbox_id)
        if mailbox.status == PURGING:
            raise NothingByThatName(f"{mailbox.address} is going")
        return MailboxAnswer(data=MailboxData.of(one_row(session, mailbox)))


@write("POST", "/mailboxes", MAILBOXES_CREATE, OpenedMailboxAnswer, tag=_TAG, status=201, body=NewMailbox)
def create_mailbox(call: Call, body: NewMailbox) -> Change[OpenedMailboxAnswer]:
    """Make a person's mailbox.

    Send a `password`, or `"password_mode": "generated_one_time"`: then the answer holds the generated one, this once.
    """
    password = ChosenPassword(body.password)

    def prepare() -> None:
        with call.services.db.read() as session:
            domain = domain_in(session, call.admin, body.domain_id)
        password.prepare(f"{body.local_part}@{domain.name}")

    def do(session: Session) -> Done:
        domain = domain_in(session, call.admin, body.domain_id, lock=True)
        mailbox = add_regular(session, call.admin.doer, domain, body.local_part, body.display_name, password.hashed)
        allot(session, call.admin, mailbox, body.storage_allocation_mb)
        return opened(session, mailbox, password.generated)

    def tell(session: Session, done: Done) -> OpenedMailboxAnswer | None:
        return opened_answer(session, find(session, call, done, ACTIVE), done)

    return Change(do, tell, prepare)


@write("PATCH", _ONE, MAILBOXES_WRITE, MailboxAnswer, tag=_TAG, body=MailboxChanges)
def update_mailbox(call: Call, mailbox_id: int, body: MailboxChanges) -> Change[MailboxAnswer]:
    """Change the display name, which customers see in From."""

    def do(session: Session) -> Done:
        mailbox = active_in(session, call.admin, mailbox_id)
        if body.display_name is not None:
            mailbox = rename_mailbox(session, call.admin, mailbox_id, body.display_name)
        return Done({"mailbox": mailbox.id})

    return Change(do, lambda session, done: mailbox_answer(session, find(session, call, done, ACTIVE)))


@write("POST", f"{_ONE}/password", MAILBOXES_WRITE, MailboxAnswer, tag=_TAG, body=NewPassword)
def set_mailbox_password(call: Call, mailbox_id: int, body: NewPassword) -> Change[MailboxAnswer]:
    """Set a person's password; their sessions and connections end. A shared mailbox has none, and gets none."""
    password = ChosenPassword(body.password)

    def prepare() -> None:
        with call.services.db.read() as session:
            address = active_in(session, call.admin, mailbox_id).address
        password.prepare(address)

    def do(session: Session) -> Done:
        sign_ins.set_password(session, call.admin, call.services.session_events, mailbox_id, password.hashed)
        return Done({"mailbox": mailbox_id})

    def tell(session: Session, done: Done) -> MailboxAnswer | None:
        mailbox = find(session, call, done, ACTIVE)
        return None if mailbox is None or mailbox.is_shared else mailbox_answer(session, mailbox)

    return Change(do, tell, prepare)


@write("DELETE", _ONE, MAILBOXES_DELETE, MailboxAnswer, tag=_TAG)
def delete_mailbox(call: Call, mailbox_id: int) -> Change[MailboxAnswer]:
    """Into the bin, where it stays for 7 days. It takes no mail, and nobody opens it."""

    def do(session: Session) -> Done:
        return Done({"mailbox": the_bin.trash(session, call.admin, call.services.doors, mailbox_id).id})

    return Change(do, lambda session, done: mailbox_answer(session, find(session, call, done, TRASHED)))


@write("POST", f"{_ONE}:delete-intent", MAILBOXES_DELETE, IntentAnswer, tag=_TAG, status=201)
def announce_delete(call: Call, mailbox_id: int) -> Change[IntentAnswer]:
    """Announce a deletion; nothing happens before it is confirmed, within 10 minutes and by the same token."""
    bearer = call.caller.bearer

    def do(session: Session) -> Done:
        return Done({"intent": delete_intents.announce(session, call.admin, bearer, mailbox_id).id})

    def tell(session: Session, done: Done) -> IntentAnswer | None:
        try:
            intent = delete_intents.open_intent(session, call.admin, bearer, done.facts["intent"])
        except NothingByThatName:
            return None
        return IntentAnswer(data=IntentData.of(intent))

    return Change(do, tell)


@write(
    "POST",
    "/delete-intents/<id:intent_id>:confirm",
    MAILBOXES_DELETE,
    MailboxAnswer,
    tag=_TAG,
    body=Deletion,
    headers=ConfirmHeaders,
)
def confirm_delete(call: Call, intent_id: int, body: Deletion) -> Change[MailboxAnswer]:
    """Confirm a deletion that was announced, with the header `X-Confirm-Delete: true`."""
    bearer, doors = call.caller.bearer, call.services.doors

    def do(session: Session) -> Done:
        wanted = body.mailbox_id
        return Done({"mailbox": delete_intents.confirm(session, call.admin, bearer, doors, intent_id, wanted).id})

    return Change(do, lambda session, done: mailbox_answer(session, find(session, call, done, TRASHED)))


@write("POST", f"{_ONE}:restore", MAILBOXES_DELETE, MailboxAnswer, tag=_TAG)
def restore_mailbox(call: Call, mailbox_id: int) -> Change[MailboxAnswer]:
    """Out of the bin, with its mail, if the plan has room."""

    def do(session: Session) -> Done:
        return Done({"mailbox": the_bin.restore(session, call.admin, mailbox_id).id})

    return Change(do, lambda session, done: mailbox_answer(session, find(session, call, done, ACTIVE)))
