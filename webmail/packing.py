"""Files inside a file: what Outlook packed into winmail.dat, offered beside it."""

from dataclasses import replace

from mail import tnef, transfer
from mail.imap import Imap
from mail.message import Attachment, Layout, is_raster_name

# What is opened up to look inside; what is larger is offered as it is.
PACKED_LIMIT = 12_000_000
_INSIDE = "~"


def is_inside(section: str) -> bool:
    """Whether this section means a file inside another one: "2~1" is the first in part 2."""
    return _INSIDE in section


def unpacked(imap: Imap, uid: int, layout: Layout) -> Layout:
    """With the files inside each winmail.dat of a message in the selected folder behind it."""
    attachments: list[Attachment] = []
    for attachment in layout.attachments:
        attachments.append(attachment)
        if tnef.is_tnef(attachment.content_type, attachment.filename):
            inside = enumerate(_files(imap, uid, attachment), start=1)
            attachments += [_offered(attachment, number, file) for number, file in inside]
    return replace(layout, attachments=tuple(attachments))


def content(imap: Imap, uid: int, layout: Layout, section: str) -> bytes:
    """What the file in this section holds; b"" when it isn't there."""
    outer, _, number = section.partition(_INSIDE)
    packed = layout.file(outer)
    found = _files(imap, uid, packed) if packed else []
    return found[int(number) - 1].data if number.isdigit() and 0 < int(number) <= len(found) else b""


def _files(imap: Imap, uid: int, packed: Attachment) -> list[tnef.File]:
    if packed.size > PACKED_LIMIT:
        return []
    return tnef.files(transfer.decode(imap.part(uid, packed.section, 0, PACKED_LIMIT * 3 // 2), packed.encoding))


def _offered(packed: Attachment, number: int, file: tnef.File) -> Attachment:
    return Attachment(
        section=f"{packed.section}{_INSIDE}{number}",
        filename=file.filename,
        content_type="application/octet-stream",
        size=len(file.data),
        inline=False,
        content_id="",
        openable=is_raster_name(file.filename),
        encoding="binary",
    )
