"""A signed-in connection that keeps its folder selected, and survives a restart of the server between two uses."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

from mail.errors import FolderChanged, FolderNotFound, MailServerUnavailable, ProtocolTrouble, ReadOnlyFolder
from mail.imap.answers import number
from mail.imap.connection import BUDGET, Connection
from mail.imap.folders import to_wire
from mail.imap.summaries import fetched
from mail.sasl import Credential
from mail.stream import Traffic

Result = TypeVar("Result")
RESTART_PATIENCE: Final = 2.0  # seconds a server that was there a moment ago may take to come back
_SET_LIMIT: Final = 8000  # octets of one sequence set; Dovecot takes lines of 64 KB


@dataclass(frozen=True, slots=True)
class Selected:
    """The folder in hand: messages are numbered 1 to `exists`; the next to arrive will have UID `uidnext` or more."""

    folder: str
    uidvalidity: int
    exists: int
    uidnext: int
    writable: bool


class Session:
    """One person's connection to one mailbox (`credential.authzid`). Not for two threads at once.

    A use begins with `resume`; until `select` is called in it no message can be named, so a folder left
    selected by the use before is never acted on by mistake.
    """

    def __init__(self, host: str, port: int, credential: Credential, timeout: float) -> None:
        self.credential = credential
        self._where = (host, port, timeout)
        self._kept: Selected | None = None  # what the server has selected
        self._selected: Selected | None = None  # … once asked for in this use
        self._resumed = False
        self._renewed = True  # connected within this use
        self._cut = False
        self._connection = self._connect()

    @property
    def traffic(self) -> Traffic:
        """Commands and octets since the connection was made; a reconnect begins anew."""
        return self._connection.stream.traffic

    @property
    def usable(self) -> bool:
        return not self._connection.broken

    @property
    def kept_folder(self) -> str:
        """The folder a use of this connection gets cheapest; "" for none."""
        return self._kept.folder if self._kept else ""

    @property
    def kept_messages(self) -> int:
        """How many the kept folder holds: what taking it in hand again would cost the server."""
        return self._kept.exists if self._kept else 0

    def resume(self) -> None:
        """Begin another use. If the server went away meanwhile, the first command connects again, once.

        So does `select`, whenever it comes: everything before it was answered, and a server hangs up on a folder that
        was removed under it only when asked about that folder.
        """
        self._resumed, self._renewed = True, False
        self._selected = None

    def select(self, folder: str, *, writable: bool = False, uidvalidity: int | None = None) -> Selected:
        """Take a folder in hand; the one already there costs one NOOP.

        Looking only (EXAMINE) unless `writable`. Raises FolderNotFound, ReadOnlyFolder, and FolderChanged when the
        folder has another UIDVALIDITY than the one given.
        """
        wire = to_wire(folder)
        take = partial(self._take, folder, wire, writable)
        self._selected = self.first(take, whenever=not self._renewed)
        if writable and not self._selected.writable:
            self._selected = None
            raise ReadOnlyFolder(f"{folder!r} is read-only")
        if uidvalidity is not None and uidvalidity != self._selected.uidvalidity:
            found, self._selected = self._selected.uidvalidity, None
            raise FolderChanged(f"UIDVALIDITY {found}, not {uidvalidity}")
        return self._selected

    def let_go(self, folder: str) -> None:
        """Select nothing, if it is this folder that is selected: the server drops whoever has one that is deleted."""
        if self._kept and self._kept.folder == folder:
            self._connection.run(b"UNSELECT")
            self._kept = self._selected = None

    @property
    def connection(self) -> Connection:
        """The one there is now: connecting again makes another."""
        return self._connection

    def first(self, ask: Callable[[], Result], *, whenever: bool = False) -> Result:
        """Ask something harmless; on a connection that died since its last use, ask again on a new one."""
        again, self._resumed = self._resumed or whenever, False
        try:
            return ask()
        except MailServerUnavailable:
            if not (again and self._connection.broken) or self._connection.too_slow or self._cut:
                raise
        self._reconnect()
        return ask()

    def awake(self) -> None:
        """Before a change that is the first thing in a use: a change is never repeated, so find out with a NOOP."""
        if self._resumed:
            self.noop()

    def in_hand(self) -> Selected:
        if self._selected is None:
            raise RuntimeError("select a folder first")
        return self._selected

    def fetch(self, which: bytes, items: bytes, *, by_uid: bool = True, budget: int = BUDGET) -> list[list[bytes]]:
        self.in_hand()
        command = (b"UID FETCH" if by_uid else b"FETCH", which, items)
        return self._connection.run(*command, keep=(b"FETCH",), budget=budget).get(b"FETCH")

    def noop(self) -> None:
        self.first(lambda: self._connection.run(b"NOOP"))

    def abort(self) -> None:
        """Cut the connection from another thread, for good: whatever is under way fails at once."""
        self._cut = True
        self._connection.stream.abort()

    def close(self) -> None:
        """Hang up without waiting for a farewell; the server takes it as a LOGOUT."""
        self._connection.close()

    def _connect(self) -> Connection:
        connection = Connection(*self._where)
        try:
            connection.authenticate(self.credential)
        except BaseException:
            connection.close()
            raise
        return connection

    def _reconnect(self) -> None:
        self._connection.close()
        self._kept = self._selected = None
        self._renewed = True
        patient_until = time.monotonic() + RESTART_PATIENCE
        while True:
            try:
                self._connection = self._connect()
                break
            except MailServerUnavailable:
                if time.monotonic() > patient_until:
                    raise
                time.sleep(0.05)
        if self._cut:
            self._connection.close()
            raise MailServerUnavailable("cut while connecting again")

    def _take(self, folder: str, wire: bytes, writable: bool) -> Selected:
        return self._refreshed(folder, writable) or self._open(folder, wire, writable)

    def _refreshed(self, folder: str, writable: bool) -> Selected | None:
        kept = self._kept
        if kept is None or kept.folder != folder or (writable and not kept.writable):
            return None
        if self._connection.run(b"NOOP").complained:  # renamed or rebuilt under our feet
            return None
        uidnext = self._uidnext(kept.uidnext) if self._connection.grew else kept.uidnext
        self._kept = replace(kept, exists=self._connection.exists, uidnext=uidnext)
        return self._kept

    def _uidnext(self, at_least: int) -> int:
        """UIDNEXT from the last message there is; STATUS is not for the folder in hand (RFC 9051 section 6.3.11)."""
        self._connection.grew = False
        if not self._connection.exists:
            return at_least
        last = self._connection.run(b"FETCH", b"%d" % self._connection.exists, b"(UID)", keep=(b"FETCH",))
        return max([at_least, *(number(fetched(answer).get(b"UID")) + 1 for answer in last.get(b"FETCH"))])

    def _open(self, folder: str, wire: bytes, writable: bool) -> Selected:
        self._kept, self._connection.exists = None, 0
        verb = b"SELECT" if writable else b"EXAMINE"
        reply = self._connection.run(verb, wire, otherwise=FolderNotFound)
        if "UIDVALIDITY" not in reply.codes:
            raise ProtocolTrouble("a folder without UIDVALIDITY")
        self._connection.grew = False
        self._kept = Selected(
            folder,
            number(reply.codes["UIDVALIDITY"]),
            self._connection.exists,
            number(reply.codes.get("UIDNEXT")),
            writable and reply.code != "READ-ONLY",
        )
        return self._kept


def uid_sets(uids: Iterable[int]) -> Iterator[bytes]:
    """UIDs as sequence sets short enough for a command line ("1:3,9"); nothing for no UIDs."""
    items: list[bytes] = []
    for first, last in _runs(uids):
        items.append(b"%d" % first if first == last else b"%d:%d" % (first, last))
        if sum(map(len, items)) + len(items) > _SET_LIMIT:
            yield b",".join(items)
            items = []
    if items:
        yield b",".join(items)


def _runs(uids: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = 0
    for uid in sorted(set(uids)):
        if not 0 < uid < 2**32:
            raise ValueError(f"no UID: {uid}")
        if first and uid == last + 1:
            last = uid
            continue
        if first:
            yield first, last
        first = last = uid
    if first:
        yield first, last
