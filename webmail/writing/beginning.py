"""How a letter begins: empty, or as the answer to another one, and signed."""

from dataclasses import dataclass, replace
from html import escape

from core.db import Database
from mail.html.mailto import Mailto
from mail.imap.pool import Pool
from mail.imap.refs import MessageRef
from mail.message import compose
from mail.message.addresses import addresses_of, is_cut
from mail.message.compose import ANSWERED, Original
from mail.message.contents import Layout, choose
from mail.message.headers import Headers, parse
from mail.message.typed import typed
from mailboxes.access import MailboxAccess, is_neighbour
from mailboxes.rights import Right
from webmail.connection import mail_of, select_for
from webmail.reading.packing import unpacked
from webmail.reading.texts import Quotable, quotable
from webmail.writing.attaching import Attached, attached_from, is_one_of, pictures_of
from webmail.writing.drafting import Writing, is_key, new_key

_ROOM = "<p><br></p>"


@dataclass(frozen=True)
class Begun:
    """An answer to write on, the files that come along, and in words what it leaves out of the message, or ""."""

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
        opened = imap.messages.open(ref.uid)
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
    taken = {address.address for address in (*draft.to, *draft.cc)}
    return Begun(writing, attached, _left_out(quoted, sent_on, _people_cut(headers, taken)))


def _people_cut(headers: Headers, taken: set[str]) -> list[str]:
    """The fields that gave the answer its addresses, and have more of them than can be read."""
    found = {name: addresses_of(headers, name) for name in ANSWERED}
    gave = (name for name, people in found.items() if not taken.isdisjoint(one.address for one in people))
    return [name for name in gave if is_cut(headers, name)]


def _left_out(quoted: Quotable, layout: Layout, people_cut: list[str]) -> str:
    not_all = [
        f"The message names more people under {name} than can be taken over: some of them are missing here."
        for name in people_cut
    ]
    too_long = ["The message is too long to be quoted as a whole: only its beginning is."] if quoted.cut else []
    return " ".join([*not_all, *too_long, *layout.notes])


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
