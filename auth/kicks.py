"""Mail connections that must end: noted in the transaction that took a right away, forgotten once they are closed.

A mail server that is away at that moment, or a process that dies before it asked, closes them late and not never.
"""

import logging
from collections.abc import Callable

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from auth.models import PendingKick
from core.db import Database, DatabaseTrouble, now

log = logging.getLogger(__name__)


def note(session: Session, address: str) -> None:
    """Connections to the mailbox at `address` must end once this is committed."""
    session.add(PendingKick(address=address, created_at=now()))


def waiting(db: Database) -> list[str]:
    """The addresses whose connections were not closed yet, the longest noted first."""
    query = select(PendingKick.address).group_by(PendingKick.address).order_by(func.min(PendingKick.id))
    with db.read() as session:
        return list(session.scalars(query))


def kick(db: Database, address: str, close: Callable[[str], bool]) -> bool:
    """Close the connections to this mailbox, and forget what was noted of it before. False when that must be repeated.

    Never raises for a database that is busy: what it still notes is closed once more, which hurts nobody.
    """
    mine = PendingKick.address == address
    try:
        with db.read() as session:
            last = session.scalar(select(func.max(PendingKick.id)).where(mine))
        if not close(address):
            return False
        if last is not None:
            with db.write() as session:
                session.execute(delete(PendingKick).where(mine, PendingKick.id <= last))
    except DatabaseTrouble as error:
        log.warning("a kick stays noted", extra={"address": address, "reason": str(error)})
        return False
    return True
