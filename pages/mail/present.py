"""From what the use cases found to what the templates show."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from flask import url_for

from mail.imap.folders import Folder
from mail.imap.refs import MessageRef, encode_folder
from mail.imap.summaries import RawAddress, Summary
from mail.message.addresses import Address, from_envelope
from mail.message.headers import decode_words
from mail.message.origin import is_forged
from mailboxes import outbox
from mailboxes.access import MailboxAccess, domains_of, mailboxes_of
from mailboxes.naming import imitated
from pages.mail import words
from pages.mail.contexts import AccessContext, FolderLink, Listing, Row, SharedLink, Sidebar, place, with_query
from web.context import services
from webmail.reading.folders import PAGE_SIZE, FolderPage, unread_in_inbox
from webmail.reading.searching import LOOKED_THROUGH

HUES = 12
_ROLE_ORDER = ["inbox", "drafts", "sent", "archive", "junk", "trash"]


def hue(access: MailboxAccess) -> int:
    """The colour of a shared mailbox, the same for everybody on its team; -1 for one's own mailbox."""
    return access.mailbox_id % HUES if access.is_shared else -1


def access_context(access: MailboxAccess) -> AccessContext:
    return AccessContext(
        address=access.address,
        display_name=access.display_name,
        kind=access.kind,
        label=access.label,
        hue=hue(access),
        can_organise=access.can_organise,
        can_send=access.can_send,
        from_line=str(Address(access.display_name, access.address)),
        compose_url=url_for("webmail.compose_new", mailbox=access.address),
        inbox_url=folder_url(access, "INBOX"),
    )


def folder_url(access: MailboxAccess, folder: str) -> str:
    return url_for("webmail.folder", mailbox=access.address, folder=folder)


def sidebar(access: MailboxAccess, folders: Sequence[Folder], current: str, *, counted: bool = True) -> Sidebar:
    """The folders of this mailbox, and the switcher: what the law says the person may open at this moment.

    Not `counted`, it asks no mail server how much is unread.
    """
    pool, db = services().pool, services().db
    links: list[SharedLink] = []
    own = access.actor.address
    own_unread = None
    for other in mailboxes_of(db, access.actor):
        here = other.address == access.address
        unread = None
        if counted:
            unread = _inbox_unread(folders) if here else unread_in_inbox(pool, other)
        if not other.is_shared:
            own_unread = unread
            continue
        links.append(
            SharedLink(
                address=other.address,
                label=other.label,
                url=folder_url(other, "INBOX"),
                unread=unread,
                hue=hue(other),
                current=here,
                read_only=not other.can_send,
            )
        )
    return Sidebar(
        folders=folder_links(access, folders, current),
        shared=links,
        own_url=url_for("webmail.folder", mailbox=own, folder="INBOX"),
        own_address=own,
        own_unread=own_unread,
        refresh_url=url_for("webmail.sidebar", mailbox=access.address, folder=current or "INBOX"),
    )


def folder_links(access: MailboxAccess, folders: Sequence[Folder], current: str) -> list[FolderLink]:
    """The folders everybody has, in the order people expect, then the person's own as a tree, by name.

    A folder that only holds others has no URL: nothing lies in it.
    """
    holding = [folder for folder in folders if folder.selectable]
    above = {name: folder.separator for folder in holding for name in _ancestors(folder)}
    for folder in holding:
        above.pop(folder.name, None)
    empty = [Folder(name, "", False, 0, 0, separator) for name, separator in above.items()]
    return [_folder_link(access, folder, current) for folder in sorted([*holding, *empty], key=_folder_order)]


def listing(access: MailboxAccess, found: FolderPage, search: str, current: str = "") -> Listing:
    """A page of the list. `current` is the ref of the message beside it."""
    base = folder_url(access, found.folder.name)

    def page_url(page: int) -> str:
        return with_query(base, place(page, search))

    start = (found.page - 1) * PAGE_SIZE
    return replace(
        bare_listing(access, found.folders, found.folder.name, found.page, search),
        rows=_rows(access, found, place(found.page, search), current),
        pages=found.pages,
        total=found.total,
        first=start + 1 if found.total else 0,
        last=start + len(found.rows),
        prev_url=page_url(found.page - 1) if found.page > 1 else None,
        next_url=page_url(found.page + 1) if found.page < found.pages else None,
        looked_through=LOOKED_THROUGH if found.partly else 0,
    )


def bare_listing(access: MailboxAccess, folders: Sequence[Folder], name: str, page: int, search: str) -> Listing:
    """The list as what stands beside it knows it: which it is and where messages can go, without rows."""
    links = folder_links(access, folders, name)
    link = next((link for link in links if link.current), links[0])
    return Listing(
        folder=link,
        base_url=link.url,
        moves=[target for target in links if target.url and not target.current and target.role != "drafts"],
        is_trash=link.role == "trash",
        is_drafts=link.role == "drafts",
        is_sent=link.role == "sent",
        is_junk=link.role == "junk",
        page=page,
        search=search,
    )


@dataclass(frozen=True)
class _Known:
    """What the database says of the people on a page of the list.

    `sent_by` tells by Message-ID who here sent it, `imitators` who bears the name of somebody here.
    """

    sent_by: Mapping[str, str]
    imitators: Collection[Address]
    own_domains: frozenset[str]


def _known(access: MailboxAccess, found: FolderPage) -> _Known:
    db, rows = services().db, found.rows
    # What came from outside may carry the Message-ID of an answer: only what lies in Sent was sent from here.
    sent_by = outbox.senders(db, access, [row.message_id for row in rows]) if found.folder.role == "sent" else {}
    # What lies in Sent or Drafts has no sender to be mistaken in.
    senders = [] if _is_outgoing(found) else senders_shown(rows)
    # Nearly no page has any claims, and then nobody has to be asked.
    own_domains = domains_of(db, access) if any(row.claims is not None for row in rows) else frozenset()
    return _Known(sent_by, imitated(db, access, senders), own_domains)


def senders_shown(rows: Sequence[Summary]) -> list[Address]:
    """Those whom the list names. A message may have fifty of them, and what isn't seen need not be judged."""
    return [one for row in rows for one in _addresses(row.from_raw)[: words.SHOWN]]


def _rows(access: MailboxAccess, found: FolderPage, beside: dict[str, str], current: str) -> list[Row]:
    base = folder_url(access, found.folder.name)  # every message's URL begins with it
    now = datetime.now(UTC)
    known = _known(access, found)
    return [_row(access, found, base, beside, summary, known, current, now) for summary in found.rows]


def _row(
    access: MailboxAccess,
    found: FolderPage,
    base: str,
    beside: dict[str, str],
    summary: Summary,
    known: _Known,
    current: str,
    now: datetime,
) -> Row:
    ref = MessageRef(found.folder.name, found.uidvalidity, summary.uid)
    draft = "\\Draft" in summary.flags and found.folder.role == "drafts"
    outgoing = _is_outgoing(found)
    people = _addresses(summary.to_raw if outgoing else summary.from_raw)
    names = words.people(people, by_address=known.imitators) or ("(no recipient)" if outgoing else "(no sender)")
    who = f"To: {names}" if outgoing else names
    subject = decode_words(summary.subject_raw) or "(no subject)"
    at = summary.internal_date
    url = f"{base}{ref.token}/draft" if draft and access.can_send else base + ref.token
    return Row(
        ref=ref.token,
        url=with_query(url, beside),
        name=f"{words.shortened(who, 60)}, {words.shortened(subject, 80)}",
        who=words.shortened(who, 120),
        who_title=words.shortened(words.full(people), 200),
        subject=words.shortened(subject, 200),
        preview=words.shortened(summary.preview, 160),
        when_iso=at.isoformat(),
        when_text=words.when_short(at, now),
        when_title=words.when_long(at),
        seen="\\Seen" in summary.flags,
        flagged="\\Flagged" in summary.flags,
        answered="\\Answered" in summary.flags,
        draft=draft,
        attachment=summary.has_attachment,
        sent_by=known.sent_by.get(summary.message_id, ""),
        current=ref.token == current,
        not_from_inside=is_forged(summary.claims, known.own_domains),
    )


def _is_outgoing(found: FolderPage) -> bool:
    return found.folder.role in ("sent", "drafts")


def _addresses(raw: Sequence[RawAddress]) -> list[Address]:
    found = (from_envelope(address.name, address.mailbox, address.host) for address in raw)
    return [address for address in found if address]


def _inbox_unread(folders: Sequence[Folder]) -> int:
    return next((folder.unseen for folder in folders if folder.role == "inbox"), 0)


def _folder_order(folder: Folder) -> tuple[int, list[str]]:
    known = _ROLE_ORDER.index(folder.role) if folder.role in _ROLE_ORDER else len(_ROLE_ORDER)
    return known, [part.casefold() for part in _path(folder)]


def _path(folder: Folder) -> list[str]:
    return folder.name.split(folder.separator) if folder.separator else [folder.name]


def _ancestors(folder: Folder) -> list[str]:
    """The folders above, whether they are there or not."""
    path = _path(folder)
    return [folder.separator.join(path[:end]) for end in range(1, len(path))]


def _folder_link(access: MailboxAccess, folder: Folder, current: str) -> FolderLink:
    path = _path(folder)
    return FolderLink(
        name=folder.name,
        token=encode_folder(folder.name),
        label=words.FOLDER_LABELS.get(folder.role, path[-1]),
        role=folder.role,
        depth=len(path) - 1,
        unread=folder.total if folder.role == "drafts" else folder.unseen,
        total=folder.total,
        url=folder_url(access, folder.name) if folder.selectable else "",
        current=folder.name == current,
    )
