"""Who can sign in at all? One place that finds a sign-in, so that every door means the same by it."""

from sqlalchemy import ColumnElement, column, or_, select, table
from sqlalchemy.orm import Session

from auth.models import OWNER, Login

MAX_NAME = 320  # RFC 5321 §4.5.3.1: 64 for the local part, 255 for the domain, and the @

# The same view the mail servers ask. A mailbox in the trash, or a shared one, opens nothing here either.
_mailboxes = table("server_mailboxes", column("address"), column("kind"))


def usable() -> ColumnElement[bool]:
    """The condition under which a sign-in opens anything: owners always, people while their mailbox is active."""
    own = select(_mailboxes.c.address).where(_mailboxes.c.address == Login.name, _mailboxes.c.kind == "regular")
    return or_(Login.role == OWNER, own.exists())


def find(session: Session, role: str, name: str) -> Login | None:
    """The sign-in of this role and name; None for a shared mailbox, a trashed one, or nothing at all."""
    return session.scalar(select(Login).where(Login.role == role, Login.name == normal_name(name), usable()))


def get(session: Session, login_id: int, *, lock: bool = False) -> Login | None:
    """The sign-in with this id. `lock` holds its row, as it is now, until the end of the transaction.

    Whoever changes more than one thing of a person takes this lock first: two such steps never wait for each other.
    """
    query = select(Login).where(Login.id == login_id, usable())
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def normal_name(typed: str) -> str:
    """The address as it is stored, from what was typed. Never longer than an address can be."""
    return typed[: MAX_NAME * 2].strip().lower()[:MAX_NAME]
