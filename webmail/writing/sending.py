"""Sending is a contract: one delivery at most, the truth about it, and nothing lost on the way."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from core.db import Database, DatabaseTrouble, now
from core.errors import PostroomError
from mail import patience
from mail.errors import FolderNotFound, SubmissionUnknown
from mail.imap.client import Imap
from mail.imap.pool import Pool
from mail.message import compose
from mail.smtp.submission import Submission
from mailboxes import outbox, outbox_leftovers
from mailboxes.access import MailboxAccess
from mailboxes.audit import Doer
from mailboxes.outbox import Entry
from mailboxes.rights import Right
from webmail.connection import DRAFTS, mail_of, select_for
from webmail.writing.drafting import Writing, assemble, check_unchanged, identity, message_id_of
from webmail.writing.filing import FileForHouse, finish, look_for, nobody, put_back
from webmail.writing.recipients import recipients
from webmail.writing.sent_before import OtherWordsPerhapsSent, OtherWordsSent, PerhapsSent, name_of, says_otherwise

log = logging.getLogger(__name__)

# How long after the first of two clicks the second still waits to learn what became of it, in seconds.
_PATIENCE = 4
# What one look into a mailbox may spend, in seconds, on what others left over there.
_SETTLING_SECONDS = 3.0


class OutboxClosed(PostroomError):
    """The row that must come before the hand-over can't be written, so there is no hand-over."""

    code = "outbox_closed"
    status = 503
    public = "Not sent: Postroom can't save anything at this moment. Try again in a moment."


class TakenOver(PostroomError):
    """It took so long to come to the final dot that somebody took it away; this attempt sends nothing."""

    code = "taken_over"
    status = 409
    public = "Not sent from here: it took too long to reach the mail server. Press Send to try again."


@dataclass(frozen=True)
class Sent:
    """The message went out. `filed` is False while its copy isn't in Sent yet: that is made good later."""

    entry: Entry
    filed: bool


def send(
    db: Database,
    pool: Pool,
    submission: Submission,
    doer: Doer,
    access: MailboxAccess,
    writing: Writing,
    file_for_house: FileForHouse = nobody,
) -> Sent:
    """Send what is written, as the mailbox it is written in.

    1. Check the addresses; fetch what it answers and attaches; compose. Nothing has happened yet.
    2. Commit the outbox row. The same key a second time ends here, with the outcome of the first, unless that never
       came to the final dot: then it never will.
    3. Submit. Just before the dot, the irreversible step, the law is asked once more and the row says *committing*.
    4. Commit the outcome.
    5. File the copy in Sent, mark what was answered, remove the draft. What fails is repeated by `settle` until it is
       done. Whoever lost their right after the dot has no way in any more: their copy is filed by `file_for_house`.

    Raises BadRecipients, SubjectTooLong, FolderChanged, MessageGone, AttachmentGone, TooLarge, DraftChanged, TakenOver,
    OtherWordsSent, OtherWordsPerhapsSent, PerhapsSent, OutboxClosed, MailboxNotFound, Forbidden, MailServerUnavailable
    and SubmissionRefused (nothing went out, the draft stays), SubmissionUnknown (it may have gone out; it lies in
    Drafts).
    """
    access.require(Right.SEND)
    if sent := _outcome(db, access, writing):
        return sent
    to_whom = recipients(db, pool, access, writing)
    message_id = message_id_of(access, writing.key)
    with mail_of(pool, access, DRAFTS) as imap:
        _check_original(imap, access, writing)
        check_unchanged(imap, access, writing)
        draft = assemble(imap, access, writing)
    on_the_wire = compose.build(draft, identity=identity(access), message_id=message_id, date=now(), keep_bcc=False)
    kept = compose.build(draft, identity=identity(access), message_id=message_id, date=now(), keep_bcc=True)
    with _open_outbox():
        entry = outbox.begin(
            db,
            doer,
            access,
            key=writing.key,
            message_id=message_id,
            recipients=to_whom,
            subject=writing.subject,
            answers=draft.in_reply_to,
            after=_after(writing),
            message=kept,
        )
    if entry is None:
        if sent := _outcome(db, access, writing):
            return sent
        raise TakenOver(writing.key)
    _submit(db, pool, submission, access, entry, on_the_wire)
    try:
        outbox.accepted(db, access, entry)
    except DatabaseTrouble:
        # It is on its way, whatever the outbox says of it; its copy in Sent will prove that to `settle`.
        log.exception("%s went out and the outbox couldn't note it", entry.message_id)
    return Sent(entry, filed=finish(db, pool, access, entry, retry=False, file_for_house=file_for_house))


def settle(db: Database, pool: Pool, access: MailboxAccess) -> None:
    """Do what is left to do, whoever sent it: copies to file, marks, drafts to remove, hand-overs cut off.

    Works on until the mail server refuses or some seconds are over; what is left then is for the next time.
    """
    if not access.can_send:
        return
    with patience.within(_SETTLING_SECONDS):
        for entry in outbox_leftovers.claim_unsettled(db, access):
            if not _settle_one(db, pool, access, entry) or patience.left() <= 0:
                return


def _settle_one(db: Database, pool: Pool, access: MailboxAccess, entry: Entry) -> bool:
    if entry.state in (outbox.ACCEPTED, outbox.FILED):
        return finish(db, pool, access, entry, retry=True)
    if entry.state in (outbox.SENDING, outbox.STOPPED):
        return not outbox.stop(db, entry) or put_back(db, pool, access, replace(entry, state=outbox.STOPPED))
    return look_for(db, pool, access, entry)


@contextmanager
def _open_outbox() -> Iterator[None]:
    try:
        yield
    except DatabaseTrouble as error:
        raise OutboxClosed(str(error)) from error


def _check_original(imap: Imap, access: MailboxAccess, writing: Writing) -> None:
    """Raises FolderChanged when what is answered can't be told from another message any more.

    That it was moved or deleted meanwhile is no reason to keep the answer back.
    """
    if writing.answers:
        with suppress(FolderNotFound):
            select_for(imap, access, [writing.answers])


def _submit(
    db: Database, pool: Pool, submission: Submission, access: MailboxAccess, entry: Entry, message: bytes
) -> None:
    def before_dot() -> None:
        with _open_outbox():
            if not outbox.commit(db, access, entry):
                raise TakenOver(entry.key)

    try:
        submission.send(access.credential, access.address, list(entry.recipients), message, before_dot=before_dot)
    except SubmissionUnknown as error:
        log.warning("nobody knows what became of %s: %s", entry.message_id, error.__cause__)
        with _noted_later(entry):
            outbox.unknown(db, access, entry, error.reason)
            look_for(db, pool, access, entry)
        raise
    except (OutboxClosed, TakenOver):
        raise  # either nothing can be written there, or it isn't ours any more
    except PostroomError:
        with _noted_later(entry):
            outbox.refused(db, entry)
        raise


@contextmanager
def _noted_later(entry: Entry) -> Iterator[None]:
    """What became of the message is told all the same when the outbox can't be written at that moment."""
    try:
        yield
    except DatabaseTrouble:
        log.exception("what became of %s couldn't be noted", entry.message_id)


def _outcome(db: Database, access: MailboxAccess, writing: Writing) -> Sent | None:
    """What became of the message with this key; None when nothing did, and nothing will: it may be sent.

    Waits a moment for one that is being handed over. Raises SubmissionUnknown, OtherWordsSent, OtherWordsPerhapsSent,
    PerhapsSent.
    """
    key = writing.key
    entry = outbox.find(db, access, key)
    while entry and entry.state in (outbox.SENDING, outbox.COMMITTING) and now() < entry.created_at + _PATIENCE:
        time.sleep(0.1)
        entry = outbox.find(db, access, key)
    if entry is None or outbox.withdraw(db, entry):
        return None
    entry = outbox.find(db, access, key) or entry
    gone_out = entry.state in outbox.GONE_OUT
    if says_otherwise(entry, writing):
        raise OtherWordsSent(key) if gone_out else OtherWordsPerhapsSent(key)
    if gone_out:
        return Sent(entry, filed=entry.state != outbox.ACCEPTED)
    if entry.state == outbox.DISMISSED:
        raise PerhapsSent(key)
    raise SubmissionUnknown(entry.note or "The mail server hasn't confirmed it.")


def _after(writing: Writing) -> dict[str, str]:
    """What `_tidy` needs, and by what the same message is known again, as text that can lie in the outbox."""
    refs = {"answers": writing.answers, "draft": writing.draft}
    known = {"mode": writing.mode, "window": writing.window, "original": writing.original_id}
    known["fingerprint"] = writing.fingerprint
    return known | {name: name_of(ref) for name, ref in refs.items() if ref}
