"""The outbox: what is on its way out of a mailbox, and the receipt of what went.

A row is committed before the message is handed over, so that a crash at any point leaves a trace; its unique key makes
a double click one message. Just before the final dot it moves from *sending* to *committing*: who finds it *sending*
knows that nothing went out and, by taking the row away, that nothing will.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session, undefer

from core.db import Database, now
from mailboxes.access import MailboxAccess, hold
from mailboxes.audit import Doer, record
from mailboxes.models import Submission
from mailboxes.rights import Right

SENDING, COMMITTING, ACCEPTED, FILED, DONE = "sending", "committing", "accepted", "filed", "done"
STOPPED, UNKNOWN, DISMISSED = "stopped", "unknown", "dismissed"
GONE_OUT = (ACCEPTED, FILED, DONE)
CUT_OFF = "Postroom was stopped while handing it over."
# What of `after` is kept for good: by it the draft that went out is known, should it still lie about, and its words.
_SENT_FROM = ("window", "draft", "fingerprint")


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
    subject: str
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
    subject: str,
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
        subject=subject,
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
            return entry_of(row)
    except IntegrityError:
        return None


def find(db: Database, access: MailboxAccess, key: str) -> Entry | None:
    """What became of the message with this key, whoever of the team sent it."""
    query = select(Submission).where(Submission.mailbox_id == access.mailbox_id, Submission.key == key)
    with db.read() as session:
        row = session.scalar(query)
        return entry_of(row) if row else None


def commit(db: Database, access: MailboxAccess, entry: Entry) -> bool:
    """The final dot comes next. False when somebody took the entry away meanwhile: then it must not come.

    Whoever lost the right to send loses it before this or after: until this is committed nobody is removed. Raises
    MailboxNotFound and Forbidden.
    """
    with db.write() as session:
        hold(session, access, Right.SEND)
        return _move(session, entry, (SENDING,), COMMITTING)


def withdraw(db: Database, entry: Entry) -> bool:
    """Take away what never reached the dot, so that it never will; its key may be used again. False when it did."""
    with db.write() as session:
        return _remove(session, entry, (SENDING, STOPPED))


def stop(db: Database, entry: Entry) -> bool:
    """The same, and who sent it is told that it wasn't sent. False when it reached the dot."""
    with db.write() as session:
        return _move(session, entry, (SENDING, STOPPED), STOPPED, CUT_OFF)


def accepted(db: Database, access: MailboxAccess, entry: Entry) -> None:
    """The mail server took the message. From here on nothing may say that it wasn't sent."""
    with db.write() as session:
        if _move(session, entry, (COMMITTING,), ACCEPTED):
            _record_sent(session, access, entry)


def refused(db: Database, entry: Entry) -> None:
    """Nothing went out. The entry is withdrawn: the draft, corrected, is sent under the same key."""
    with db.write() as session:
        _remove(session, entry, (SENDING, COMMITTING))


def unknown(db: Database, access: MailboxAccess, entry: Entry, note: str) -> None:
    """It may have gone out (RFC 5321 §4.2.5). The person is told, `note` with it; it is never sent again by itself."""
    with db.write() as session:
        _give_up(session, access, entry, note)


def filed(db: Database, access: MailboxAccess, entry: Entry) -> None:
    """The copy lies in Sent, which proves that it went out: the bytes may go. What else is to be done is not yet."""
    with db.write() as session:
        if _move(session, entry, (COMMITTING,), FILED):
            _record_sent(session, access, entry)
        _set(session, entry, state=FILED, message=None)


def done(db: Database, entry: Entry) -> None:
    """Nothing is left to do; the receipt stays."""
    kept = {name: entry.after[name] for name in _SENT_FROM if name in entry.after}
    with db.write() as session:
        _set(session, entry, state=DONE, after=json.dumps(kept))


def put_back(db: Database, access: MailboxAccess, entry: Entry) -> None:
    """It lies in Drafts again, not sent or with an outcome nobody knows; who sent it is told until they read that."""
    with db.write() as session:
        if entry.state != STOPPED:
            _give_up(session, access, entry, entry.note or CUT_OFF)
        _set(session, entry, message=None)


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
        Submission.state.in_(GONE_OUT),
    )
    with db.read() as session:
        return dict(session.execute(query.order_by(Submission.id)).all())


def _give_up(session: Session, access: MailboxAccess, entry: Entry, note: str) -> None:
    """For the log it was sent: it may be with the customer."""
    if _move(session, entry, (COMMITTING,), UNKNOWN, note):
        _record_sent(session, access, entry, ", not confirmed by the mail server")


def _record_sent(session: Session, access: MailboxAccess, entry: Entry, remark: str = "") -> None:
    if access.is_shared:
        detail = f"to {', '.join(entry.recipients)}, Message-ID {entry.message_id}"[:1900] + remark
        record(session, entry.doer, access.account_id, "message.sent", mailbox=access.address, detail=detail)


def _move(session: Session, entry: Entry, before: Sequence[str], after: str, note: str = "") -> bool:
    moved = session.execute(
        update(Submission)
        .where(Submission.id == entry.id, Submission.state.in_(before))
        .values(state=after, note=note, updated_at=now())
        .returning(Submission.id)
    )
    return moved.first() is not None


def _remove(session: Session, entry: Entry, before: Sequence[str]) -> bool:
    gone = delete(Submission).where(Submission.id == entry.id, Submission.state.in_(before)).returning(Submission.id)
    return session.execute(gone).first() is not None


def _set(session: Session, entry: Entry, **values: object) -> None:
    session.execute(update(Submission).where(Submission.id == entry.id).values(updated_at=now(), **values))


def entry_of(row: Submission) -> Entry:
    """The row as a value, for this room alone."""
    after = json.loads(row.after)
    return Entry(
        id=row.id,
        key=row.key,
        message_id=row.message_id,
        state=row.state,
        sent_by=row.sent_by,
        recipients=tuple(json.loads(row.recipients)),
        subject=row.subject,
        note=row.note,
        after=after,
        doer=Doer(after.get("doer", row.sent_by), after.get("door", "web"), after.get("client_address", "")),
        created_at=row.created_at,
    )
