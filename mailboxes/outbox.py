"""The outbox: what is on its way out of a mailbox, and the receipt of what went.

A row is committed before the message is handed over, so that a crash at any point leaves a trace; its unique key makes
a double click one message.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session, undefer

from core.db import Database, now
from mailboxes.access import MailboxAccess
from mailboxes.audit import Doer, record
from mailboxes.models import Submission

SENDING, ACCEPTED, DONE, UNKNOWN, DISMISSED = "sending", "accepted", "done", "unknown", "dismissed"
# A hand-over takes seconds, and minutes when the mail server takes all the time it may. Whoever is older than this was
# cut off by the death of its process.
ABANDONED_AFTER = 300
_CUT_OFF = "Postroom was stopped while handing it over."
# As long as the slowest first attempt to lay a copy into a folder takes: before that nobody tries a second time.
FILING_PATIENCE = 90


@dataclass(frozen=True)
class Entry:
    """One submission, as it stood when it was read. `after` is what remains to do once it was accepted.

    `doer` is who sent it and from where, for the log, whoever of the team finds out what became of it.
    """

    id: int
    key: str
    message_id: str
    state: str
    sent_by: str
    recipients: tuple[str, ...]
    note: str
    after: Mapping[str, str]
    doer: Doer
    created_at: int


def begin(
    db: Database,
    doer: Doer,
    access: MailboxAccess,
    *,
    key: str,
    message_id: str,
    recipients: Sequence[str],
    answers: str,
    after: Mapping[str, str],
    message: bytes,
) -> Entry | None:
    """Put a message in the outbox, state *sending*; None when this key was used before in this mailbox.

    `answers` is the Message-ID of the message answered, or ""; `after` travels back in the entry; `message` is the
    copy to be filed.
    """
    row = Submission(
        mailbox_id=access.mailbox_id,
        login_id=access.actor.login_id,
        key=key,
        message_id=message_id,
        sent_by=access.actor.display_name or access.actor.address,
        state=SENDING,
        recipients=json.dumps(list(recipients)),
        answers_message_id=answers,
        after=json.dumps({**after, "doer": doer.name, "door": doer.door, "client_address": doer.client_address}),
        message=message,
        created_at=now(),
        updated_at=now(),
    )
    try:
        with db.write() as session:
            session.add(row)
            session.flush()
            return _entry(row)
    except IntegrityError:
        return None


def find(db: Database, access: MailboxAccess, key: str) -> Entry | None:
    """What became of the message with this key, whoever of the team sent it."""
    query = select(Submission).where(Submission.mailbox_id == access.mailbox_id, Submission.key == key)
    with db.read() as session:
        row = session.scalar(query)
        return _entry(row) if row else None


def accepted(db: Database, access: MailboxAccess, entry: Entry) -> None:
    """The mail server took the message. From here on nothing may say that it wasn't sent."""
    with db.write() as session:
        if _move(session, entry, SENDING, ACCEPTED):
            _record_sent(session, access, entry)


def refused(db: Database, entry: Entry) -> None:
    """Nothing went out. The entry is withdrawn: the draft, corrected, is sent under the same key."""
    with db.write() as session:
        row = session.get(Submission, entry.id)
        if row and row.state == SENDING:
            session.delete(row)


def unknown(db: Database, access: MailboxAccess, entry: Entry, note: str) -> None:
    """It may have gone out (RFC 5321 §4.2.5). The person is told, `note` with it; it is never sent again by itself."""
    with db.write() as session:
        _give_up(session, access, entry, note)


def done(db: Database, access: MailboxAccess, entry: Entry) -> None:
    """The copy lies in Sent, which proves that it went out: the bytes may go, the receipt stays."""
    with db.write() as session:
        if _move(session, entry, SENDING, DONE):
            _record_sent(session, access, entry)
        session.execute(
            update(Submission)
            .where(Submission.id == entry.id)
            .values(state=DONE, message=None, after="{}", updated_at=now())
        )


def put_back(db: Database, access: MailboxAccess, entry: Entry) -> None:
    """It lies in Drafts again, as nobody knows whether it went out; who sent it is told until they have read that."""
    with db.write() as session:
        _give_up(session, access, entry, entry.note or _CUT_OFF)
        session.execute(update(Submission).where(Submission.id == entry.id).values(message=None, updated_at=now()))


def dismiss(db: Database, access: MailboxAccess, entry_id: int) -> None:
    """The person has read that the outcome is unknown."""
    with db.write() as session:
        session.execute(
            update(Submission)
            .where(
                Submission.id == entry_id,
                Submission.login_id == access.actor.login_id,
                Submission.mailbox_id == access.mailbox_id,
                Submission.state == UNKNOWN,
            )
            .values(state=DISMISSED)
        )


def claim_unsettled(db: Database, access: MailboxAccess) -> Iterator[Entry]:
    """Messages of this mailbox that lie in no folder yet a while after they were sent, or were to be sent.

    Who gets an entry has it alone for FILING_PATIENCE seconds: two members looking at once file one copy.
    """
    with db.read() as session:
        waiting = [_entry(row) for row in session.scalars(_WAITING, {"mailbox_id": access.mailbox_id} | _long_ago())]
    return (entry for entry in waiting if _claim(db, entry))


_IS_ABANDONED = and_(Submission.state == SENDING, Submission.created_at <= bindparam("abandoned"))
_IS_UNSETTLED = and_(
    Submission.message.is_not(None),
    Submission.updated_at <= bindparam("given_up"),
    or_(Submission.state.in_((ACCEPTED, UNKNOWN, DISMISSED)), _IS_ABANDONED),
)
# Every list and every page asks these, so they are put together once.
_WAITING = select(Submission).where(Submission.mailbox_id == bindparam("mailbox_id"), _IS_UNSETTLED)
_UNCERTAIN = select(Submission).where(
    Submission.mailbox_id == bindparam("mailbox_id"),
    Submission.login_id == bindparam("login_id"),
    or_(Submission.state == UNKNOWN, _IS_ABANDONED),
)


def _long_ago() -> dict[str, int]:
    return {"given_up": now() - FILING_PATIENCE, "abandoned": now() - ABANDONED_AFTER}


def _claim(db: Database, entry: Entry) -> bool:
    with db.write() as session:
        claimed = session.execute(
            update(Submission)
            .where(Submission.id == entry.id, Submission.state == entry.state, _IS_UNSETTLED)
            .values(updated_at=now())
            .returning(Submission.id)
            .execution_options(synchronize_session=False),
            _long_ago(),
        )
        return claimed.first() is not None


def uncertain(db: Database, access: MailboxAccess) -> list[Entry]:
    """What this person sent from here and nobody knows the fate of, abandoned hand-overs among it."""
    asked = {"mailbox_id": access.mailbox_id, "login_id": access.actor.login_id} | _long_ago()
    with db.read() as session:
        found = [_entry(row) for row in session.scalars(_UNCERTAIN, asked)]
    cut_off = [entry for entry in found if entry.state == SENDING]
    for entry in cut_off:
        unknown(db, access, entry, _CUT_OFF)
    return [replace(entry, state=UNKNOWN, note=_CUT_OFF) if entry in cut_off else entry for entry in found]


def message_of(db: Database, entry: Entry) -> bytes:
    """The copy that is to be filed; empty once it has been."""
    query = select(Submission).where(Submission.id == entry.id).options(undefer(Submission.message))
    with db.read() as session:
        row = session.scalar(query)
        return (row.message if row else None) or b""


def senders(db: Database, access: MailboxAccess, message_ids: Sequence[str]) -> dict[str, str]:
    """Who sent which of these messages from this mailbox: Message-ID → name. For members' eyes only."""
    return _names(db, access, Submission.message_id, message_ids)


def answerers(db: Database, access: MailboxAccess, message_ids: Sequence[str]) -> dict[str, str]:
    """Who answered which of these messages from this mailbox: Message-ID → name."""
    return _names(db, access, Submission.answers_message_id, message_ids)


def _names(
    db: Database, access: MailboxAccess, column: InstrumentedAttribute[str], message_ids: Sequence[str]
) -> dict[str, str]:
    wanted = [message_id for message_id in message_ids if message_id]
    if not (access.is_shared and wanted):
        return {}
    query = select(column, Submission.sent_by).where(
        Submission.mailbox_id == access.mailbox_id,
        column.in_(wanted),
        Submission.state.in_((ACCEPTED, DONE)),
    )
    with db.read() as session:
        return dict(session.execute(query.order_by(Submission.id)).all())


def _give_up(session: Session, access: MailboxAccess, entry: Entry, note: str) -> None:
    """For the log it was sent: it may be with the customer."""
    if _move(session, entry, SENDING, UNKNOWN, note):
        _record_sent(session, access, entry, ", not confirmed by the mail server")


def _record_sent(session: Session, access: MailboxAccess, entry: Entry, remark: str = "") -> None:
    if access.is_shared:
        detail = f"to {', '.join(entry.recipients)}, Message-ID {entry.message_id}"[:1900] + remark
        record(session, entry.doer, access.account_id, "message.sent", mailbox=access.address, detail=detail)


def _move(session: Session, entry: Entry, before: str, after: str, note: str = "") -> bool:
    moved = session.execute(
        update(Submission)
        .where(Submission.id == entry.id, Submission.state == before)
        .values(state=after, note=note, updated_at=now())
        .returning(Submission.id)
    )
    return moved.first() is not None


def _entry(row: Submission) -> Entry:
    after = json.loads(row.after)
    return Entry(
        id=row.id,
        key=row.key,
        message_id=row.message_id,
        state=row.state,
        sent_by=row.sent_by,
        recipients=tuple(json.loads(row.recipients)),
        note=row.note,
        after=after,
        doer=Doer(after.get("doer", row.sent_by), after.get("door", "web"), after.get("client_address", "")),
        created_at=row.created_at,
    )
