"""From the shape of a received message to what a person sees of it: one body and a list of attachments."""

import re
from dataclasses import dataclass, field
from typing import Final

from mail import charsets, clean, filenames, transfer
from mail.structure import Part

MAX_PARTS: Final = 500
MAX_NESTING: Final = 50
MAX_BOUNDARY: Final = 300

# Types a browser draws without running anything; their bytes still have to prove it when they are opened.
RASTER_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
_META_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part offered as a file. `size` is in octets after decoding, estimated from the encoded size.

    `inline` means that the HTML body may refer to it by `content_id` (without its angle brackets). `openable` means
    that its type may be drawn in the browser, once its first bytes have proved it.
    """

    section: str
    filename: str
    content_type: str
    size: int
    inline: bool
    content_id: str
    openable: bool
    encoding: str


@dataclass(frozen=True, slots=True)
class Layout:
    """What to show: at most one text and one HTML form of the same body, and the rest as attachments.

    `reason` says why nothing is shown but the source; it is None otherwise.
    """

    text: Part | None = None
    html: Part | None = None
    attachments: tuple[Attachment, ...] = ()
    reason: str | None = None

    def by_content_id(self, content_id: str) -> Attachment | None:
        """The attachment a cid: URL means (RFC 2392)."""
        return next((a for a in self.attachments if a.content_id and a.content_id == content_id), None)


@dataclass
class _Choice:
    text: Part | None = None
    html: Part | None = None
    attachments: list[Attachment] = field(default_factory=list)


def choose(root: Part) -> Layout:
    """Decide what of a message is its body. Never raises; a tree out of all proportion gets a `reason` instead."""
    if reason := _beyond_bounds(root):
        return Layout(reason=reason)
    choice = _Choice()
    _visit(root, choice, related=False, alternative=False)
    return Layout(choice.text, choice.html, tuple(choice.attachments))


def _beyond_bounds(root: Part) -> str:
    parts, level = 0, [root]
    for _ in range(MAX_NESTING + 1):
        parts += len(level)
        if parts > MAX_PARTS:
            return f"It has more than {MAX_PARTS} parts."
        for part in level:
            if max(len(part.params), len(part.disposition_params)) > filenames.MAX_PARAMS:
                return f"One of its parts has more than {filenames.MAX_PARAMS} parameters."
            if len(part.params.get("boundary", "")) > MAX_BOUNDARY:
                return f"The boundary between its parts is longer than {MAX_BOUNDARY} characters."
        level = [child for part in level for child in part.children]
        if not level:
            return ""
    return f"Its parts are nested more than {MAX_NESTING} deep."


def _visit(part: Part, choice: _Choice, *, related: bool, alternative: bool) -> None:
    """RFC 2046 section 5.1: in `alternative` every form of the body counts, elsewhere the first text does."""
    if part.content_type == "multipart/alternative":
        for child in part.children:
            _visit(child, choice, related=related, alternative=True)
    elif part.content_type.startswith("multipart/"):
        inner = related or part.content_type == "multipart/related"
        for number, child in enumerate(part.children):
            _visit(child, choice, related=inner, alternative=alternative and number == 0)
    elif not _take_as_body(part, choice, alternative=alternative):
        choice.attachments.append(_attachment(part, related=related))


def _take_as_body(part: Part, choice: _Choice, *, alternative: bool) -> bool:
    if part.disposition == "attachment":
        return False
    if part.content_type == "text/x-amp-html":  # a form of the body that only runs as a program
        return True
    free = choice.text is None and choice.html is None
    if part.content_type == "text/plain" and (free or (alternative and choice.text is None)):
        choice.text = part
        return True
    if part.content_type == "text/html" and (free or (alternative and choice.html is None)):
        choice.html = part
        return True
    return False


def _attachment(part: Part, *, related: bool) -> Attachment:
    content_id = clean.one_line(part.content_id).strip("<> ")[:250]
    raster = part.content_type in RASTER_TYPES
    return Attachment(
        section=part.section,
        filename=filenames.from_params(part.disposition_params, part.params, part.content_type),
        content_type=part.content_type,
        size=part.size * 37 // 50 if part.encoding == "base64" else part.size,
        inline=bool(content_id)
        and part.content_type.startswith("image/")
        and (related or part.disposition == "inline"),
        content_id=content_id,
        openable=raster,
        encoding=part.encoding,
    )


def decode_body(raw: bytes, part: Part) -> str:
    """The text of a body part fetched as it stands on the server: LF line ends, no control characters.

    An HTML body without a charset of its own is asked for the one its <meta> names.
    """
    content = transfer.decode(raw, part.encoding)
    charset = filenames.param(part.params, "charset")
    if not charset and part.content_type == "text/html" and (meta := _META_CHARSET.search(content[:4_096])):
        charset = meta[1].decode("ascii")
    return clean.body(charsets.decode(content, charset or None))


def is_flowed(part: Part) -> bool:
    """Whether a text body may be wrapped anew (RFC 3676)."""
    return part.params.get("format", "").lower() == "flowed"
