"""What people type into the search box, read as a question for the mail server.

The box holds the whole question: `from:kim subject:"late parcel" is:unread refund`.
"""

import re
from dataclasses import dataclass

from mail.errors import HostileMessage, MessageGone
from mail.html import plaintext
from mail.html.spelling import folded, traces
from mail.imap.client import Imap
from mail.imap.search import Search
from mail.message.contents import decode_body
from mail.message.headers import decode_words, parse
from mail.message.structure import Part

_TERM = re.compile(r'(?:(from|to|subject|is):\s*)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)
# What a tag cuts or a code hides the server can't find: that is looked for in so many of a folder's newest messages,
# and of those that may have it, so many are read, as far as this of each text.
LOOKED_THROUGH = 1_000
_READ = 50
_MOST_TEXTS = 4
_TEXT_LIMIT = 200_000
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


@dataclass(frozen=True)
class Found:
    """How many messages are found. `partly`: what the HTML of older ones hides was not looked for."""

    total: int
    partly: bool = False


def find(imap: Imap, search: Search, exists: int) -> Found:
    """What the server finds in the folder in hand, and what HTML hides from it. The server remembers which.

    `exists` is how many messages the folder has.
    """
    total = imap.searches.find(search)
    if not exists or not any(traces(word) for word in search.words):
        return Found(total)
    perhaps = imap.searches.perhaps(search, LOOKED_THROUGH)
    wanted = [folded(word) for word in search.words]
    also = [uid for uid in perhaps[-_READ:] if _shows(imap, uid, wanted)]
    return Found(imap.searches.add_to_found(also) if also else total, exists > LOOKED_THROUGH or len(perhaps) > _READ)


def _shows(imap: Imap, uid: int, wanted: list[str]) -> bool:
    """Whether a person reads all of it in the message, its header among it."""
    try:
        opened = imap.messages.open(uid)
        headers = parse(opened.header, opened.charset)
    except (HostileMessage, MessageGone):
        return False
    texts = [part for part in opened.structure.walk() if part.content_type in ("text/plain", "text/html")][:_MOST_TEXTS]
    raw = imap.messages.parts(uid, [part.section for part in texts], 0, _TEXT_LIMIT) if texts else {}
    said = [decode_words(value) for _name, value in headers.fields]
    said += [_read(raw[part.section], part) for part in texts]
    all_of_it = folded(" ".join(said))
    return all(word in all_of_it for word in wanted)


def _read(raw: bytes, part: Part) -> str:
    text = decode_body(raw, part)
    return plaintext.from_html(text) if part.content_type == "text/html" else text


def narrowed(typed: str, field: str, text: str) -> str:
    """What was typed, and this text in this field as well."""
    text = text.replace('"', " ").strip()
    if not text:
        return typed
    term = f'{field}:"{text}"' if " " in text else f"{field}:{text}"
    return f"{typed} {term}".strip()
