"""How a letter begins: empty, or as the answer to another one, and signed."""

from dataclasses import dataclass, replace
from html import escape

from core.db import Database
from mail import compose
from mail.addresses import is_cut
from mail.compose import Original
from mail.headers import Headers, parse
from mail.mailto import Mailto
from mail.message import choose
from mail.pool import Pool
from mail.refs import MessageRef
from mail.typed import typed
from mailboxes.access import MailboxAccess, is_neighbour
from mailboxes.rights import Right
from webmail.attaching import Attached, attached_from, is_one_of, pictures_of
from webmail.connection import mail_of, select_for
from webmail.drafting import Writing, is_key, new_key
from webmail.packing import unpacked
from webmail.texts import Quotable, quotable

_ROOM = "<p><br></p>"


@dataclass(frozen=True)
class Begun:
    """An answer to write on, the files that come along, and what it doesn't quote, in words; "" if it quotes all."""

    writing: Writing
    attached: list[Attached]
    left_out: str


def begin(access: MailboxAccess, letter: Mailto) -> Writing:
    """A message with what a link wants in it, signed."""
    access.require(Right.SEND)
    return Writing(
        key=new_key(),
        to=letter.to,
        cc=letter.cc,
        bcc=letter.bcc,
        subject=letter.subject,
        text=letter.body + _signed(access, ""),
        html=_signed_html(access, ""),
    )


def begin_answer(pool: Pool, db: Database, access: MailboxAccess, ref: MessageRef, mode: str) -> Begun:
    """A reply (mode *reply*, *reply_all*) or a *forward* of a message, with what it quotes and, forwarded, attaches.

    Raises MessageGone, FolderChanged, HostileMessage.
    """
    access.require(Right.SEND)
    with mail_of(pool, access, ref.folder) as imap:
        select_for(imap, access, [ref])
        opened = imap.open(ref.uid)
        layout = choose(opened.structure)
        quoted = quotable(imap, ref.uid, layout)
        sent_on = unpacked(imap, ref.uid, layout, instead=True) if mode == "forward" else layout
    headers = parse(opened.header, opened.charset)
    original = Original.read(headers, quoted.text, quoted.html or None)
    if access.is_shared and any(is_neighbour(db, access, author.address) for author in original.from_):
        # A colleague's letter is not the customer's, and the ids in it may name their machine (RFC 5322 §3.6.4).
        ids = tuple(one for one in original.references if _tells_nothing(access, one))
        own = original.message_id if _tells_nothing(access, original.message_id) else ""
        original = replace(original, message_id=own, references=ids)
    attached = pictures_of(layout, quoted.html)
    if mode == "forward":
        draft = compose.forward(original, rich=True)
        attached += [attached_from(part) for part in sent_on.attachments if not is_one_of(attached, part)]
    else:
        draft = compose.reply(original, me=access.address, everyone=mode == "reply_all", rich=True)
    writing = Writing(
        key=new_key(),
        mode=mode,
        to=typed(draft.to),
        cc=typed(draft.cc),
        subject=draft.subject,
        text=_signed(access, draft.text),
        html=_signed_html(access, draft.html or ""),
        format="html" if quoted.html else "text",
        answers=ref,
        in_reply_to=draft.in_reply_to,
        references=draft.references,
        keep=[attachment.id for attachment in attached],
    )
    return Begun(writing, attached, " ".join([*_not_everybody(headers, mode), *_left_out(quoted), *sent_on.notes]))


def _not_everybody(headers: Headers, mode: str) -> list[str]:
    answered = {"reply": ("reply-to", "from"), "reply_all": ("reply-to", "from", "to", "cc")}.get(mode, ())
    if not any(is_cut(headers, name) for name in answered):
        return []
    return ["The message names more people than an answer can go to: only the first are in To and Cc."]


def _left_out(quoted: Quotable) -> list[str]:
    return ["The message is too long to be quoted as a whole: only its beginning is."] if quoted.cut else []


def _tells_nothing(access: MailboxAccess, message_id: str) -> bool:
    """Made here, of chance and the mailbox's own domain. Another domain of the team's would name who is behind it."""
    left, _, domain = message_id.strip("<>").rpartition("@")
    return is_key(left) and domain == access.address.rpartition("@")[2]


def _signed(access: MailboxAccess, text: str) -> str:
    """Room to write, the signature (RFC 3676 §4.3), then what is quoted."""
    return f"\n\n-- \n{access.signature}\n{text}" if access.signature else text


def _signed_html(access: MailboxAccess, html: str) -> str:
    quoted = html.removeprefix(_ROOM)
    if not access.signature:
        return _ROOM + quoted
    lines = "<br>".join(escape(line) for line in access.signature.splitlines())
    return f"{_ROOM}<p>-- <br>{lines}</p>{quoted}"
