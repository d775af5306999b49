"""Whose turn it is: no person, no mailbox and not all mail together keeps every thread, however long it takes.

Whoever has as many requests at work as they may waits in the queue, where waiting costs no thread, and others go ahead.
"""

import re
from collections import Counter, deque
from typing import Any

from waitress.channel import HTTPChannel
from waitress.task import ThreadedTaskDispatcher

from web.cookies import PERSONS_COOKIE

# Of the threads of a process, at once. A browser asks six things at a time.
_A_PERSON = 8
_A_MAILBOX = 12
# These are left for pages that need no mail server, the sign-in before all.
_LEFT = 6
_OF_MAIL = re.compile(r"/mail/([^/]*)")
_PERSON = re.compile(rf"(?:^|;) *(?:__Host-)?{PERSONS_COOKIE}=([^;]+)")


class Turns(ThreadedTaskDispatcher):  # type: ignore[misc]
    """The threads of a process, and the requests that wait for one."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.queue = _Queue(threads - _LEFT)
        self.set_thread_count(threads)

    def add_task(self, task: HTTPChannel) -> None:
        super().add_task(_Turn(self, task))

    def end(self, turn: "_Turn") -> None:
        with self.lock:
            self.queue.end(turn)
            self.queue_cv.notify()


class _Turn:
    """One request of a connection, and whom it counts for."""

    def __init__(self, turns: Turns, channel: HTTPChannel) -> None:
        self._turns, self._channel = turns, channel
        self.counts = _counts(channel.requests[0])

    def service(self) -> None:
        try:
            self._channel.service()
        finally:
            self._turns.end(self)

    def cancel(self) -> None:
        self._channel.cancel()


class _Queue:
    """First come, first served among those who may; it is as long as there are such. Its user holds the lock."""

    def __init__(self, all_mail: int) -> None:
        self._waiting: deque[_Turn] = deque()
        self._at_work: Counter[tuple[str, str]] = Counter()
        self._most = {"person": _A_PERSON, "mailbox": _A_MAILBOX, "mail": all_mail}

    def append(self, turn: _Turn) -> None:
        self._waiting.append(turn)

    def popleft(self) -> _Turn:
        turn = next(one for one in self._waiting if self._may(one))
        self._waiting.remove(turn)
        self._at_work.update(turn.counts)
        return turn

    def end(self, turn: _Turn) -> None:
        self._at_work.subtract(turn.counts)
        for count in turn.counts:
            if not self._at_work[count]:
                del self._at_work[count]

    def __len__(self) -> int:
        return sum(map(self._may, self._waiting))

    def __bool__(self) -> bool:
        return any(map(self._may, self._waiting))

    def _may(self, turn: _Turn) -> bool:
        return all(self._at_work[count] < self._most[count[0]] for count in turn.counts)


def _counts(request: Any) -> tuple[tuple[str, str], ...]:
    """Of what may be refused by itself, nothing but the error is known."""
    found = None if request.error else _OF_MAIL.match(request.path)
    if not found:
        return ()
    person = _PERSON.search(request.headers.get("COOKIE", ""))
    return ("person", person[1] if person else ""), ("mailbox", found[1].lower()), ("mail", "")
