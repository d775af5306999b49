"""How dates and kinds of files are put for a person."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from mail.addresses import Address

FOLDER_LABELS = {
    "inbox": "Inbox",
    "drafts": "Drafts",
    "sent": "Sent",
    "archive": "Archive",
    "junk": "Junk",
    "trash": "Trash",
}
_TYPE_LABELS = {
    "application/pdf": "PDF",
    "application/zip": "ZIP archive",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Spreadsheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "Presentation",
    "message/rfc822": "Message",
    "text/calendar": "Calendar entry",
    "text/csv": "CSV table",
}


def when_short(at: datetime, now: datetime | None = None) -> str:
    """As short as it can be said: the time today, the weekday this week, the day this year, else month and year."""
    now = now or datetime.now(UTC)
    if at.date() == now.date():
        return at.strftime("%H:%M")
    if timedelta(0) <= now - at < timedelta(days=6):
        return at.strftime("%a")
    day = str(at.day)
    return at.strftime(f"{day} %b") if at.year == now.year else at.strftime(f"{day} %b %Y")


def when_long(at: datetime) -> str:
    return at.strftime(f"%A, {at.day} %B %Y, %H:%M UTC")


def type_label(content_type: str) -> str:
    kind, _slash, subtype = content_type.partition("/")
    return _TYPE_LABELS.get(content_type) or (f"{subtype.upper()} {kind}" if kind == "image" else "File")


def people(addresses: Sequence[Address], *, limit: int = 3) -> str:
    """A few names, and how many more."""
    names = [address.display for address in addresses[:limit]]
    more = len(addresses) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def full(addresses: Sequence[Address], *, limit: int = 20) -> str:
    return ", ".join(str(address) for address in addresses[:limit])


def counted(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many}"
