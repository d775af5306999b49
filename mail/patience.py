"""How long whoever waits for the mail servers will still wait, over everything that is asked on the way."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_until: ContextVar[float] = ContextVar("until", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All exchanges of the block together take no longer; nor than a block around it allows."""
    before = _until.set(min(_until.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _until.reset(before)


def limit(seconds: float) -> None:
    """The same for all that this thread asks from now on, until it says otherwise; `math.inf` ends it."""
    _until.set(time.monotonic() + seconds)


def until(moment: float) -> float:
    """`moment` on the monotonic clock, or earlier, when patience ends."""
    return min(moment, _until.get())


def left() -> float:
    """Seconds, infinite where nobody set a limit."""
    return _until.get() - time.monotonic()
