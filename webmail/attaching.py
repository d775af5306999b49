"""Attaching: files that are on their way into a message, and where they lie meanwhile."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from core.errors import PostroomError
from mail import transfer
from mail.compose import OutgoingAttachment
from mail.imap import Imap
from mail.message import choose
from mail.refs import MessageRef
from mailboxes.access import MailboxAccess
from webmail.connection import select_for

FROM_ORIGINAL = "o"  # marks an attachment that still lies in the message being forwarded


class AttachmentGone(PostroomError):
    code = "attachment_gone"
    status = 409
    public = "An attachment can't be found any more, because the draft was changed elsewhere. Attach it again."


@dataclass(frozen=True)
class Attached:
    """An attachment of a draft. `id` names its content, so it stays true from one saved version to the next."""

    id: str
    filename: str
    size: int


def attached_as(attachment: OutgoingAttachment) -> Attached:
    """How a form names this attachment."""
    digest = hashlib.sha256(attachment.filename.encode() + b"\0" + attachment.data).hexdigest()[:32]
    return Attached(digest, attachment.filename, len(attachment.data))


def kept_attachments(
    imap: Imap,
    access: MailboxAccess,
    keep: Sequence[str],
    original: MessageRef | None,
    versions: Callable[[], list[int]],
) -> Iterator[OutgoingAttachment]:
    """The attachments with these ids, out of the message forwarded or a saved version of the draft.

    `versions` selects Drafts and gives the UIDs to look in, newest first. Raises AttachmentGone.
    """
    found = find_attachments(imap, access, keep, original, versions)
    for kept in keep:
        if kept not in found:
            raise AttachmentGone(kept)
        yield found[kept]


def find_attachments(
    imap: Imap,
    access: MailboxAccess,
    keep: Sequence[str],
    original: MessageRef | None,
    versions: Callable[[], list[int]],
) -> dict[str, OutgoingAttachment]:
    """As many of the attachments with these ids as there are still, by id."""
    found: dict[str, OutgoingAttachment] = {}
    sections = [kept.removeprefix(FROM_ORIGINAL) for kept in keep if kept.startswith(FROM_ORIGINAL)]
    if original and sections:
        select_for(imap, access, [original])
        for attachment, section in zip(*_with_sections(imap, original.uid), strict=True):
            found[FROM_ORIGINAL + section] = attachment
    if len(sections) < len(keep):
        for version in versions():
            for attachment in attachments_in(imap, version):
                found.setdefault(attached_as(attachment).id, attachment)
    return found


def attachments_in(imap: Imap, uid: int) -> list[OutgoingAttachment]:
    """Every attachment of a message in the selected folder, decoded."""
    return _with_sections(imap, uid)[0]


def _with_sections(imap: Imap, uid: int) -> tuple[list[OutgoingAttachment], list[str]]:
    attachments, sections = [], []
    structure = imap.structure(uid)
    parts = {part.section: part for part in structure.walk()}
    for attachment in choose(structure).attachments:
        part = parts[attachment.section]
        data = transfer.decode(imap.part(uid, part.section, 0, part.size or 1), part.encoding)
        attachments.append(OutgoingAttachment(attachment.filename, attachment.content_type, data))
        sections.append(attachment.section)
    return attachments, sections
