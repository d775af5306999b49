"""The list of a folder, and the sidebar beside it."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from mail.imap.folders import Folder
from mailboxes.access import MailboxAccess
from mailboxes.storage import Storage, storage_of
from pages.mail import blueprint, present
from pages.mail.contexts import Listing
from pages.mail.outbox import uncertain_context
from pages.mail.request_values import opened, page_number, searched
from web.context import current_actor, services
from web.htmx import is_fragment_request, render
from webmail.reading.folders import FolderPage, folder_page, folders_of
from webmail.reading.searching import understood
from webmail.writing import sending

log = logging.getLogger(__name__)
Done = TypeVar("Done")


@blueprint.get("/")
def home() -> BaseResponse:
    return redirect(url_for("webmail.folder", mailbox=current_actor().address, folder="INBOX"), 303)


@blueprint.get("/mail/<mailbox>/")
def mailbox(mailbox: str) -> BaseResponse:
    return redirect(url_for("webmail.folder", mailbox=opened(mailbox).address, folder="INBOX"), 303)


@blueprint.get("/mail/<mailbox>/f/<folder:folder>/")
def folder(mailbox: str, folder: str) -> Response:
    access = opened(mailbox)
    search = searched(request.args)
    found = folder_page(services().pool, access, folder, page_number(), understood(search))
    _beside(lambda: sending.settle(services().db, services().pool, access))
    listing = present.listing(access, found, search)
    return show_listing(access, found, listing)


@blueprint.get("/mail/<mailbox>/f/<folder:folder>/sidebar")
def sidebar(mailbox: str, folder: str) -> Response:
    """The counts as they are now; asked for the list as well, both say the same."""
    access = opened(mailbox)
    if "list" not in request.args:
        folders = folders_of(services().pool, access)
        return make_response(_sidebar(access, folders, folder))
    found = folder_page(services().pool, access, folder, 1, None)
    _beside(lambda: sending.settle(services().db, services().pool, access))
    listing = present.listing(access, found, "")
    shown = render_template("webmail/_list.html", access=present.access_context(access), listing=listing, oob=True)
    return make_response(_sidebar(access, found.folders, folder) + shown)


def _sidebar(access: MailboxAccess, folders: Sequence[Folder], folder: str) -> str:
    sidebar = present.sidebar(access, folders, folder)
    return render_template("webmail/_sidebar.html", access=present.access_context(access), sidebar=sidebar)


def show_listing(access: MailboxAccess, found: FolderPage, listing: Listing) -> Response:
    """The list as a fragment, or as a page with nothing open beside it."""
    if is_fragment_request():
        return render("", "webmail/_list.html", access=present.access_context(access), listing=listing)
    title = f"{listing.folder.label} · {access.address}"
    return page(access, found, listing, "webmail/_empty.html", view="list", title=title)


def page(
    access: MailboxAccess,
    found: FolderPage,
    listing: Listing,
    pane_template: str,
    *,
    view: str,
    title: str,
    status: int = 200,
    **pane: object,
) -> Response:
    """The whole document: sidebar, banner, list, and `pane_template` beside it. `view`: list, message or compose."""
    return render(
        "webmail/page.html",
        pane_template,
        status=status,
        access=present.access_context(access),
        sidebar=present.sidebar(access, found.folders, found.folder.name),
        listing=listing,
        pane_template=pane_template,
        view=view,
        title=f"({listing.folder.unread}) {title}" if listing.folder.unread else title,
        pane_title=title,
        uncertain=_beside(lambda: uncertain_context(access)) or [],
        storage=_storage(access),
        **pane,
    )


def page_without_mail(
    access: MailboxAccess, pane_template: str, *, view: str, title: str, status: int, **pane: object
) -> Response:
    """The document while the mail server is away: nothing in it needs to be asked for."""
    return render(
        "webmail/page.html",
        pane_template,
        status=status,
        access=present.access_context(access),
        sidebar=present.sidebar(access, [], "", counted=False),
        pane_template=pane_template,
        view=view,
        title=title,
        **pane,
    )


def listing_beside(access: MailboxAccess, folder: str, current: str = "") -> tuple[FolderPage, Listing]:
    """The list that stands beside an open message or a message being written."""
    search = searched(request.args)
    found = folder_page(services().pool, access, folder, page_number(), understood(search))
    return found, present.listing(access, found, search, current)


def _beside(work: Callable[[], Done]) -> Done | None:
    """What a page does beside showing something: it neither waits for the database nor fails because of it.

    None when it failed; what is left undone is done beside a later page.
    """
    try:
        with services().db.beside():
            return work()
    except Exception:
        log.exception("left for the next page")
        return None


def _storage(access: MailboxAccess) -> Storage:
    with services().db.read() as session:
        return storage_of(session, access.mailbox_id)
