"""How dates and kinds of files are put for a person."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from mail.message.addresses import Address

FOLDER_LABELS = {
    "inbox": "Inbox",
    "drafts": "Drafts",
    "sent": "Sent",
    "archive": "Archive",
    "junk": "Junk",
    "trash": "Trash",
}
# The parts of a message's head that can be too long to be read whole (mail.headers).
FIELD_NAMES = {
    "from": "From",
    "sender": "Sender",
    "reply-to": "Reply to",
    "to": "To",
    "cc": "Cc",
    "bcc": "Bcc",
    "subject": "the subject",
    "header": "the header as a whole",
}
# Of the people of a message, in the list.
SHOWN = 3
NO_ADDRESS = "(no address)"
# A page of the list names a hundred of them, and `strftime` takes five times as long.
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
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


def when_short(at: datetime, now: datetime) -> str:
    """As short as it can be said: the time today, the weekday this week, the day this year, else month and year."""
    if at.date() == now.date():
        return f"{at.hour:02}:{at.minute:02}"
    if timedelta(0) <= now - at < timedelta(days=6):
        return _DAYS[at.weekday()][:3]
    day = f"{at.day} {_MONTHS[at.month - 1][:3]}"
    return day if at.year == now.year else f"{day} {at.year:04}"


def when_long(at: datetime) -> str:
    month = _MONTHS[at.month - 1]
    return f"{_DAYS[at.weekday()]}, {at.day} {month} {at.year:04}, {at.hour:02}:{at.minute:02} UTC"


def shortened(text: str, most: int) -> str:
    """The words of it that fit into so many characters; half of one where leaving it out would cost too much."""
    if len(text) <= most:
        return text
    start = text[: most - 3]
    whole = start.rpartition(" ")[0]
    return (whole if len(whole) * 3 > most * 2 else start) + "..."


def type_label(content_type: str) -> str:
    kind, _slash, subtype = content_type.partition("/")
    return _TYPE_LABELS.get(content_type) or (f"{subtype.upper()} {kind}" if kind == "image" else "File")


def people(addresses: Sequence[Address], *, limit: int = SHOWN, by_address: Collection[Address] = ()) -> str:
    """A few names, and how many more; of those whose names mislead, the addresses, which words without @ aren't."""
    shown = addresses[:limit]
    names = [(one.address if "@" in one.address else NO_ADDRESS) if one in by_address else one.display for one in shown]
    more = len(addresses) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def full(addresses: Sequence[Address], *, limit: int = 20) -> str:
    """Names and addresses, for the tooltip."""
    return ", ".join(
        str(one) if "@" in one.address else f"{NO_ADDRESS} calls itself {one.name or one.address}"
        for one in addresses[:limit]
    )


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def counted(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many}"
