"""What every page of the console shares: the blueprint, its navigation, its transactions, its refusals."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from core.errors import PostroomError
from mail.domains import readable_domain
from mail.maildir import unread_in
from mailboxes.administration import Administration
from mailboxes.errors import MemberNeeded, NothingByThatName
from mailboxes.models import ACTIVE, Mailbox
from mailboxes.overview import MailboxRow, one_row
from mailboxes.storage import size, size_of
from web.context import current_administration, in_console, services
from web.converters import BIGGEST
from web.htmx import is_fragment_request

console = Blueprint("console", __name__, url_prefix="/console")

MAILBOX = f"/mailboxes/<int(max={BIGGEST}):mailbox_id>"

_FURTHEST = 10_000

_NAV = (
    ("Mailboxes", "console.table", "/console/mailboxes"),
    ("Domains", "console.domains", "/console/domains"),
    ("API & agents", "console.agents", "/console/api"),
    ("Audit log", "console.audit", "/console/audit"),
    ("Plan", "console.plan", "/console/plan"),
    ("Settings", "owner.owners_page", "/console/settings"),
)


@console.app_context_processor
def around() -> dict[str, object]:
    """The navigation, for whoever is signed in to the console."""
    if not in_console() or g.get("actor") is None:
        return {}
    nav = [(label, url_for(endpoint), request.path.startswith(path)) for label, endpoint, path in _NAV]
    return {"console_nav": nav, "day": day, "size": size, "size_of": size_of}


@console.app_template_filter("number")
def with_separators(count: int) -> str:
    """`1,000`."""
    return f"{count:,}"


console.add_app_template_filter(readable_domain, "readable")


@console.get("/")
def index() -> Response:
    return redirect(url_for("console.table"), 303)


@contextmanager
def looking() -> Iterator[tuple[Session, Administration]]:
    with services().db.read() as session:
        yield session, current_administration()


@contextmanager
def changing() -> Iterator[tuple[Session, Administration]]:
    with services().db.write() as session:
        yield session, current_administration()


def page(name: str, /, *, status: int = 200, error: PostroomError | None = None, **context: object) -> Response:
    """A page of the console with the status of the `error`, which is said at its top, or by the choice of people."""
    at_top = None if isinstance(error, MemberNeeded) else error
    shown = render_template(f"console/{name}.html", error=at_top, **context)
    answer = make_response(shown, error.status if error else status)
    answer.headers["Cache-Control"] = "no-store"
    answer.vary.add("HX-Request")
    return answer


def correctable(error: PostroomError) -> PostroomError:
    """The error, to be said on the page it came from; raised again when another page has to be shown.

    A fragment's error is said in the notice of the page that is there, but for one that belongs to a field of it.
    """
    if error.status not in (409, 422) or (is_fragment_request() and not isinstance(error, MemberNeeded)):
        raise error
    return error


def waiting_in(rows: list[MailboxRow]) -> dict[int, int]:
    """Unread mail in shared mailboxes that nobody reads now, by id. No transaction is open while Dovecot is asked."""
    held = services()
    alone = [row for row in rows if row.has_no_members]
    asked = held.doveadm.unread_in([row.address for row in alone if row.status == ACTIVE])
    binned = {row.address: unread_in(held.config.mail_root, row.address) for row in alone if row.status != ACTIVE}
    counts = asked | binned
    return {row.id: counts[row.address] for row in alone if counts.get(row.address)}


def page_number(text: str) -> int:
    """Of a list in pages, from a URL; the first for anything that is no number."""
    return min(int(text), _FURTHEST) if text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) else 1


def row_of(session: Session, mailbox: Mailbox) -> MailboxRow:
    return one_row(session, mailbox)


def numbers(values: list[str]) -> list[int]:
    """Row numbers from a form. Raises NothingByThatName for what can't be one."""
    return [number(value) for value in values]


def number(value: str) -> int:
    if not (value.isascii() and value.isdigit()) or len(value) > 10 or int(value) > BIGGEST:
        raise NothingByThatName(f"no row number: {value[:40]!r}")
    return int(value)


def day(seconds: int) -> str:
    """`3 Nov 2026`, in UTC."""
    at = datetime.fromtimestamp(seconds, UTC)
    return at.strftime(f"{at.day} %b %Y")
