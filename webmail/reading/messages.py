"""A message, opened: what it says, its parts, its source."""

import base64
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote

from mail.errors import HostileMessage, MessageGone
from mail.html import sanitize
from mail.images.remote import raster_type
from mail.imap.client import Imap
from mail.imap.folders import Folder
from mail.imap.pool import Pool
from mail.imap.refs import MessageRef
from mail.message import mime, transfer
from mail.message.addresses import Address, parse_list
from mail.message.contents import Attachment, Layout, choose
from mail.message.headers import Headers, message_id, parse
from mailboxes.access import MailboxAccess
from webmail.connection import mail_of, select_for
from webmail.reading import packing, texts
from webmail.reading.texts import Text

# Of what is downloaded. Over a line of a kilobyte a second, too, a piece comes before anybody stops waiting for it.
FIRST_CHUNK, CHUNK = 4_000, 512_000
INLINE_IMAGES_LIMIT = 6_000_000
SEEN = "\\Seen"
_CID = re.compile(r"\bcid:([^\s\"'<>)]{1,250})", re.IGNORECASE)


@dataclass(frozen=True)
class OpenMessage:
    """A message as far as it can be shown. `reason` says why not, when it can't; its source always can.

    `texts` are in order; those of HTML are shown in frames of their own. `message_id` is "" when the message has none
    worth the name. `at` is when it arrived.
    """

    ref: MessageRef
    folders: list[Folder]
    flags: frozenset[str]
    at: datetime
    headers: Headers | None = None
    message_id: str = ""
    layout: Layout | None = None
    texts: list[Text] = field(default_factory=list)
    has_remote_images: bool = False
    reason: str = ""


def open_message(pool: Pool, access: MailboxAccess, ref: MessageRef) -> OpenMessage:
    """Fetch what a page about this message shows, and mark it read for whoever may change the mailbox.

    Raises MessageGone, FolderChanged.
    """
    with mail_of(pool, access, ref.folder) as imap:
        folders = imap.folders.all()
        select_for(imap, access, [ref])
        try:
            opened = imap.messages.open(ref.uid)
            headers = parse(opened.header, opened.charset)
            layout = packing.unpacked(imap, ref.uid, choose(opened.structure))
        except HostileMessage as error:
            return OpenMessage(ref, folders, _flags(imap, ref), datetime.now(UTC), reason=error.reason)
        flags = opened.flags
        if access.can_organise and SEEN not in flags:
            imap.changes.add_flags([ref.uid], [SEEN])
            flags |= {SEEN}
        shown = texts.shown(imap, ref.uid, layout)
    return OpenMessage(
        ref,
        folders,
        flags,
        opened.internal_date,
        headers=headers,
        message_id=message_id(headers.raw("Message-ID")),
        layout=layout,
        texts=shown,
        has_remote_images=any(text.is_html and sanitize.has_remote_images(text.content) for text in shown),
    )


def author_of(pool: Pool, access: MailboxAccess, ref: MessageRef) -> Address | None:
    """The first author of a message. Raises FolderChanged, MessageGone."""
    with mail_of(pool, access, ref.folder) as imap:
        select_for(imap, access, [ref])
        told = imap.messages.open(ref.uid)
    return next(iter(parse_list(parse(told.header, told.charset).raw("From") or b"")), None)


@dataclass(frozen=True)
class HtmlBody:
    """An HTML body as it came, not yet made safe, and the pictures it refers to by Content-ID, as data: URLs."""

    text: Text
    inline_images: dict[str, str]


def html_body(pool: Pool, access: MailboxAccess, ref: MessageRef, section: str = "") -> HtmlBody:
    """The HTML in this section, or the first one of the message. Raises MessageGone, also when there is none."""
    with mail_of(pool, access, ref.folder) as imap:
        select_for(imap, access, [ref])
        layout = choose(imap.messages.structure(ref.uid))
        for part in (part for body in layout.bodies for part in body.html):
            if part.content_type == "text/html" and section in ("", part.section):
                text = texts.fetch(imap, ref.uid, [part])[part.section]
                return HtmlBody(text, dict(_inline_images(imap, ref.uid, layout, text.content)))
    raise MessageGone(f"{ref} has no HTML {section}")


def attachment_of(pool: Pool, access: MailboxAccess, ref: MessageRef, section: str) -> Attachment:
    """One attachment of the message, or one of its texts as a file. Raises MessageGone for any other section."""
    with mail_of(pool, access, ref.folder) as imap:
        select_for(imap, access, [ref])
        layout = choose(imap.messages.structure(ref.uid))
        if packing.is_inside(section):
            layout = packing.unpacked(imap, ref.uid, layout)
    if found := layout.file(section):
        return found
    raise MessageGone(f"{ref} has no attachment {section!r}")


def picture_of(pool: Pool, access: MailboxAccess, ref: MessageRef, content_id: str) -> Attachment:
    """The picture that HTML sent on refers to by this Content-ID. Raises MessageGone when there is none."""
    with mail_of(pool, access, ref.folder) as imap:
        select_for(imap, access, [ref])
        layout = choose(imap.messages.structure(ref.uid))
    for attachment in layout.attachments:
        if attachment.content_id and mime.content_id(attachment.content_id) == content_id:
            return attachment
    raise MessageGone(f"{ref} has no picture {content_id!r}")


def stream_attachment(pool: Pool, access: MailboxAccess, ref: MessageRef, attachment: Attachment) -> Iterator[bytes]:
    """The attachment's content, decoded, piece by piece."""
    if packing.is_inside(attachment.section):
        return _unpacked(pool, access, ref, attachment)
    return transfer.stream(_pieces(pool, access, ref, attachment.section), attachment.encoding)


def _unpacked(pool: Pool, access: MailboxAccess, ref: MessageRef, attachment: Attachment) -> Iterator[bytes]:
    with mail_of(pool, access, ref.folder) as imap:
        select_for(imap, access, [ref])
        found = packing.contents(imap, ref.uid, choose(imap.messages.structure(ref.uid)), [attachment.section])
    yield from found.values()


def stream_source(pool: Pool, access: MailboxAccess, ref: MessageRef) -> Iterator[bytes]:
    """The message as it lies on the server, piece by piece."""
    return _pieces(pool, access, ref, "")


def _pieces(pool: Pool, access: MailboxAccess, ref: MessageRef, section: str) -> Iterator[bytes]:
    """A part as it lies on the server. Between two pieces the connection goes back: a slow reader holds up nobody."""
    start, size = 0, FIRST_CHUNK
    while True:
        asked = time.monotonic()
        with mail_of(pool, access, ref.folder) as imap:
            select_for(imap, access, [ref])
            piece = imap.messages.part(ref.uid, section, start, size)
        is_quick = time.monotonic() - asked < 1
        if piece:
            yield piece
        if len(piece) < size:
            return
        start += size
        size = min(4 * size, CHUNK) if is_quick else size


def _inline_images(imap: Imap, uid: int, layout: Layout, html: str) -> Iterator[tuple[str, str]]:
    """The pictures of the message that its HTML shows (RFC 2392), as long as they are few and really pictures.

    They travel inside the document: its frame has no origin, so a URL of ours would get no cookies.
    """
    room = INLINE_IMAGES_LIMIT
    for content_id in dict.fromkeys(unquote(found) for found in _CID.findall(html)):
        attachment = layout.by_content_id(content_id)
        if attachment is None or attachment.size > room:
            continue
        raw = imap.messages.part(uid, attachment.section, 0, INLINE_IMAGES_LIMIT * 3 // 2)
        data = transfer.decode(raw, attachment.encoding)
        room -= len(data)
        if content_type := raster_type(data[:32]):
            yield content_id, f"data:{content_type};base64,{base64.b64encode(data).decode()}"


def _flags(imap: Imap, ref: MessageRef) -> frozenset[str]:
    found = imap.messages.flags([ref.uid])
    if ref.uid not in found:
        raise MessageGone(str(ref))
    return found[ref.uid]
