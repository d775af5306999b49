"""Sending is a contract: one delivery at most, the truth about it, and nothing lost on the way."""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, replace

from core.db import Database, DatabaseTrouble, now
from core.errors import PostroomError
from mail import compose
from mail.addresses import parse_typed
from mail.errors import FolderNotFound, MailError, MessageGone, SubmissionRefused, SubmissionUnknown
from mail.imap import Imap
from mail.pool import Pool
from mail.refs import BadRef, MessageRef, decode_folder, encode_folder
from mail.submission import MOST_RECIPIENTS, Submission
from mailboxes import outbox
from mailboxes.access import MailboxAccess
from mailboxes.audit import Doer
from mailboxes.outbox import Entry
from mailboxes.rights import Right
from webmail.connection import DRAFTS, ensured_folder, mail_of, select_for, select_moved
from webmail.drafting import (
    AlreadySent,
    Writing,
    assemble,
    check_unchanged,
    identity,
    message_id_of,
    put_into_drafts,
    remove_versions,
)

log = logging.getLogger(__name__)

# How long after the first of two clicks the second still waits to learn what became of it, in seconds: longer than
# the mail server may take to confirm.
PATIENCE = 100
_MARKS = {"reply": "\\Answered", "reply_all": "\\Answered", "forward": "$Forwarded"}


class BadRecipients(PostroomError):
    """What was typed in an address field can't be sent to; `fields` says it per field."""

    code = "validation_failed"
    status = 422
    public = "Look at the addresses: one of them can't be sent to."

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(f"bad recipients in {', '.join(fields)}")
        self.fields = fields


class OutboxClosed(PostroomError):
    """The row that must come before the hand-over can't be written, so there is no hand-over."""

    code = "outbox_closed"
    status = 503
    public = "Not sent: Postroom can't save anything at this moment. Try again in a moment."


@dataclass(frozen=True)
class Sent:
    """The message went out. `filed` is False while its copy isn't in Sent yet: that is made good later."""

    entry: Entry
    filed: bool


def send(db: Database, pool: Pool, submission: Submission, doer: Doer, access: MailboxAccess, writing: Writing) -> Sent:
    """Send what is written, as the mailbox it is written in.

    1. Check the addresses; fetch what it answers and attaches; compose. Nothing has happened yet.
    2. Commit the outbox row. The same key a second time ends here, with the outcome of the first.
    3. Submit: the irreversible step.
    4. Commit the outcome.
    5. File the copy in Sent, mark what was answered, drop the draft: best effort, made good later by `settle`.

    Raises BadRecipients, SubjectTooLong, FolderChanged, MessageGone, AttachmentGone, TooLarge, DraftChanged,
    OutboxClosed, MailServerUnavailable and SubmissionRefused (nothing went out, the draft stays), SubmissionUnknown (it
    may have gone out; it lies in Drafts).
    """
    access.require(Right.SEND)
    if earlier := outbox.find(db, access, writing.key):
        return _outcome(db, access, earlier)
    recipients = _recipients(writing)
    message_id = message_id_of(access, writing.key)
    with mail_of(pool, access) as imap:
        _check_original(imap, access, writing)
        check_unchanged(imap, access, writing)
        draft = assemble(imap, access, writing)
    on_the_wire = compose.build(draft, identity=identity(access), message_id=message_id, date=now(), keep_bcc=False)
    kept = compose.build(draft, identity=identity(access), message_id=message_id, date=now(), keep_bcc=True)
    try:
        entry = outbox.begin(
            db,
            doer,
            access,
            key=writing.key,
            message_id=message_id,
            recipients=recipients,
            answers=draft.in_reply_to,
            after=_after(writing),
            message=kept,
        )
    except DatabaseTrouble as error:
        raise OutboxClosed(str(error.orig)) from error
    if entry is None:
        return _outcome(db, access, outbox.find(db, access, writing.key))
    _submit(db, pool, submission, access, entry, on_the_wire)
    try:
        outbox.accepted(db, access, entry)
    except DatabaseTrouble:
        # It is on its way, whatever the outbox says of it; its copy in Sent will prove that to `settle`.
        log.exception("%s went out and the outbox couldn't note it", entry.message_id)
    return Sent(entry, filed=_file(db, pool, access, entry, retry=False))


def settle(db: Database, pool: Pool, access: MailboxAccess) -> None:
    """Lay what was left over into its folder, whoever sent it: copies that couldn't be filed, hand-overs cut off.

    Works on until the mail server refuses; what is left then is for the next time.
    """
    if not access.can_send:
        return
    for entry in outbox.claim_unsettled(db, access):
        done = (
            _file(db, pool, access, entry, retry=True)
            if entry.state == outbox.ACCEPTED
            else _look_for(db, pool, access, entry)
        )
        if not done:
            return


def _check_original(imap: Imap, access: MailboxAccess, writing: Writing) -> None:
    """Raises FolderChanged when what is answered can't be told from another message any more.

    That it was moved or deleted meanwhile is no reason to keep the answer back.
    """
    if writing.answers:
        with suppress(FolderNotFound):
            select_for(imap, access, [writing.answers])


def _recipients(writing: Writing) -> list[str]:
    """Every address, once. Raises BadRecipients."""
    fields = {"to": writing.to, "cc": writing.cc, "bcc": writing.bcc}
    parsed = {name: parse_typed(text) for name, text in fields.items()}
    bad = {name: f"This isn't an email address: {', '.join(wrong)}" for name, (_good, wrong) in parsed.items() if wrong}
    addresses = [address.address for good, _wrong in parsed.values() for address in good]
    if bad:
        raise BadRecipients(bad)
    if not addresses:
        raise BadRecipients({"to": "Write at least one address."})
    addresses = list(dict.fromkeys(addresses))
    if len(addresses) > MOST_RECIPIENTS:
        raise BadRecipients({"to": f"These are {len(addresses)} addresses; a message can go to {MOST_RECIPIENTS}."})
    return addresses


def _submit(
    db: Database, pool: Pool, submission: Submission, access: MailboxAccess, entry: Entry, message: bytes
) -> None:
    try:
        submission.send(access.credential, access.address, list(entry.recipients), message)
    except SubmissionUnknown as error:
        log.warning("nobody knows what became of %s: %s", entry.message_id, error.__cause__)
        outbox.unknown(db, access, entry, error.reason)
        _look_for(db, pool, access, entry)
        raise
    except MailError:
        outbox.refused(db, entry)
        raise


def _outcome(db: Database, access: MailboxAccess, earlier: Entry | None) -> Sent:
    """What became of the message that has this key, waiting while it is still being handed over."""
    while earlier and earlier.state == outbox.SENDING and now() < earlier.created_at + PATIENCE:
        time.sleep(0.1)
        earlier = outbox.find(db, access, earlier.key)
    if earlier is None:
        # The first attempt was refused a moment ago and its entry withdrawn; the person sees why in the other window.
        raise SubmissionRefused("message", {})
    if earlier.state in (outbox.ACCEPTED, outbox.DONE):
        return Sent(earlier, filed=earlier.state == outbox.DONE)
    if earlier.state in (outbox.SENDING, outbox.UNKNOWN):
        raise SubmissionUnknown(earlier.note or "It is still being handed over.")
    raise AlreadySent(earlier.key)


def _file(db: Database, pool: Pool, access: MailboxAccess, entry: Entry, *, retry: bool) -> bool:
    """The copy into Sent, at most once; then the marks. True when the copy is there and the outbox knows."""
    try:
        message = outbox.message_of(db, entry)
        with mail_of(pool, access, DRAFTS) as imap:
            folder = ensured_folder(imap, "sent")
            if not (retry and imap.find_message_id(folder, entry.message_id)):
                imap.append(folder, message, ["\\Seen"], None)
        _tidy(pool, access, entry)
        outbox.done(db, access, entry)
    except (MailError, DatabaseTrouble) as error:
        log.warning("the copy of %s is not filed yet: %s", entry.message_id, error)
        return False
    return True


def _look_for(db: Database, pool: Pool, access: MailboxAccess, entry: Entry) -> bool:
    """Nobody told us what became of it. A copy in Sent proves that it went out; else it goes back to Drafts.

    True when the outbox knows. Never raises: the sender has something more important to be told.
    """
    try:
        message = outbox.message_of(db, entry)
        with mail_of(pool, access, DRAFTS) as imap:
            if imap.find_message_id(ensured_folder(imap, "sent"), entry.message_id):
                outbox.done(db, access, entry)
                return True
            put_into_drafts(imap, access, _writing_of(entry), message)
        outbox.put_back(db, access, entry)
    except (MailError, DatabaseTrouble) as error:
        log.warning("%s lies in the outbox only: %s", entry.message_id, error)
        return False
    return True


def _tidy(pool: Pool, access: MailboxAccess, entry: Entry) -> None:
    """Mark what was answered and drop the draft. Either may be gone meanwhile, which is no trouble of the sender's."""
    writing = _writing_of(entry)
    for step in (_mark_answered, remove_versions):
        try:
            with mail_of(pool, access, DRAFTS) as imap:
                step(imap, access, writing)
        except MailError as error:
            log.info("after sending %s: %s", entry.message_id, error)


def _mark_answered(imap: Imap, access: MailboxAccess, writing: Writing) -> None:
    if not (writing.answers and writing.mode in _MARKS):
        return
    try:
        imap.add_flags(select_for(imap, access, [writing.answers]), [_MARKS[writing.mode]])
    except (MessageGone, FolderNotFound):  # somebody moved it while it was answered
        if uids := select_moved(imap, access, writing.in_reply_to):
            imap.add_flags(uids, [_MARKS[writing.mode]])


def _after(writing: Writing) -> dict[str, str]:
    """What `_tidy` needs, as text that can lie in the outbox."""
    refs = {"answers": writing.answers, "draft": writing.draft}
    return {"mode": writing.mode, "window": writing.window, "original": writing.original_id} | {
        name: f"{encode_folder(ref.folder)}/{ref.token}" for name, ref in refs.items() if ref
    }


def _writing_of(entry: Entry) -> Writing:
    return replace(
        Writing(key=entry.key, mode=entry.after.get("mode", "new")),
        answers=_ref(entry.after.get("answers", "")),
        draft=_ref(entry.after.get("draft", "")),
        window=entry.after.get("window", ""),
        in_reply_to=entry.after.get("original", ""),
    )


def _ref(text: str) -> MessageRef | None:
    folder, slash, token = text.partition("/")
    try:
        return MessageRef.parse(decode_folder(folder), token) if slash else None
    except BadRef:
        return None
