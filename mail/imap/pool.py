"""Kept connections: a few for each signed-in web session, lent out one use at a time."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Final, NamedTuple, Self

from mail import patience
from mail.errors import MailError, MailServerUnavailable, OutcomeUnknown, SignInRefused, TooManyConnections
from mail.imap.client import TIMEOUT, Imap, connect
from mail.sasl import Credential
from mail.stream import StreamSlow

WAIT_SECONDS: Final = 3.0
# What hung is not asked for again at once, by the one who waited for it; all others and all else go on.
REST_SECONDS: Final = 4.0
# A command cut short because its page had waited long enough for others says nothing of the server.
_HUNG_SECONDS: Final = 1.5
# Of one mailbox: the folder in front, and one beside it (Drafts, while a message is opened or written).
_SIDE_BY_SIDE: Final = 2


class _Asked(NamedTuple):
    """Who asked for which folder ("" for none) of which mailbox."""

    owner: int
    mailbox: str
    folder: str


@dataclass(frozen=True, slots=True)
class Stats:
    """`opened` counts every connection made since the start, `lent` every use."""

    in_use: int
    idle: int
    opened: int
    lent: int


@dataclass(eq=False, slots=True)
class _Place:
    """Room for one connection, taken before it is made so that the bounds hold and eviction sees it."""

    owner: int
    credential: Credential
    imap: Imap | None = None
    idle_since: float = field(default_factory=time.monotonic)
    evicted: bool = False


@dataclass(frozen=True, slots=True)
class Eviction:
    """Which connections must end: those of a web session, to a mailbox, of a person, or of all that is given."""

    owner: int | None = None
    mailbox: str | None = None
    person: str | None = None

    @classmethod
    def from_bytes(cls, words: bytes) -> Self:
        return cls(**json.loads(words))

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    def concerns(self, place: _Place) -> bool:
        return (
            self.owner in (None, place.owner)
            and self.mailbox in (None, place.credential.authzid)
            and self.person in (None, place.credential.authcid)
        )


class Pool:
    """Connections by owner (the id of a web session) and credential; safe for any number of threads.

    At most `at_work` lent to one owner at a time, `per_owner` of one owner's and `total` of all. Whoever finds no room
    closes their own longest idle one, or the longest idle of all, or waits for `wait_seconds` at most.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        at_work: int = 6,
        per_owner: int = 40,
        total: int = 400,
        idle_seconds: float = 600.0,
        wait_seconds: float = WAIT_SECONDS,
        timeout: float = TIMEOUT,
    ) -> None:
        self._host, self._port, self._timeout = host, port, timeout
        self._at_work, self._per_owner, self._total = at_work, per_owner, total
        self._idle_seconds, self._wait_seconds = idle_seconds, wait_seconds
        self._changed = threading.Condition()
        self._idle: list[_Place] = []  # longest idle first
        self._busy: set[_Place] = set()
        self._opened = self._lent = 0
        self._hung: dict[_Asked, float] = {}  # what was last waited for in vain, and when
        # Where several processes serve the same people, each keeps connections of its own.
        self.tell_others: Callable[[Eviction], object] = lambda _eviction: None

    @contextmanager
    def connection(self, credential: Credential, owner: int, *, prefer_folder: str | None = None) -> Iterator[Imap]:
        """Lend a connection for the length of the block; it must not be kept beyond.

        One that has `prefer_folder` selected comes first. One that died while idle connects again, once, as long as
        nothing was changed through it. Raises SignInRefused (also when evicted meanwhile), MailServerUnavailable,
        TooManyConnections. What hung for an owner is not asked again for REST_SECONDS by that owner: this folder of
        this mailbox.
        """
        asked = _Asked(owner, credential.authzid, prefer_folder or "")
        if self._rests(asked):
            raise MailServerUnavailable("hung a moment ago")
        place = self._take(credential, owner, prefer_folder or "")
        began = time.monotonic()
        try:
            if place.imap is None:
                place.imap = connect(self._host, self._port, credential, self._timeout)
                self._opened_one(place)
            else:
                place.imap.session.resume()
            yield place.imap
        except (MailServerUnavailable, OutcomeUnknown) as error:
            if _is_slow(error) and time.monotonic() - began >= min(_HUNG_SECONDS, self._timeout):
                with self._changed:
                    self._hung[asked] = time.monotonic()
            if place.evicted and isinstance(error, MailServerUnavailable):
                raise SignInRefused("evicted while in use") from error
            raise
        finally:
            self._give_back(place)

    def evict(self, *, owner: int | None = None, mailbox: str | None = None, person: str | None = None) -> int:
        """Close, now, every connection that matches all that is given; those in use are cut. Returns how many.

        Other processes close theirs as soon as they hear of it.
        """
        eviction = Eviction(owner, mailbox, person)
        closed = self.evict_here(eviction)
        self.tell_others(eviction)
        return closed

    def evict_here(self, eviction: Eviction) -> int:
        """The same in this process alone."""
        with self._changed:
            idle = [place for place in self._idle if eviction.concerns(place)]
            self._idle = [place for place in self._idle if not eviction.concerns(place)]
            busy = [place for place in self._busy if eviction.concerns(place)]
            for place in busy:
                place.evicted = True
                if place.imap:
                    place.imap.session.abort()
            self._changed.notify_all()
        _close(idle)
        return len(idle) + len(busy)

    def close_all(self) -> None:
        self.evict_here(Eviction())

    def stats(self) -> Stats:
        with self._changed:
            return Stats(len(self._busy), len(self._idle), self._opened, self._lent)

    def _rests(self, asked: _Asked) -> bool:
        with self._changed:
            since = time.monotonic() - REST_SECONDS
            self._hung = {what: at for what, at in self._hung.items() if at > since}
            return asked in self._hung

    def _take(self, credential: Credential, owner: int, folder: str) -> _Place:
        patient_until = patience.until(time.monotonic() + self._wait_seconds)
        with self._changed:
            surplus = self._expired()
            while (place := self._place(credential, owner, folder, surplus)) is None:
                if not self._changed.wait(patient_until - time.monotonic()):
                    _close(surplus)
                    raise TooManyConnections(f"owner {owner}: {len(self._busy)} connections at work")
            self._busy.add(place)
            self._lent += 1
        _close(surplus)
        return place

    def _place(self, credential: Credential, owner: int, folder: str, surplus: list[_Place]) -> _Place | None:
        """A kept connection, or room for a new one, if need be where an idle one was; None when one has to wait."""
        idle = [place for place in self._idle if place.owner == owner]
        at_work = [place for place in self._busy if place.owner == owner]
        if len(at_work) >= self._at_work:
            return None
        own_full = len(idle) + len(at_work) >= self._per_owner
        full = own_full or len(self._idle) + len(self._busy) >= self._total
        mine = [place for place in idle if place.credential == credential]
        of_mailbox = len(mine) + sum(place.credential == credential for place in at_work)
        if place := _best(mine, folder, may_open=not full and of_mailbox < _SIDE_BY_SIDE):
            self._idle.remove(place)
            return place
        if full:
            leaving = next(iter(idle if own_full else self._idle), None)
            if leaving is None:
                return None
            self._idle.remove(leaving)
            surplus.append(leaving)
        return _Place(owner, credential)

    def _expired(self) -> list[_Place]:
        limit = time.monotonic() - self._idle_seconds
        old = [place for place in self._idle if place.idle_since < limit]
        self._idle = [place for place in self._idle if place.idle_since >= limit]
        return old

    def _opened_one(self, place: _Place) -> None:
        """An eviction that came while the connection was being made counts for it."""
        with self._changed:
            self._opened += 1
            if place.evicted:
                raise SignInRefused("evicted while signing in")

    def _give_back(self, place: _Place) -> None:
        with self._changed:
            self._busy.remove(place)
            keep = place.imap is not None and place.imap.session.usable and not place.evicted
            if keep:
                place.idle_since = time.monotonic()
                self._idle.append(place)
            self._changed.notify_all()
        if not keep:
            _close([place])


def _best(idle: list[_Place], folder: str, *, may_open: bool) -> _Place | None:
    """The one that has the folder selected; else none when another may be opened, so that what is selected stays.

    Then the one whose folder is the least work to take in hand again is asked to select, so that a large Inbox stays
    selected whatever people look up beside it; whoever wants no folder gets the one used last.
    """
    if not idle or not folder:
        return idle[-1] if idle else None
    having = [place for place in idle if place.imap and place.imap.session.kept_folder in (folder, "")]
    if having:
        return having[-1]
    return None if may_open else min(idle, key=lambda place: place.imap.session.kept_messages if place.imap else 0)


def _is_slow(error: MailError) -> bool:
    return isinstance(error.__cause__, StreamSlow | TimeoutError)


def _close(places: list[_Place]) -> None:
    for place in places:
        if place.imap:
            place.imap.close()
