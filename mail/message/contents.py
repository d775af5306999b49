"""From the shape of a received message to what a person sees of it: its texts in order, and a list of attachments."""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from mail import clean
from mail.message import charsets, filenames, opaque, transfer
from mail.message.structure import Part

MAX_BODIES: Final = 50

# Types a browser draws without running anything; their bytes still have to prove it when they are opened.
RASTER_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
# What mailers call them besides, and how their files end when the type says nothing.
_RASTER_ALIASES: Final = frozenset({"image/jpg", "image/pjpeg", "image/x-png", "image/x-ms-bmp", "image/x-bmp"})
_RASTER_NAME: Final = re.compile(r".*\.(?:png|jpe?g|jfif|gif|webp|bmp)", re.IGNORECASE | re.DOTALL)
# Read as a letter even when they have a name. RFC 1896, and RFC 1341 which called it richtext.
ENRICHED: Final = frozenset({"text/enriched", "text/richtext"})
_LETTERS: Final = frozenset({"text/plain", "text/html"}) | ENRICHED
# Text that is written for programs; a person gets it as a file.
_DATA: Final = frozenset(
    {"text/calendar", "text/vcard", "text/x-vcard", "text/directory", "text/rfc822-headers", "text/css"}
    | {"text/javascript", "text/x-amp-html"}
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part offered as a file. `size` is in octets after decoding, estimated from the encoded size.

    `inline` means that the HTML body may refer to it by `content_id` (without its angle brackets). `openable` means
    that its type or name may be of something drawn in the browser, once its first bytes have proved it.
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
class Body:
    """One text of a message in its forms: the parts to read as plain text, and those to show where HTML may be.

    `html` is () for what has no such form. Each holds several parts in order where the sender put files between them;
    `html` then may hold plain ones, too (RFC 8621 section 4.1.4).
    """

    text: tuple[Part, ...] = ()
    html: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """What to show: every text of the message in order, and the rest as attachments.

    An inline text with a file name is both. `notes` say to a person what can't be shown as it was meant.
    """

    bodies: tuple[Body, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    notes: tuple[str, ...] = ()

    def by_content_id(self, content_id: str) -> Attachment | None:
        """The attachment a cid: URL means (RFC 2392)."""
        return next((a for a in self.attachments if a.content_id and a.content_id == content_id), None)

    def file(self, section: str) -> Attachment | None:
        """What can be downloaded from this section: an attachment, or one of the texts as a whole."""
        for attachment in self.attachments:
            if attachment.section == section:
                return attachment
        parts = {part.section: part for body in self.bodies for part in (*body.text, *body.html)}
        if section not in parts:
            return None
        ending = "html" if parts[section].content_type == "text/html" else "txt"
        return replace(_attachment(parts[section], related=False), filename=f"message.{ending}")


def choose(root: Part) -> Layout:
    """Decide what of a message is its text. Never raises for a tree as `mail.imap.bodystructure` makes it."""
    visit = _Visit()
    bodies = visit.part(root, related=False)
    for body in bodies[MAX_BODIES:]:
        visit.offer(body.html or body.text)
    if len(bodies) > MAX_BODIES:
        visit.notes.append(
            f"Of its {len(bodies)} texts the first {MAX_BODIES} are shown and quoted. The others are files."
        )
    if any(part.cut for part in root.walk()):
        visit.notes.append("It has more parts, or deeper ones, than can be shown and quoted. The source has all.")
    visit.notes += opaque.notes(root, has_text=bool(bodies))
    names = filenames.told_apart(attachment.filename for attachment in visit.attachments)
    files = (replace(file, filename=name) for file, name in zip(visit.attachments, names, strict=True))
    return Layout(tuple(bodies[:MAX_BODIES]), tuple(files), tuple(visit.notes))


@dataclass
class _Visit:
    attachments: list[Attachment] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def part(self, part: Part, *, related: bool, resource: bool = False) -> list[Body]:
        """The texts of a part and all below it; what isn't text goes to the attachments on the way.

        A `resource` is there for the root of its multipart/related only (RFC 2387).
        """
        if not part.content_type.startswith("multipart/"):
            return self._leaf(part, related=related, resource=resource)
        if _is_shapeless(part):
            self.notes.append("Where the parts of this message begin can't be told, so it is shown as it came.")
            return [Body((Part(part.section or "TEXT", "text/plain", {"boundary": part.params.get("boundary", "")}),))]
        if part.content_type == "multipart/alternative":
            return self._alternative(part, related=related)
        here = part.content_type == "multipart/related"
        return [
            body
            for number, child in enumerate(part.children)
            for body in self.part(child, related=related or here, resource=here and number > 0)
        ]

    def offer(self, parts: tuple[Part, ...]) -> None:
        """As files, unless they are offered already."""
        offered = {attachment.section for attachment in self.attachments}
        self.attachments += [_attachment(part, related=False) for part in parts if part.section not in offered]

    def _leaf(self, part: Part, *, related: bool, resource: bool) -> list[Body]:
        named = bool(filenames.param(part.disposition_params, "filename") or filenames.param(part.params, "name"))
        is_text = _is_text(part, named=named) and not (resource and part.content_id)
        if named or not is_text:
            self.attachments.append(_attachment(part, related=related))
        if not is_text:
            return []
        return [Body(html=(part,)) if part.content_type == "text/html" else Body((part,))]

    def _alternative(self, part: Part, *, related: bool) -> list[Body]:
        """The last form with HTML and the first without (RFC 2046 section 5.1.4).

        Another plain or HTML form is offered as a file: there are senders that put something else into it.
        """
        shown = [child for child in part.children if child.content_type != "text/x-amp-html" or child.disposition]
        forms = [bodies for child in shown if (bodies := self.part(child, related=related))]
        rich = next((form for form in reversed(forms) if any(body.html for body in form)), None)
        plain = next((form for form in forms if not any(body.html for body in form)), None)
        for form in forms:
            if form is not rich and form is not plain:
                spare = [one for body in form for one in (*body.text, *body.html)]
                self.offer(tuple(one for one in spare if one.content_type in {"text/plain", "text/html"}))
        if rich is None or plain is None:
            return rich or plain or []
        self.offer(tuple(one for body in rich if body.html for one in body.text))
        text = tuple(one for body in plain for one in body.text)
        return [Body(text, tuple(one for body in rich for one in body.html or body.text))]


def _is_text(part: Part, *, named: bool) -> bool:
    if part.disposition == "attachment" or not part.content_type.startswith("text/"):
        return False
    return part.content_type in _LETTERS or not (named or part.content_type in _DATA)


def _is_shapeless(part: Part) -> bool:
    """Without its boundary, or with another one: the server then tells of a single text with nothing in it."""
    leaf = part.children[0] if len(part.children) == 1 else None
    return not part.children or (leaf is not None and leaf.content_type == "text/plain" and not leaf.size)


def _attachment(part: Part, *, related: bool) -> Attachment:
    content_id = clean.one_line(part.content_id).strip("<> ")[:250]
    filename = filenames.from_params(part.disposition_params, part.params, part.content_type, part.subject)
    return Attachment(
        section=part.section,
        filename=filename,
        content_type=part.content_type,
        size=part.size * 37 // 50 if part.encoding == "base64" else part.size,
        inline=bool(content_id)
        and part.content_type.startswith("image/")
        and (related or part.disposition == "inline"),
        content_id=content_id,
        openable=_may_be_raster(part.content_type, filename),
        encoding=part.encoding,
    )


def _may_be_raster(content_type: str, filename: str) -> bool:
    if content_type in RASTER_TYPES or content_type in _RASTER_ALIASES:
        return True
    return content_type == "application/octet-stream" and is_raster_name(filename)


def is_raster_name(filename: str) -> bool:
    """Whether a file of this name says that it is a picture which browsers draw."""
    return _RASTER_NAME.fullmatch(filename) is not None


def decode_body(raw: bytes, part: Part) -> str:
    """The text of a body part fetched as it stands on the server: LF line ends, no control characters.

    An HTML body whose part says nothing, or what servers say then, is asked for the charset its <meta> names.
    """
    content = transfer.decode(raw, part.encoding)
    charset = filenames.param(part.params, "charset")
    if part.content_type == "text/html" and charsets.says_nothing(charset):
        charset = charsets.declared(content)
    return clean.body(charsets.decode(content, charset))


def is_flowed(part: Part) -> bool:
    """Whether a text body may be wrapped anew (RFC 3676)."""
    return part.params.get("format", "").lower() == "flowed"


def is_parted(part: Part) -> bool:
    """Whether a flowed text has blanks that belong to no word where it wraps (RFC 3676 section 4.1, DelSp)."""
    return is_flowed(part) and part.params.get("delsp", "").lower() == "yes"
