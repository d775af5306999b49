"""Turns for fetching pictures: each takes as long as a stranger's server likes, and people need the threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mail.images.remote_url import ImageRefused, Reason


class ImageTurns:
    """At most `at_once` hold a turn, at most `waiting` wait for one, nobody longer than `patience` seconds."""

    def __init__(self, at_once: int = 8, waiting: int = 6, patience: float = 5.0) -> None:
        self._at_once, self._patience = threading.BoundedSemaphore(at_once), patience
        self._here = threading.BoundedSemaphore(at_once + waiting)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and hold it for the length of the block. Raises ImageRefused (BUSY)."""
        if not self._here.acquire(blocking=False):
            raise ImageRefused(Reason.BUSY, "too many wait already")
        try:
            if not self._at_once.acquire(timeout=self._patience):
                raise ImageRefused(Reason.BUSY, "waited in vain")
            try:
                yield
            finally:
                self._at_once.release()
        finally:
            self._here.release()
