"""What stands open for somebody, and who closes it when their access ends."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from auth import kicks
from core.db import after_commit


@dataclass(frozen=True)
class Closing:
    """Access to `mailbox` (an address) changed: for one person (their address), or for everybody (None)."""

    mailbox: str
    person: str | None = None


class Doors:
    """The open doors of this process and of the mail servers: pooled connections, IMAP sessions.

    Closing is a courtesy to the law and never its substitute: every use asks the law again.
    """

    def __init__(self, *closers: Callable[[Closing], None]) -> None:
        self._closers = closers

    def close_after_commit(self, session: Session, closing: Closing) -> None:
        """Close once the change is committed; before it, a request in flight would open the door again.

        That IMAP connections must end is committed with the change, so that a failure here makes it late at most.
        """
        kicks.note(session, closing.mailbox)
        for closer in self._closers:
            after_commit(session, partial(closer, closing))
