"""The texts of a message: fetched together, each in the form that says something, and all of them to be quoted."""

from collections.abc import Sequence
from dataclasses import dataclass

from mail.html import as_text, plaintext, sanitize
from mail.imap.client import Imap
from mail.message import compose, enriched
from mail.message.contents import ENRICHED, Body, Layout, decode_body, is_parted
from mail.message.structure import Part

# What of a text is shown, and of all of them; the whole of each can be downloaded.
TEXT_LIMIT = 2_000_000
TOTAL_LIMIT = 6_000_000


@dataclass(frozen=True)
class Text:
    """A part read as text: `content` is plain, or HTML as it came. `cut` says that the part has more of it."""

    part: Part
    content: str
    cut: bool

    @property
    def is_html(self) -> bool:
        return self.part.content_type == "text/html"

    @property
    def says_anything(self) -> bool:
        return as_text.says_anything(self.content) if self.is_html else bool(self.content.strip())


@dataclass(frozen=True)
class Quotable:
    """The whole letter in one piece: as plain text, and as HTML when it has any. `cut` says that it isn't the whole."""

    text: str
    html: str
    cut: bool


def shown(imap: Imap, uid: int, layout: Layout) -> list[Text]:
    """What to show of a message in the selected folder, in order.

    Where the HTML form of a text says nothing it is the plain one (some programs send an empty page beside the words).
    """
    read = fetch(imap, uid, [part for body in layout.bodies for part in body.html or body.text])
    if spare := [part for body in layout.bodies if body.html and not _says(body.html, read) for part in body.text]:
        read |= fetch(imap, uid, spare)
    return [read[part.section] for body in layout.bodies for part in _richest(body, read)]


def quotable(imap: Imap, uid: int, layout: Layout) -> Quotable:
    """All texts of a message in the selected folder, in both forms."""
    read = fetch(imap, uid, [part for body in layout.bodies for part in (*body.text, *body.html)])
    rich = any(_says(body.html, read) for body in layout.bodies)
    texts = [_as_text(body, read) for body in layout.bodies]
    pieces = [read[part.section] for body in layout.bodies for part in _richest(body, read)] if rich else []
    return Quotable(
        text="\n\n".join(text.strip("\n") for text in texts if text.strip()) if len(texts) > 1 else "".join(texts),
        html=pieces[0].content if len(pieces) == 1 else "".join(_as_html(piece) for piece in pieces),
        cut=any(text.cut for text in read.values()),
    )


def fetch(imap: Imap, uid: int, parts: Sequence[Part]) -> dict[str, Text]:
    """These parts by their section, in one round trip."""
    if not parts:
        return {}
    room = min(TEXT_LIMIT, TOTAL_LIMIT // len(parts))
    found = imap.messages.parts(uid, [part.section for part in parts], 0, room)
    return {part.section: _read(part, found[part.section], room) for part in parts}


def _read(part: Part, raw: bytes, room: int) -> Text:
    content = decode_body(raw, part)
    if part.content_type in ENRICHED:
        content = enriched.text(content)
    if (boundary := part.params.get("boundary")) and f"\n--{boundary}\n" in f"\n{content}\n":
        content = ""  # a multipart with nothing in it, not one whose parts can't be told apart
    most = sanitize.MAX_OUTPUT if part.content_type == "text/html" else plaintext.MAX_TEXT
    return Text(part, content, cut=len(raw) == room != part.size or len(content) > most)


def _says(parts: Sequence[Part], read: dict[str, Text]) -> bool:
    return any(read[part.section].says_anything for part in parts)


def _richest(body: Body, read: dict[str, Text]) -> tuple[Part, ...]:
    return body.html if not body.text or _says(body.html, read) else body.text


def _as_text(body: Body, read: dict[str, Text]) -> str:
    parts = body.text if _says(body.text, read) or not body.html else body.html
    texts = [read[part.section] for part in parts]
    return "\n".join(plaintext.from_html(text.content) if text.is_html else _whole_lines(text) for text in texts)


def _as_html(text: Text) -> str:
    """One of several texts, made harmless on its own, so that nothing in it reaches into the next."""
    if text.is_html:
        return f"<div>{sanitize.html(text.content, cid=compose.kept_picture, notes=False).html}</div>"
    return f"<div>{plaintext.to_html(_whole_lines(text))}</div>"


def _whole_lines(text: Text) -> str:
    """To be quoted: a word that wraps is one word."""
    return plaintext.rejoined(text.content) if is_parted(text.part) else text.content
