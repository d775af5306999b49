"""Attaching: files that are on their way into a message, and where they lie meanwhile."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.errors import PostroomError
from mail import transfer
from mail.compose import OutgoingAttachment
from mail.errors import FolderChanged, FolderNotFound
from mail.imap import Imap
from mail.message import Attachment, choose
from mail.refs import MessageRef
from mailboxes.access import MailboxAccess
from webmail.connection import select_for, select_moved

_FROM_ORIGINAL = "o"  # marks an attachment that still lies in the message being forwarded


class AttachmentGone(PostroomError):
    code = "attachment_gone"
    status = 409
    public = "An attachment can't be found any more, because the draft was changed elsewhere. Attach it again."


@dataclass(frozen=True)
class Attached:
    """An attachment of a draft. `id` names its content, so it stays true from one saved version to the next.

    Until the first one it names a part of the message being forwarded, and how long that is.
    """

    id: str
    filename: str
    size: int


@dataclass(frozen=True)
class Forwarded:
    """The message being forwarded: where it lay, and by which Message-ID it is found once somebody moved it."""

    ref: MessageRef
    message_id: str


def attached_from(part: Attachment) -> Attached:
    """How a form names this attachment of the message being forwarded."""
    return Attached(f"{_FROM_ORIGINAL}{part.section}:{part.size}", part.filename, part.size)


def attached_as(attachment: OutgoingAttachment) -> Attached:
    """How a form names this attachment."""
    digest = hashlib.sha256(attachment.filename.encode() + b"\0" + attachment.data).hexdigest()[:32]
    return Attached(digest, attachment.filename, len(attachment.data))


def kept_attachments(keep: Sequence[str], found: Mapping[str, OutgoingAttachment]) -> list[OutgoingAttachment]:
    """Those with these ids, in this order. Raises AttachmentGone when one wasn't found."""
    if gone := [kept for kept in keep if kept not in found]:
        raise AttachmentGone(", ".join(gone))
    return [found[kept] for kept in keep]


def find_attachments(
    imap: Imap,
    access: MailboxAccess,
    keep: Sequence[str],
    forwarded: Forwarded | None,
    versions: Callable[[], list[int]],
) -> dict[str, OutgoingAttachment]:
    """As many of the attachments with these ids as there are still, by id.

    They lie in the message forwarded, or in a saved version of the draft: `versions` selects Drafts and gives the UIDs
    to look in, newest first.
    """
    found: dict[str, OutgoingAttachment] = {}
    from_original = {kept for kept in keep if kept.startswith(_FROM_ORIGINAL)}
    if forwarded and from_original:
        for uid in _originals(imap, access, forwarded):
            if not from_original <= found.keys():
                found |= {named.id: data for named, data in _attachments(imap, uid, from_original)}
    if len(from_original) < len(keep):
        for version in versions():
            for attachment in attachments_in(imap, version):
                found.setdefault(attached_as(attachment).id, attachment)
    return found


def attachments_in(imap: Imap, uid: int) -> list[OutgoingAttachment]:
    """Every attachment of a message in the selected folder, decoded."""
    return [data for _named, data in _attachments(imap, uid)]


def _originals(imap: Imap, access: MailboxAccess, forwarded: Forwarded) -> list[int]:
    """The message itself or, when it was moved, whatever has its Message-ID now; its folder is in hand."""
    try:
        there = imap.flags(select_for(imap, access, [forwarded.ref]))
    except (FolderNotFound, FolderChanged):
        there = {}
    return list(there) or select_moved(imap, access, forwarded.message_id)


def _attachments(
    imap: Imap, uid: int, wanted: Collection[str] | None = None
) -> Iterator[tuple[Attached, OutgoingAttachment]]:
    """Those with the `wanted` ids, or all of a message in the selected folder."""
    structure = imap.structure(uid)
    parts = {part.section: part for part in structure.walk()}
    for attachment in choose(structure).attachments:
        named = attached_from(attachment)
        if wanted is None or named.id in wanted:
            part = parts[attachment.section]
            data = transfer.decode(imap.part(uid, part.section, 0, part.size or 1), part.encoding)
            yield named, OutgoingAttachment(attachment.filename, attachment.content_type, data)
