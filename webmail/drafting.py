"""Drafting: what is being written lies in the mailbox's own Drafts folder, and nowhere else.

A piece of writing has a key from the moment it is begun. The draft and the message sent carry the Message-ID made of
it, so every saved version is found by it, by any member and from any computer.
"""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape

from core.db import Database, now
from core.errors import PostroomError
from mail import compose, plaintext, sanitize
from mail.addresses import Address, parse_typed, typed
from mail.compose import Draft, Original, OutgoingAttachment
from mail.errors import MessageGone
from mail.headers import Headers, message_ids, parse
from mail.imap import Imap
from mail.message import choose
from mail.pool import Pool
from mail.refs import MessageRef
from mailboxes import outbox
from mailboxes.access import MailboxAccess
from mailboxes.rights import Right
from webmail.attaching import FROM_ORIGINAL, Attached, attached_as, attachments_in, kept_attachments
from webmail.connection import ensured_folder, mail_of, select, select_for
from webmail.reading import body_texts

MAX_ATTACHMENTS = 25 * 1024 * 1024
# What a draft needs beyond the message itself: the address fields as typed, the format, and what it answers.
_DRAFT_HEADER = b"X-Postroom-Draft"
_ROOM = "<p><br></p>"
_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)


class AlreadySent(PostroomError):
    code = "already_sent"
    status = 409
    public = "This message was sent already. You find it in Sent."


class TooLarge(PostroomError):
    code = "too_large"
    status = 413
    public = "Attachments may be 25 MB in all. Take one off, or send a link instead."


@dataclass(frozen=True)
class Writing:
    """A message being written, as the form has it. `to`, `cc`, `bcc` are as typed; `draft` is the version on screen.

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
    files: Sequence[OutgoingAttachment] = ()
    keep: Sequence[str] = ()


@dataclass(frozen=True)
class Saved:
    """A draft as it now lies in Drafts."""

    ref: MessageRef
    attached: list[Attached] = field(default_factory=list)


def new_key() -> str:
    return secrets.token_hex(16)


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def message_id_of(access: MailboxAccess, key: str) -> str:
    """The Message-ID of what is written under this key, made once and before the first attempt (RFC 5322 §3.6.4)."""
    return f"<{key}@{access.address.rpartition('@')[2]}>"


def begin(access: MailboxAccess, to: str = "") -> Writing:
    """An empty message, signed."""
    access.require(Right.SEND)
    return Writing(key=new_key(), to=to, text=_signed(access, ""), html=_signed_html(access, ""))


def begin_answer(pool: Pool, access: MailboxAccess, ref: MessageRef, mode: str) -> tuple[Writing, list[Attached]]:
    """A reply (mode *reply*, *reply_all*) or a *forward* of a message, with what it quotes and, forwarded, attaches.

    Raises MessageGone, FolderChanged, HostileMessage.
    """
    access.require(Right.SEND)
    with mail_of(pool, access, ref.folder) as imap:
        select_for(imap, access, [ref])
        opened = imap.open(ref.uid)
        layout = choose(opened.structure)
        text, html = body_texts(imap, ref.uid, layout)
    original = Original.read(parse(opened.header), text, html or None)
    attached: list[Attached] = []
    if mode == "forward":
        draft = compose.forward(original, rich=True)
        attached = [Attached(FROM_ORIGINAL + part.section, part.filename, part.size) for part in layout.attachments]
    else:
        draft = compose.reply(original, me=access.address, everyone=mode == "reply_all", rich=True)
    writing = Writing(
        key=new_key(),
        mode=mode,
        to=typed(draft.to),
        cc=typed(draft.cc),
        subject=draft.subject,
        text=_signed(access, draft.text),
        html=_signed_html(access, draft.html or ""),
        format="html" if html else "text",
        answers=ref,
        in_reply_to=draft.in_reply_to,
        references=draft.references,
        keep=[attachment.id for attachment in attached],
    )
    return writing, attached


def reopen(pool: Pool, db: Database, access: MailboxAccess, ref: MessageRef) -> tuple[Writing, list[Attached]]:
    """A draft found again, whoever of the team began it and in whatever program.

    Raises MessageGone, FolderChanged, HostileMessage.
    """
    access.require(Right.SEND)
    with mail_of(pool, access, ref.folder) as imap:
        select_for(imap, access, [ref])
        headers = parse(imap.header(ref.uid))
        layout = choose(imap.structure(ref.uid))
        text, html = body_texts(imap, ref.uid, layout)
        attached = [attached_as(attachment) for attachment in attachments_in(imap, ref.uid)]
    kept = _kept_fields(headers)
    key = headers.get("message-id").strip("<>").partition("@")[0]
    if not is_key(key) or outbox.find(db, access, key):
        key = new_key()
    html = sanitize.html(html, images=lambda url: url, notes=False).html if html else ""
    writing = Writing(
        key=key,
        mode=kept.get("mode", "draft"),
        to=kept.get("to", headers.get("To")),
        cc=kept.get("cc", headers.get("Cc")),
        bcc=kept.get("bcc", headers.get("Bcc")),
        subject=headers.get("Subject"),
        text=text or plaintext.from_html(html),
        html=html,
        format="html" if html else "text",
        answers=_kept_answers(kept),
        in_reply_to=" ".join(message_ids(headers.raw("In-Reply-To"))[:1]),
        references=message_ids(headers.raw("References")),
        draft=ref,
        keep=[attachment.id for attachment in attached],
    )
    return writing, attached


def save(pool: Pool, db: Database, access: MailboxAccess, writing: Writing) -> Saved:
    """Keep what is written: the new version is appended first, then older ones go, so there is always one.

    Raises AlreadySent, AttachmentGone, TooLarge, and MailErrors.
    """
    access.require(Right.SEND)
    if outbox.find(db, access, writing.key):
        raise AlreadySent(writing.key)
    message_id = message_id_of(access, writing.key)
    with mail_of(pool, access) as imap:
        draft = assemble(imap, access, writing)
        body = compose.build(draft, identity=identity(access), message_id=message_id, date=now(), keep_bcc=True)
        ref = put_into_drafts(imap, access, writing, body)
    return Saved(ref, [attached_as(attachment) for attachment in draft.attachments])


def put_into_drafts(imap: Imap, access: MailboxAccess, writing: Writing, message: bytes) -> MessageRef:
    """Append this version, then remove the older ones: at no moment is there none."""
    folder = ensured_folder(imap, "drafts")
    uid = imap.append(folder, _draft_header(writing) + message, ["\\Draft", "\\Seen"], None)
    ref = MessageRef(folder, select(imap, access, folder).uidvalidity, uid)
    remove_versions(imap, access, writing, before=ref)
    return ref


def discard(pool: Pool, access: MailboxAccess, writing: Writing) -> MessageRef | None:
    """Throw away what is written: the newest saved version goes to Trash, the older ones for good.

    Returns what it is called in Trash, None when nothing of it was saved.
    """
    access.require(Right.SEND)
    with mail_of(pool, access) as imap:
        trash = ensured_folder(imap, "trash")
        versions = _versions(imap, access, writing)
        with suppress(MessageGone):  # whoever threw it away at the same moment
            if versions[1:]:
                imap.delete(versions[1:])
            if versions:
                moved = imap.move(versions[:1], trash)
                return MessageRef(trash, select(imap, access, trash).uidvalidity, moved[versions[0]])
    return None


def restore(pool: Pool, access: MailboxAccess, ref: MessageRef) -> MessageRef:
    """Bring what was thrown away back to Drafts. Raises MessageGone, FolderChanged."""
    access.require(Right.SEND)
    with mail_of(pool, access, ref.folder) as imap:
        drafts = ensured_folder(imap, "drafts")
        moved = imap.move(select_for(imap, access, [ref]), drafts)
        return MessageRef(drafts, select(imap, access, drafts).uidvalidity, moved[ref.uid])


def remove_versions(imap: Imap, access: MailboxAccess, writing: Writing, before: MessageRef | None = None) -> None:
    """Remove the saved versions of a writing: all, or those older than `before`.

    Two saves may cross: each removes only what is older than its own, so the newest always stays.
    """
    folder = before.folder if before else ensured_folder(imap, "drafts")
    selected = select(imap, access, folder)
    uids = set(imap.find_message_id(folder, message_id_of(access, writing.key)))
    if writing.draft and (writing.draft.folder, writing.draft.uidvalidity) == (folder, selected.uidvalidity):
        uids.add(writing.draft.uid)
    gone = sorted(uid for uid in uids if before is None or uid < before.uid)
    if gone:
        select(imap, access, folder)
        with suppress(MessageGone):  # whoever saved at the same moment removed them
            imap.delete(gone)


def assemble(imap: Imap, access: MailboxAccess, writing: Writing) -> Draft:
    """The message as it stands: valid addresses, safe bodies, all attachments, and what it answers.

    Raises AttachmentGone, TooLarge, and FolderChanged for a forwarded message's attachments.
    """
    attachments = [
        *kept_attachments(imap, access, writing.keep, writing.answers, lambda: _versions(imap, access, writing)),
        *writing.files,
    ]
    if sum(len(attachment.data) for attachment in attachments) > MAX_ATTACHMENTS:
        raise TooLarge(writing.key)
    return Draft(
        to=_good(writing.to),
        cc=_good(writing.cc),
        bcc=_good(writing.bcc),
        subject=writing.subject,
        text="" if writing.format == "html" else writing.text,
        html=writing.html if writing.format == "html" else None,
        attachments=tuple(attachments),
        in_reply_to=writing.in_reply_to,
        references=tuple(writing.references),
    )


def identity(access: MailboxAccess) -> Address:
    """What stands in From: decided by the mailbox in front of the person, never by a form."""
    return Address(access.display_name, access.address)


def _good(text: str) -> tuple[Address, ...]:
    """The addresses in a field, without what isn't one yet: a draft may be half-written."""
    return tuple(parse_typed(text)[0])


def _signed(access: MailboxAccess, text: str) -> str:
    """Room to write, the signature (RFC 3676 §4.3), then what is quoted."""
    return f"\n\n-- \n{access.signature}\n{text}" if access.signature else text


def _signed_html(access: MailboxAccess, html: str) -> str:
    quoted = html.removeprefix(_ROOM)
    if not access.signature:
        return _ROOM + quoted
    lines = "<br>".join(escape(line) for line in access.signature.splitlines())
    return f"{_ROOM}<p>-- <br>{lines}</p>{quoted}"


def _versions(imap: Imap, access: MailboxAccess, writing: Writing) -> list[int]:
    """The UIDs of the saved versions, newest first, with Drafts selected."""
    folder = ensured_folder(imap, "drafts")
    selected = select(imap, access, folder)
    uids = set(imap.find_message_id(folder, message_id_of(access, writing.key)))
    if writing.draft and (writing.draft.folder, writing.draft.uidvalidity) == (folder, selected.uidvalidity):
        uids.add(writing.draft.uid)
    return sorted(uids, reverse=True)


def _draft_header(writing: Writing) -> bytes:
    fields = {"to": writing.to, "cc": writing.cc, "bcc": writing.bcc, "mode": writing.mode}
    kept = {name: value for name, value in fields.items() if value}
    if writing.answers:
        kept |= {"folder": writing.answers.folder, "answers": writing.answers.token}
    encoded = base64.b64encode(json.dumps(kept).encode())
    lines = [encoded[start : start + 70] for start in range(0, len(encoded), 70)]
    return _DRAFT_HEADER + b": " + b"\r\n ".join(lines) + b"\r\n"


def _kept_fields(headers: Headers) -> dict[str, str]:
    """What `_draft_header` kept; nothing when there is none, or when it isn't ours."""
    try:
        encoded = headers.get(_DRAFT_HEADER.decode()).replace(" ", "")
        kept = json.loads(base64.b64decode(encoded, validate=True)) if encoded else {}
    except (ValueError, binascii.Error, RecursionError):
        return {}
    if not isinstance(kept, dict):
        return {}
    # JSON can spell half a surrogate pair, which no page can carry.
    return {
        str(name): value.encode(errors="replace").decode() for name, value in kept.items() if isinstance(value, str)
    }


def _kept_answers(kept: dict[str, str]) -> MessageRef | None:
    try:
        return MessageRef.parse(kept["folder"], kept["answers"])
    except (KeyError, PostroomError):
        return None
