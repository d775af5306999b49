"""The saved versions of what is being written, as they lie in Drafts: whose is whose, and which may go.

Every version says which window it was saved from. A version replaces the one that was on screen and whatever the same
window saved before; what another window saved since is somebody's words, and stays.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from core.errors import PostroomError
from mail.errors import MailError, MessageGone
from mail.imap.client import Imap
from mail.imap.folders import Folder
from mail.imap.pool import Pool
from mail.imap.refs import MessageRef
from mail.message.headers import Headers, parse
from mailboxes.access import MailboxAccess
from webmail.connection import ensured_folder, mail_of, select

# What a draft needs beyond the message itself: the address fields as typed, the format, and what it answers.
_HEADER = "X-Postroom-Draft"


class DraftChanged(PostroomError):
    """The newest version in Drafts, `theirs`, isn't the one on screen, and was saved from another window."""

    code = "draft_changed"
    status = 409
    public = "Somebody changed this draft meanwhile: a colleague, or you in another window."

    def __init__(self, theirs: MessageRef) -> None:
        super().__init__(str(theirs))
        self.theirs = theirs


@dataclass(frozen=True)
class Versions:
    """The UIDs in Drafts, oldest first: `uids` are all, `theirs` the last words of every other window."""

    folder: str
    uidvalidity: int
    uids: list[int]
    theirs: list[int]
    shown: int

    @property
    def changed(self) -> MessageRef | None:
        """The newest version, when it is newer than the one on screen and somebody else's."""
        newer = [uid for uid in self.theirs if uid > self.shown]
        return MessageRef(self.folder, self.uidvalidity, newer[-1]) if newer else None

    @property
    def superseded(self) -> list[int]:
        """What a newer version replaces."""
        return [uid for uid in self.uids if uid not in self.theirs]


def versions_of(imap: Imap, access: MailboxAccess, message_id: str, shown: MessageRef | None, window: str) -> Versions:
    """The versions with this Message-ID, seen from a window that shows the version `shown`; takes Drafts in hand."""
    folder = ensured_folder(imap, "drafts")
    selected = select(imap, access, folder)
    uids = set(imap.searches.find_message_id(folder, message_id))
    on_screen = 0
    if shown and (shown.folder, shown.uidvalidity) == (folder, selected.uidvalidity):
        on_screen = shown.uid
    theirs: set[int] = set()
    if uids - {on_screen}:
        last_of = {_window_of(imap, uid): uid for uid in sorted(uids)}
        theirs = {uid for name, uid in last_of.items() if name != window} - {on_screen}
    known = sorted((uids | {on_screen}) - {0})
    return Versions(folder, selected.uidvalidity, known, sorted(theirs), on_screen)


def _window_of(imap: Imap, uid: int) -> str:
    """From which window it was saved; for one that doesn't say, a name that no other has."""
    try:
        return kept_fields(parse(imap.messages.header(uid))).get("window") or f"unknown {uid}"
    except MessageGone:
        return f"gone {uid}"


def begun_answer(pool: Pool, access: MailboxAccess, folders: Sequence[Folder], message_id: str) -> MessageRef | None:
    """The newest draft that answers this message, whoever of the team began it.

    While Drafts is empty nobody is asked. A mail server that can't tell is no reason not to show the message.
    """
    drafts = next((folder for folder in folders if folder.role == "drafts"), None)
    if not (access.can_send and message_id and drafts and drafts.total):
        return None
    with suppress(MailError), mail_of(pool, access, drafts.name) as imap:
        selected = select(imap, access, drafts.name)
        if uids := imap.searches.find_answers(message_id):
            return MessageRef(drafts.name, selected.uidvalidity, uids[-1])
    return None


def draft_header(fields: Mapping[str, str]) -> bytes:
    """The header that goes before a saved version, and never into a message that is sent."""
    encoded = base64.b64encode(json.dumps({name: value for name, value in fields.items() if value}).encode())
    lines = [encoded[start : start + 70] for start in range(0, len(encoded), 70)]
    return _HEADER.encode() + b": " + b"\r\n ".join(lines) + b"\r\n"


def kept_fields(headers: Headers) -> dict[str, str]:
    """What `draft_header` kept; nothing when there is none, or when it isn't ours."""
    try:
        encoded = headers.get(_HEADER).replace(" ", "")
        kept = json.loads(base64.b64decode(encoded, validate=True)) if encoded else {}
    except (ValueError, binascii.Error, RecursionError):
        return {}
    if not isinstance(kept, dict):
        return {}
    # JSON can spell half a surrogate pair, which no page can carry.
    return {
        str(name): value.encode(errors="replace").decode() for name, value in kept.items() if isinstance(value, str)
    }


def kept_answers(kept: Mapping[str, str]) -> MessageRef | None:
    """The message that is answered, if the header named one."""
    try:
        return MessageRef.parse(kept["folder"], kept["answers"])
    except (KeyError, PostroomError):
        return None
