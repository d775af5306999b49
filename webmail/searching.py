"""What people type into the search box, read as a question for the mail server.

The box holds the whole question: `from:kim subject:"late parcel" is:unread refund`.
"""

import re

from mail.imap_search import Search

_TERM = re.compile(r'(?:(from|to|subject|is):\s*)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)
_STATES = ("unread", "starred", "answered")


def understood(typed: str) -> Search | None:
    """The question in what was typed; None when nothing is asked."""
    texts: dict[str, list[str]] = {"": [], "from": [], "to": [], "subject": []}
    states = set()
    for field, quoted, word in _TERM.findall(typed):
        name, text = field.lower(), quoted or word
        if name == "is" and text.lower() in _STATES:
            states.add(text.lower())
        elif text:
            texts.get(name, texts[""]).append(text)
    search = Search(
        words=tuple(texts[""]),
        from_=tuple(texts["from"]),
        to=tuple(texts["to"]),
        subject=tuple(texts["subject"]),
        unseen="unread" in states,
        flagged="starred" in states,
        answered="answered" in states,
    )
    return search if search != Search() else None


def narrowed(typed: str, field: str, text: str) -> str:
    """What was typed, and this text in this field as well."""
    text = text.replace('"', " ").strip()
    if not text:
        return typed
    term = f'{field}:"{text}"' if " " in text else f"{field}:{text}"
    return f"{typed} {term}".strip()
