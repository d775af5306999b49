"""Drafting: what is being written lies in the mailbox's own Drafts folder, and nowhere else.

A piece of writing has a key from the moment it is begun. The draft and the message sent carry the Message-ID made of
it, so every saved version is found by it, by any member and from any computer.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from core.db import Database, now
from core.errors import PostroomError
from mail.errors import MailError, MessageGone
from mail.html import plaintext, sanitize
from mail.imap.client import Imap
from mail.imap.pool import Pool
from mail.imap.refs import MessageRef
from mail.message import compose, filenames
from mail.message.addresses import Address, addresses_of
from mail.message.compose import Draft, OutgoingAttachment
from mail.message.contents import choose
from mail.message.headers import message_ids, parse
from mail.message.lookalikes import claims_address
from mail.message.typed import parse_typed, typed
from mailboxes import outbox
from mailboxes.access import MailboxAccess
from mailboxes.rights import Right
from webmail.connection import DRAFTS, mail_of, select, select_for
from webmail.reading.texts import quotable
from webmail.writing.attaching import Answered, Attached, attached_as, attached_to, find_attachments, kept_attachments
from webmail.writing.sent_before import AlreadySent, check_not_sent, may_go_on, went_elsewhere
from webmail.writing.versions import DraftChanged, Versions, draft_header, kept_answers, kept_fields, versions_of

MAX_SUBJECT = 998  # a line of a message is no longer (RFC 5322 §2.1.1), and no list shows as much
MAX_ATTACHMENTS = 25 * 1024 * 1024
_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)


class SubjectTooLong(PostroomError):
    code = "subject_too_long"
    status = 422
    public = f"A subject may have {MAX_SUBJECT} characters. Make it shorter."


class TooLarge(PostroomError):
    code = "too_large"
    status = 413
    public = "Attachments may be 25 MB in all. Take one off, or send a link instead."


@dataclass(frozen=True)
class Writing:
    """A message being written, as the form has it. `to`, `cc`, `bcc` are as typed; `draft` is the version on screen.

    `window` names the form on one screen: what is saved from it replaces what was saved from it before.

    `in_reply_to` and `references` are known from the start: a colleague may archive what is being answered.
    """

    key: str
    mode: str = "new"
    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    format: str = "text"
    answers: MessageRef | None = None
    in_reply_to: str = ""
    references: Sequence[str] = ()
    draft: MessageRef | None = None
    window: str = field(default_factory=lambda: secrets.token_hex(16))
    files: Sequence[OutgoingAttachment] = ()
    keep: Sequence[str] = ()

    @property
    def original_id(self) -> str:
        """The Message-ID of what is answered or forwarded."""
        return self.in_reply_to or next(iter(self.references[-1:]), "")

    @property
    def fingerprint(self) -> str:
        """The same for whatever says the same to the same people, in whichever window and however it is formatted.

        Attachments are counted only: how a form names one depends on where it lies at the moment.
        """
        people = []
        for field_ in (self.to, self.cc, self.bcc):
            good, bad = parse_typed(field_)
            people.append(sorted({*(one.address for one in good), *bad}))
        body = plaintext.from_html(sanitize.html(self.html).html) if self.format == "html" else self.text
        said = (people, self.subject.split(), body.split(), len(self.keep) + len(self.files))
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Saved:
    """A draft as it now lies in Drafts, under this key."""

    key: str
    ref: MessageRef
    attached: list[Attached] = field(default_factory=list)


class KeptApart(DraftChanged):
    """… and what was written here is kept as a second draft, `saved`, so that nobody's words are lost."""

    def __init__(self, theirs: MessageRef, saved: Saved) -> None:
        super().__init__(theirs)
        self.saved = saved


def new_key() -> str:
    return secrets.token_hex(16)


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def message_id_of(access: MailboxAccess, key: str) -> str:
    """The Message-ID of what is written under this key, made once and before the first attempt (RFC 5322 §3.6.4)."""
    return f"<{key}@{access.address.rpartition('@')[2]}>"


def reopen(
    pool: Pool, db: Database, access: MailboxAccess, ref: MessageRef, key: str = ""
) -> tuple[Writing, list[Attached]]:
    """A draft found again, whoever of the team began it and in whatever program.

    With its `key` it is found also when it was saved anew since, under another ref. Raises MessageGone, FolderChanged,
    HostileMessage, and AlreadySent for one that went out (`ref`: it is still there).
    """
    access.require(Right.SEND)
    with mail_of(pool, access, ref.folder) as imap:
        ref = _followed(imap, db, access, ref, key)
        opened = imap.messages.open(ref.uid)
        headers = parse(opened.header, opened.charset)
        layout = choose(opened.structure)
        written = quotable(imap, ref.uid, layout)
        kept = kept_fields(headers)
        attached = attached_to(imap, ref.uid, written.html, ours=bool(kept))
    key = headers.get("message-id").strip("<>").partition("@")[0]
    if not (is_key(key) and may_go_on(db, access, key, ref, kept.get("window", ""))):
        key = new_key()
    html = sanitize.html(written.html, images=lambda url: url, cid=compose.kept_picture, notes=False).html
    writing = Writing(
        key=key,
        mode=kept.get("mode", "draft"),
        to=kept.get("to", typed(addresses_of(headers, "To"))),
        cc=kept.get("cc", typed(addresses_of(headers, "Cc"))),
        bcc=kept.get("bcc", typed(addresses_of(headers, "Bcc"))),
        subject=headers.get("Subject"),
        text=written.text,
        html=html,
        format="html" if html else "text",
        answers=kept_answers(kept),
        in_reply_to=" ".join(message_ids(headers.raw("In-Reply-To"))[:1]),
        references=message_ids(headers.raw("References")),
        draft=ref,
        keep=[attachment.id for attachment in attached],
    )
    return writing, attached


def _followed(imap: Imap, db: Database, access: MailboxAccess, ref: MessageRef, key: str) -> MessageRef:
    """The version that is there now, with its folder in hand."""
    select_for(imap, access, [ref])
    if not is_key(key) or imap.messages.flags([ref.uid]):
        return ref
    found = versions_of(imap, access, message_id_of(access, key), None, "")
    if not found.uids:
        entry = outbox.find(db, access, key)
        raise AlreadySent(entry) if entry and entry.state in outbox.GONE_OUT else MessageGone(key)
    return MessageRef(found.folder, found.uidvalidity, found.uids[-1])


def save(pool: Pool, db: Database, access: MailboxAccess, writing: Writing, *, apart: bool = False) -> Saved:
    """Keep what is written: the new version is appended first, then older ones go, so there is always one.

    As a draft of its own, with a key of its own, when that is asked for (`apart`), and when other words went out under
    this key from another window.

    Raises AlreadySent, BeingSent, PerhapsSent, SubjectTooLong, AttachmentGone, TooLarge, MailErrors, and KeptApart when
    somebody else saved it meanwhile.
    """
    access.require(Right.SEND)
    apart = apart or went_elsewhere(db, access, writing)
    if not apart:
        check_not_sent(db, access, writing.key)
    with mail_of(pool, access, DRAFTS) as imap:
        found = _versions(imap, access, writing)
        draft = assemble(imap, access, writing)
        mine = replace(writing, key=new_key()) if found.changed or apart else writing
        message_id = message_id_of(access, mine.key)
        body = compose.build(draft, identity=identity(access), message_id=message_id, date=now(), keep_bcc=True)
        ref = _replace(imap, access, found, mine, body)
    saved = Saved(mine.key, ref, [attached_as(attachment) for attachment in draft.attachments])
    if found.changed:
        raise KeptApart(found.changed, saved)
    return saved


def check_unchanged(imap: Imap, access: MailboxAccess, writing: Writing) -> None:
    """Raises DraftChanged when somebody else's newer words would be passed over."""
    if changed := _versions(imap, access, writing).changed:
        raise DraftChanged(changed)


def put_into_drafts(imap: Imap, access: MailboxAccess, writing: Writing, message: bytes) -> MessageRef:
    """Append this version, then remove what it replaces: at no moment is there none."""
    return _replace(imap, access, _versions(imap, access, writing), writing, message)


def still_attached(pool: Pool, access: MailboxAccess, writing: Writing) -> list[Attached]:
    """What the form keeps and can still be found, by name; all of it, by number, while nobody can look."""
    if not writing.keep:
        return []
    try:
        with mail_of(pool, access, DRAFTS) as imap:
            found = _found(imap, access, writing)
    except MailError:
        return [Attached(kept, f"Attachment {number}", 0) for number, kept in enumerate(writing.keep, 1)]
    return [replace(attached_as(found[kept]), id=kept) for kept in writing.keep if kept in found]


def remove_versions(imap: Imap, access: MailboxAccess, writing: Writing) -> None:
    """Remove the saved versions of a writing; what somebody else saved meanwhile stays."""
    _remove(imap, _versions(imap, access, writing).superseded)


def assemble(imap: Imap, access: MailboxAccess, writing: Writing) -> Draft:
    """The message as it stands: valid addresses, safe bodies, all attachments, and what it answers.

    Raises SubjectTooLong, AttachmentGone and TooLarge.
    """
    if len(writing.subject) > MAX_SUBJECT:
        raise SubjectTooLong(writing.key)
    attachments = [*kept_attachments(writing.keep, _found(imap, access, writing)), *writing.files]
    if sum(len(attachment.data) for attachment in attachments) > MAX_ATTACHMENTS:
        raise TooLarge(writing.key)
    return Draft(
        to=_good(writing.to),
        cc=_good(writing.cc),
        bcc=_good(writing.bcc),
        subject=writing.subject,
        text="" if writing.format == "html" else writing.text,
        html=writing.html if writing.format == "html" else None,
        attachments=tuple(_told_apart(_as_written(writing, attachments))),
        in_reply_to=writing.in_reply_to,
        references=tuple(writing.references),
    )


def _as_written(writing: Writing, attachments: list[OutgoingAttachment]) -> list[OutgoingAttachment]:
    """Plain text shows no pictures: a reply leaves out those it quoted, everything else has them as files."""
    if writing.format == "html":
        return attachments
    quoted = writing.mode in {"reply", "reply_all"}
    return [replace(one, content_id="") for one in attachments if not (quoted and one.content_id)]


def _told_apart(attachments: list[OutgoingAttachment]) -> list[OutgoingAttachment]:
    """Named as whoever reads the message will see them named: by that they are found in the draft again."""
    names = filenames.told_apart(one.filename for one in attachments)
    return [replace(one, filename=name) for one, name in zip(attachments, names, strict=True)]


def identity(access: MailboxAccess) -> Address:
    """What stands in From: decided by the mailbox in front of the person, never by a form.

    A name that reads like another address is left out: the submission server refuses it.
    """
    name = "" if claims_address(access.display_name, access.address) else access.display_name
    return Address(name, access.address)


def _found(imap: Imap, access: MailboxAccess, writing: Writing) -> dict[str, OutgoingAttachment]:
    answered = Answered(writing.answers, writing.original_id) if writing.answers else None
    return find_attachments(imap, access, writing.keep, answered, partial(_newest, imap, access, writing))


def _good(text: str) -> tuple[Address, ...]:
    """The addresses in a field, without what isn't one yet: a draft may be half-written."""
    return tuple(parse_typed(text)[0])


def _replace(imap: Imap, access: MailboxAccess, found: Versions, writing: Writing, message: bytes) -> MessageRef:
    """Two saves may cross: each removes only what it had seen before, so nobody's words go with somebody else's."""
    uid = imap.changes.append(found.folder, _header(writing) + message, ["\\Draft", "\\Seen"], None)
    ref = MessageRef(found.folder, select(imap, access, found.folder).uidvalidity, uid)
    _remove(imap, found.superseded)
    return ref


def _remove(imap: Imap, uids: list[int]) -> None:
    if uids:
        with suppress(MessageGone):  # whoever saved at the same moment removed them
            imap.changes.delete(uids)


def _versions(imap: Imap, access: MailboxAccess, writing: Writing) -> Versions:
    return versions_of(imap, access, message_id_of(access, writing.key), writing.draft, writing.window)


def _newest(imap: Imap, access: MailboxAccess, writing: Writing) -> list[int]:
    """The UIDs of the saved versions, newest first, with Drafts selected."""
    return _versions(imap, access, writing).uids[::-1]


def _header(writing: Writing) -> bytes:
    fields = {"to": writing.to, "cc": writing.cc, "bcc": writing.bcc, "mode": writing.mode, "window": writing.window}
    if writing.answers:
        fields |= {"folder": writing.answers.folder, "answers": writing.answers.token}
    return draft_header(fields)
