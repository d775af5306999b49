"""Work that nobody waits for: one thread, a short queue, nothing kept over a restart."""

import logging
import queue
import threading
import time
from collections.abc import Callable

_LONGEST_QUEUE = 200
# Work begins when the answer that ordered it is out: how long that takes must not tell what there was to do.
_PAUSE_SECONDS = 0.1
log = logging.getLogger(__name__)


class Background:
    """Runs what it is given, one after the other. The thread starts with the first piece of work."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting: queue.Queue[Callable[[], None]] = queue.Queue(_LONGEST_QUEUE)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def run(self, work: Callable[[], None]) -> None:
        """Put it in the queue; returns at once. Dropped, and said so in the log, when the queue is full."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(work)
        except queue.Full:
            log.error("%s: the queue is full, something was dropped", self._name)

    def wait(self) -> None:
        """Until everything given so far is done."""
        self._waiting.join()

    def _work(self) -> None:
        while True:
            work = self._waiting.get()
            try:
                time.sleep(_PAUSE_SECONDS)
                work()
            except Exception:
                log.exception("%s: failed", self._name)
            finally:
                self._waiting.task_done()
