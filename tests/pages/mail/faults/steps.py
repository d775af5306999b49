"""What people do in these tests, and what befalls them."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

from sqlalchemy import select, update

from mailboxes.models import AuditEntry, Submission
from tests.cast import KIM, SUPPORT
from tests.servers.harness import World
from tests.visitor import Page, Visitor

AWAY = "The mail server doesn't answer right now"
UNCERTAIN = "not certain that your message"
NOT_SENT = "Your message was not sent"
DOT = rb"\r\n\.\r\n\Z"
_NUMBERS = count(1)


def subject(about: str) -> str:
    """A subject no other test has."""
    return f"{about} {next(_NUMBERS)}"


def written(visitor: Visitor, about: str, mailbox: str = SUPPORT, **fields: str) -> dict[str, Any]:
    """A form that is ready to be sent."""
    form = visitor.page(f"/mail/{mailbox}/compose").fields
    return form | {"to": KIM, "subject": about, "text": f"The text of {about}", "format": "text"} | fields


def shown(page: Page, about: str) -> dict[str, Any]:
    """The form on this page, which has this subject (the search beside it has a field of the same name)."""
    assert f'value="{about}"' in page.html
    return page.fields | {"subject": about, "format": "text"}


def send(visitor: Visitor, form: dict[str, Any], **headers: str) -> Any:
    return visitor.post(f"/mail/{SUPPORT}/send", form, token=form["csrf_token"], **headers)


def later(world: World) -> None:
    """Some minutes pass for everything that lies in the outbox."""
    with world.db.write() as session:
        session.execute(
            update(Submission).values(created_at=Submission.created_at - 1000, updated_at=Submission.updated_at - 1000)
        )


def noted(world: World, form: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What the audit log says of this message: what happened, who did it, through which door, from where."""
    columns = (AuditEntry.action, AuditEntry.actor, AuditEntry.door, AuditEntry.client_address)
    query = select(*columns).where(AuditEntry.mailbox == SUPPORT, AuditEntry.detail.contains(form["key"]))
    with world.db.read() as session:
        rows = session.execute(query.order_by(AuditEntry.id))
        return [(action, actor, door, where) for action, actor, door, where in rows]


def together(*acts: Callable[[], Any]) -> list[Any]:
    """All at the same moment."""
    start = threading.Barrier(len(acts))

    def one(act: Callable[[], Any]) -> Any:
        start.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as crowd:
        return list(crowd.map(one, acts))


@contextmanager
def without_dovecot(world: World) -> Iterator[None]:
    world.kill_dovecot()
    try:
        yield
    finally:
        world.start_dovecot()
