"""Attaching: files that are on their way into a message, and where they lie meanwhile."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace

from core.errors import PostroomError
from mail.errors import FolderChanged, FolderNotFound, MessageGone
from mail.html import sanitize
from mail.imap.client import Imap
from mail.imap.messages import PART_LIMIT
from mail.imap.refs import MessageRef
from mail.message import mime, transfer
from mail.message.compose import OutgoingAttachment
from mail.message.contents import Attachment, Layout, choose
from mail.message.structure import Part
from mailboxes.access import MailboxAccess
from webmail.connection import select_for, select_moved
from webmail.reading import packing

# Marks an attachment, or a picture of the text, that still lies in the message being answered or forwarded.
_FROM_ORIGINAL, _PICTURE = "o", "p"  # no digest in hexadecimal begins like that
PICTURES_LIMIT = 6_000_000
_TOGETHER = 50  # parts that are asked for at once


class AttachmentGone(PostroomError):
    code = "attachment_gone"
    status = 409
    public = "An attachment can't be found any more, because the draft was changed elsewhere. Attach it again."


@dataclass(frozen=True)
class Attached:
    """An attachment of a draft. `id` names its content, so it stays true from one saved version to the next.

    Until the first one it names a part of the message being answered or forwarded, and how long that is. With a
    `content_id` it is a picture of the text.
    """

    id: str
    filename: str
    size: int
    content_id: str = ""


@dataclass(frozen=True)
class Answered:
    """The message being answered or forwarded: where it lay, and by which Message-ID it is found once it was moved."""

    ref: MessageRef
    message_id: str


def attached_from(part: Attachment, content_id: str = "") -> Attached:
    """How a form names this attachment of the message being answered or forwarded; a picture by its `content_id`."""
    origin = _PICTURE if content_id else _FROM_ORIGINAL
    return Attached(f"{origin}{part.section}:{part.size}", part.filename, part.size, content_id)


def attached_as(attachment: OutgoingAttachment) -> Attached:
    """How a form names this attachment."""
    name = "\0".join(filter(None, (attachment.filename, attachment.content_id))).encode()
    digest = hashlib.sha256(name + b"\0" + attachment.data).hexdigest()[:32]
    return Attached(digest, attachment.filename, len(attachment.data), attachment.content_id)


def is_in_original(attached: str) -> bool:
    """Whether what has this id lies in the message being answered or forwarded, and not in the draft yet."""
    return attached.startswith((_FROM_ORIGINAL, _PICTURE))


def pictures_of(layout: Layout, html: str) -> list[Attached]:
    """The pictures that the HTML of this message shows by Content-ID, as far as there is room for them."""
    room, used, found = PICTURES_LIMIT, _pictures_in(html), []
    for part in layout.attachments:
        content_id = mime.content_id(part.content_id)
        if part.content_id and content_id in used and part.size <= room:
            room -= part.size
            used.remove(content_id)
            found.append(attached_from(part, content_id))
    return found


def is_one_of(pictures: Sequence[Attached], part: Attachment) -> bool:
    """Whether this part comes along as one of these pictures already."""
    return bool(part.content_id) and attached_from(part, part.content_id).id in {picture.id for picture in pictures}


def kept_attachments(keep: Sequence[str], found: Mapping[str, OutgoingAttachment]) -> list[OutgoingAttachment]:
    """Those with these ids, in this order. Raises AttachmentGone when one wasn't found.

    A picture that is quoted may go with the message it was in: that is no reason to keep an answer back.
    """
    if gone := [kept for kept in keep if kept not in found and not kept.startswith(_PICTURE)]:
        raise AttachmentGone(", ".join(gone))
    return [found[kept] for kept in keep if kept in found]


def find_attachments(
    imap: Imap,
    access: MailboxAccess,
    keep: Sequence[str],
    answered: Answered | None,
    versions: Callable[[], list[int]],
) -> dict[str, OutgoingAttachment]:
    """As many of the attachments with these ids as there are still, by id.

    They lie in the message answered, or in a saved version of the draft: `versions` selects Drafts and gives the UIDs
    to look in, newest first.
    """
    found: dict[str, OutgoingAttachment] = {}
    from_original = {kept for kept in keep if is_in_original(kept)}
    if answered and from_original:
        for uid in originals(imap, access, answered):
            if not from_original <= found.keys():
                found |= _named_in_original(imap, uid, from_original)
    if len(from_original) < len(keep):
        for version in versions():
            with suppress(MessageGone):  # another window replaced it
                for part, data in _attachments(imap, version):
                    for form in _forms(part, data):
                        found.setdefault(attached_as(form).id, form)
    return found


def attached_to(imap: Imap, uid: int, html: str, *, ours: bool) -> list[Attached]:
    """What is attached to a draft in the selected folder, and the pictures of its HTML.

    In a draft of `ours` whatever has a Content-ID is a picture; other programs give one to files as well.
    """
    used = _pictures_in(html)
    found = []
    for part, data in _attachments(imap, uid):
        *_as_file, as_picture = _forms(part, data)
        is_picture = ours or as_picture.content_id in used
        found.append(attached_as(as_picture if is_picture else replace(as_picture, content_id="")))
    return found


def _pictures_in(html: str) -> set[str]:
    return {mime.content_id(name) for name in sanitize.html(html).content_ids} if "cid:" in html.lower() else set()


def _forms(part: Attachment, data: bytes) -> list[OutgoingAttachment]:
    """As a file and, with a Content-ID, as a picture of the text: which of them it is depends on the HTML."""
    file = OutgoingAttachment(part.filename, part.content_type, data)
    return [file, replace(file, content_id=mime.content_id(part.content_id))] if part.content_id else [file]


def _named_in_original(imap: Imap, uid: int, wanted: Set[str]) -> dict[str, OutgoingAttachment]:
    def names(part: Attachment) -> list[str]:
        return [attached_from(part).id, attached_from(part, part.content_id).id]

    found: dict[str, OutgoingAttachment] = {}
    inside = any(map(packing.is_inside, wanted))
    for part, data in _attachments(imap, uid, lambda part: not wanted.isdisjoint(names(part)), inside=inside):
        found |= dict(zip(names(part), _forms(part, data), strict=False))
    return found


def originals(imap: Imap, access: MailboxAccess, answered: Answered) -> list[int]:
    """The UID of the message itself or, when it was moved, of what has its Message-ID now; its folder is selected."""
    try:
        there = imap.messages.flags(select_for(imap, access, [answered.ref]))
    except (FolderNotFound, FolderChanged):
        there = {}
    return list(there) or select_moved(imap, access, answered.message_id)


def _attachments(
    imap: Imap, uid: int, wanted: Callable[[Attachment], bool] = lambda _part: True, *, inside: bool = False
) -> Iterator[tuple[Attachment, bytes]]:
    """Those of a message in the selected folder, decoded; with those `inside` of others where that is said."""
    structure = imap.messages.structure(uid)
    parts = {part.section: part for part in structure.walk()}
    layout = choose(structure)
    offered = packing.unpacked(imap, uid, layout) if inside else layout
    chosen = [attachment for attachment in offered.attachments if wanted(attachment)]
    within = packing.contents(imap, uid, layout, [one.section for one in chosen if packing.is_inside(one.section)])
    decoded = _decoded(imap, uid, [parts[one.section] for one in chosen if one.section not in within])
    for attachment in chosen:
        yield attachment, within[attachment.section] if attachment.section in within else next(decoded)


def _decoded(imap: Imap, uid: int, parts: Iterable[Part]) -> Iterator[bytes]:
    """What these parts hold, small ones with one command for many: for each the server reads the message anew."""
    for some in _together(parts):
        raw = imap.messages.parts(uid, [part.section for part in some], 0, max([1, *(part.size for part in some)]))
        yield from (transfer.decode(raw[part.section], part.encoding) for part in some)


def _together(parts: Iterable[Part]) -> Iterator[list[Part]]:
    group: list[Part] = []
    for part in parts:
        full = len(group) == _TOGETHER or (len(group) + 1) * max([part.size, *(one.size for one in group)]) > PART_LIMIT
        if group and full:
            yield group
            group = []
        group.append(part)
    if group:
        yield group
