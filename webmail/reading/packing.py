"""Files inside a file: what Outlook packed into winmail.dat, offered beside it."""

from collections.abc import Iterable
from dataclasses import replace

from mail.imap.client import Imap
from mail.message import tnef, transfer
from mail.message.contents import Attachment, Layout, is_raster_name

# What is opened up to look inside; what is larger is offered as it is.
PACKED_LIMIT = 12_000_000
_INSIDE = "~"


def is_inside(section: str) -> bool:
    """Whether this section means a file inside another one: "2~1" is the first in part 2."""
    return _INSIDE in section


def unpacked(imap: Imap, uid: int, layout: Layout, *, instead: bool = False) -> Layout:
    """With the files inside each winmail.dat of a message in the selected folder behind it.

    Where one couldn't be read, or not to its end, a note says so. `instead`: of one that could, its files alone are
    there, which is what other people's programs can open.
    """
    attachments: list[Attachment] = []
    notes = list(layout.notes)
    for attachment in layout.attachments:
        if not tnef.is_tnef(attachment.content_type, attachment.filename):
            attachments.append(attachment)
            continue
        data = _content(imap, uid, attachment)
        files = [_offered(attachment, number, file) for number, file in enumerate(tnef.files(data), start=1)]
        if note := _trouble(attachment, data, len(files)):
            notes.append(note)
        attachments += files if instead and files and not note else [attachment, *files]
    return replace(layout, attachments=tuple(attachments), notes=tuple(notes))


def contents(imap: Imap, uid: int, layout: Layout, sections: Iterable[str]) -> dict[str, bytes]:
    """What the files in these sections hold, each outer file read once; those that aren't there are left out."""
    found: dict[str, bytes] = {}
    for outer in {section.partition(_INSIDE)[0] for section in sections}:
        if packed := layout.file(outer):
            files = enumerate(tnef.files(_content(imap, uid, packed)), start=1)
            found |= {f"{outer}{_INSIDE}{number}": file.data for number, file in files}
    return {section: found[section] for section in sections if section in found}


def _content(imap: Imap, uid: int, packed: Attachment) -> bytes:
    """b"" of one that is too large to be opened up."""
    if packed.size > PACKED_LIMIT:
        return b""
    return transfer.decode(imap.messages.part(uid, packed.section, 0, PACKED_LIMIT * 3 // 2), packed.encoding)


def _trouble(packed: Attachment, data: bytes, files: int) -> str:
    if packed.size > PACKED_LIMIT:
        return f"{packed.filename} is too large to be opened here. Outlook shows the files in it."
    if not tnef.is_damaged(data):
        return ""
    if files:
        return f"{packed.filename} is damaged: what could be read of the files in it is offered beside it."
    return f"{packed.filename} is damaged, and no file in it can be read. Ask for them again, sent in another format."


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
