"""What a person wrote to the bytes that are sent, and what they read to the answer they start from. Pure."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Final

from mail import clean
from mail.html import plaintext, sanitize
from mail.message import headers, mime
from mail.message.addresses import Address, addresses_of, belongs_to

MAX_REFERENCES: Final = 20
# Whom an answer may go to is named in these.
ANSWERED: Final = ("From", "Sender", "Reply-To", "To", "Cc")

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# The answer and forward marks that mail programs write in their languages, also numbered: "Re[2]:", "AW:", "Fwd:",
# "YNT:", and no other word with a colon. The short ones are marks in capitals only: "Enc:" is the writer's own.
_ANY_CASE: Final = (
    "re|fwd?|aw|wg|antw|doorst|sv|svar|vs|vb|vl|odp|res|rif|tr|rv|ynt|[iİ]lt|vá|továbbítás|"
    "σχετ|απ|πρθ|отв|пересл|回复|回覆|答复|答覆|转发|轉寄|轉發|返信|転送|회신|답장|전달|תגובה|הועבר|رد|إعادة توجيه"
)
_CAPITALS: Final = "R|I|ENC|PD|ATB|YML|BLS"
_MARKS: Final = re.compile(rf"(?:\s*(?:(?i:{_ANY_CASE})|{_CAPITALS})\s?(?:\[\d{{1,3}}\]|\(\d{{1,3}}\))?\s?[:：])+\s*")


@dataclass(frozen=True, slots=True)
class OutgoingAttachment:
    """A file; with a `content_id` (without its angle brackets) a picture for the HTML that refers to it."""

    filename: str
    content_type: str
    data: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as its writer sees it. `html` is None for plain text; message ids are "<left@right>"."""

    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    subject: str = ""
    text: str = ""
    html: str | None = None
    attachments: tuple[OutgoingAttachment, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()

    @property
    def recipients(self) -> tuple[str, ...]:
        """The envelope recipients: everybody once."""
        return tuple(dict.fromkeys(address.address for address in (*self.to, *self.cc, *self.bcc)))


@dataclass(frozen=True, slots=True)
class Original:
    """What an answer needs to know of the message answered; nothing of who answers."""

    from_: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    date: datetime | None = None
    message_id: str = ""
    references: tuple[str, ...] = ()
    text: str = ""
    html: str | None = None

    @classmethod
    def read(cls, received: headers.Headers, text: str, html: str | None = None) -> "Original":
        """From the headers and the body of a received message; never raises."""

        def people(name: str) -> tuple[Address, ...]:
            return tuple(addresses_of(received, name))

        thread = headers.message_ids(received.raw("references")) or headers.message_ids(received.raw("in-reply-to"))[:1]
        return cls(
            people("from") or people("sender"), people("reply-to"), people("to"), people("cc"),
            received.get("subject"), received.date(),
            headers.message_id(received.raw("message-id")), tuple(thread), text, html,
        )  # fmt: skip


def new_message_id(domain: str) -> str:
    """A message id that tells nothing but the domain (RFC 5322 section 3.6.4)."""
    return f"<{secrets.token_hex(16)}@{domain}>"


def build(draft: Draft, *, identity: Address, message_id: str, date: int, keep_bcc: bool = False) -> bytes:
    """The message as it goes on the wire: CRLF, ASCII but for addresses beyond it.

    `identity` is the only source of From; `date` is in unix seconds and written in UTC, so that no zone tells where
    the writer is. Every header is written here and nothing adds another: no Sender, User-Agent or host name. Bcc
    stays in a draft only. HTML is sanitised and gets its text form beside it, and the pictures that it shows (RFC
    2387); a draft keeps the others, which an undo may bring back. Raises ValueError for an address or message id that
    isn't well-formed.
    """
    if headers.message_ids(message_id) != [message_id]:
        raise ValueError(f"not a message id: {message_id!r}")
    boundary = "=_" + hashlib.sha256(message_id.encode()).hexdigest()[:40]
    pieces = [
        mime.structured("From", [mime.mailbox(identity)], ","),
        *_recipients(draft, keep_bcc=keep_bcc),
        mime.header("Subject", draft.subject),
        mime.structured("Date", [format_datetime(datetime.fromtimestamp(date, UTC))], " "),
        mime.structured("Message-ID", [message_id], " "),
        *_thread(draft),
        b"MIME-Version: 1.0\r\n",
        *_body(draft, boundary, all_pictures=keep_bcc),
    ]
    return b"".join(pieces)


def _recipients(draft: Draft, *, keep_bcc: bool) -> list[bytes]:
    lines = []
    for name, people in (("To", draft.to), ("Cc", draft.cc), ("Bcc", draft.bcc if keep_bcc else ())):
        if people:
            lines.append(mime.structured(name, map(mime.mailbox, people), ", "))
    if not draft.to and not draft.cc and not keep_bcc:
        lines.append(b"To: undisclosed-recipients:;\r\n")
    return lines


def _thread(draft: Draft) -> list[bytes]:
    answered = headers.message_ids(draft.in_reply_to)[:1]
    references = _capped(headers.message_ids(" ".join(draft.references)))
    lines = [mime.structured("In-Reply-To", answered, " ")] if answered else []
    return [*lines, mime.structured("References", references, " ")] if references else lines


def _body(draft: Draft, boundary: str, *, all_pictures: bool) -> list[bytes]:
    pictures: list[OutgoingAttachment] = []
    if draft.html is None:
        body = mime.text_part(draft.text, "plain")
    else:
        html = sanitize.html(draft.html, images=lambda url: url, cid=kept_picture, notes=False)
        used = {mime.content_id(name) for name in html.content_ids}
        pictures = [
            one
            for one in draft.attachments
            if one.content_id and (all_pictures or mime.content_id(one.content_id) in used)
        ]
        text = draft.text or plaintext.from_html(html.html, show_links=True)
        rich = mime.text_part(html.html, "html")
        if pictures:
            rich = mime.multipart("related", boundary + ".r", [rich, *map(_file, pictures)])
        body = mime.multipart("alternative", boundary + ".a", [mime.text_part(text, "plain"), rich])
    files = [one for one in draft.attachments if draft.html is None or not one.content_id]
    return mime.multipart("mixed", boundary, [body, *map(_file, files)]) if files else body


def _file(attachment: OutgoingAttachment) -> list[bytes]:
    return mime.file_part(attachment.filename, attachment.content_type, attachment.data, picture=attachment.content_id)


def kept_picture(content_id: str) -> str:
    """How HTML that is sent on refers to a picture of the text: as it did, by a Content-ID that is fit for it."""
    return f"cid:{mime.content_id(content_id)}"


def reply(original: Original, *, me: str, everyone: bool = False, rich: bool = False) -> Draft:
    """The draft an answer starts from; `me` is the address of the mailbox that answers, `rich` asks for HTML.

    An answer goes to Reply-To, else From (RFC 5322 section 3.6.2), else Sender; one to one's own message to whom that
    went.
    Where a program wrote it in one's own name for somebody else (a contact form), Reply-To says for whom. `everyone`
    adds the other recipients. Nothing goes to `me` or a sub-address of it, but an answer to a note to oneself. Of whom
    the name gives itself out for an address, the address alone is taken.
    """
    own = bool(original.from_) and all(belongs_to(author.address, me) for author in original.from_)
    to = _others(original.reply_to, me) or _others(original.to if own else original.from_, me)
    cc = _others((*original.to, *original.cc), me, but=to) if everyone else ()
    if not to:
        to, cc = cc or (original.from_ if own and original.to else ()), ()
    said = f"{_attribution(original)}\n"
    return Draft(
        to=to,
        cc=cc,
        subject=f"Re: {_bare(original.subject)}",
        text=f"\n\n{said}{plaintext.quote(_text(original))}\n",
        html=f"<p><br></p><p>{escape(said.strip())}</p>{_quoted(original)}" if rich else None,
        in_reply_to=original.message_id,
        references=_answer_references(original),
    )


def forward(original: Original, *, rich: bool = False) -> Draft:
    """The draft a forwarded message starts from; its files are for the caller to add."""
    lines = [
        "---------- Forwarded message ----------",
        f"From: {', '.join(map(str, original.from_))}",
        *([f"Date: {_when(original.date)} ({original.date:%z})"] if original.date else []),
        f"Subject: {clean.one_line(original.subject)}",
        f"To: {', '.join(map(str, original.to))}",
        *([f"Cc: {', '.join(map(str, original.cc))}"] if original.cc else []),
    ]
    top = "<br>".join(escape(line) for line in lines)
    return Draft(
        subject=f"Fwd: {_bare(original.subject)}",
        text="\n\n" + "\n".join(lines) + f"\n\n{_text(original)}\n",
        html=f"<p><br></p><p>{top}</p>{_html(original)}" if rich else None,
        references=_answer_references(original),
    )


def _attribution(original: Original) -> str:
    """Who wrote the message answered, from its own From alone."""
    name = original.from_[0].display if original.from_ else ""
    when = f"On {_when(original.date)}, " if original.date else ""
    return f"{when}{clean.one_line(name) or 'someone'} wrote:"


def _when(date: datetime) -> str:
    """On the clock of who wrote the message, which is the one its reader goes by: never a member's."""
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year} at {date:%H:%M}"


def _text(original: Original) -> str:
    return original.text or (plaintext.from_html(original.html) if original.html else "")


def _html(original: Original) -> str:
    """The body as HTML, always through the sanitiser; nothing remote in it, no note of ours."""
    if original.html is not None:
        return sanitize.html(original.html, cid=kept_picture, notes=False).html
    return f"<div>{plaintext.to_html(original.text)}</div>"


def _quoted(original: Original) -> str:
    return f"<blockquote>{_html(original)}</blockquote>"


def _bare(subject: str) -> str:
    """The subject without its marks, so that they never pile up."""
    subject = clean.one_line(subject)[: mime.MAX_SUBJECT]
    marks = _MARKS.match(subject)
    return subject[marks.end() :] if marks else subject


def _answer_references(original: Original) -> tuple[str, ...]:
    return tuple(_capped(dict.fromkeys((*original.references, original.message_id))))


def _capped(ids: Iterable[str]) -> list[str]:
    """The first, which began the conversation, and the last ones."""
    kept = [message_id for message_id in ids if message_id]
    return kept if len(kept) <= MAX_REFERENCES else [kept[0], *kept[1 - MAX_REFERENCES :]]


def _others(people: Iterable[Address], me: str, but: Iterable[Address] = ()) -> tuple[Address, ...]:
    """Everybody once who can be written to and isn't the mailbox `me`."""
    gone = {address.address.lower() for address in but}
    kept: dict[str, Address] = {}
    for address in people:
        known = address.address.lower()
        if address.valid and known not in gone and not belongs_to(known, me):
            kept.setdefault(known, address.without_false_name)
    return tuple(kept.values())
