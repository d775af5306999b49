"""What both SMTP doors share: a server of one connection with firm limits, and how a recipient is answered."""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from aiosmtpd.smtp import SMTP, Envelope

from core.config import Config
from mail.submission import MOST_RECIPIENTS
from servers.delivery import Delivery
from servers.door_views import DoorViews, Reach, Recipient, Sender
from servers.policy import LARGEST_MESSAGE

log = logging.getLogger(__name__)

_IDLE_SECONDS = 120.0
_COMMAND_LIMIT = 1000
_MESSAGES_PER_MINUTE = 600

Result = TypeVar("Result")


class Limits:
    """How much one door takes at once, counted by client address. Used from the event loop only."""

    def __init__(self, *, connections: int, per_client: int) -> None:
        self._connections, self._per_client = connections, per_client
        self._open: Counter[str] = Counter()
        self._recent: dict[str, deque[float]] = {}

    def enter(self, client: str) -> bool:
        if self._open.total() >= self._connections or self._open[client] >= self._per_client:
            return False
        self._open[client] += 1
        return True

    def leave(self, client: str) -> None:
        self._open[client] -= 1
        if self._open[client] <= 0:
            del self._open[client]

    def may_send(self, who: str) -> bool:
        """True while `who` has started fewer messages in the last minute than anybody writes by hand."""
        now = time.monotonic()
        recent = self._recent.setdefault(who, deque())
        while recent and recent[0] < now - 60:
            recent.popleft()
        if len(recent) >= _MESSAGES_PER_MINUTE:
            return False
        recent.append(now)
        self._forget_idle(now)
        return True

    def _forget_idle(self, now: float) -> None:
        if len(self._recent) > 10_000:
            self._recent = {who: times for who, times in self._recent.items() if times and times[-1] > now - 60}


class Connection(SMTP):
    """One SMTP connection; refuses to start when the door is full."""

    def __init__(self, door: "Door") -> None:
        super().__init__(
            door,
            data_size_limit=LARGEST_MESSAGE,
            hostname=door.config.mail_hostname,
            ident="Postroom",
            timeout=_IDLE_SECONDS,
            # Loopback without TLS, as everything here; a door that takes no sign-in doesn't offer it.
            auth_require_tls=not door.takes_sign_in,
            command_call_limit={"*": _COMMAND_LIMIT, "AUTH": 5},
            loop=asyncio.get_running_loop(),
        )
        self._door = door
        self._client = ""
        self.sender: Sender | None = None
        self.failed_sign_ins = 0
        self._found: dict[str, Recipient] = {}

    @property
    def client(self) -> str:
        """The client's address, without its port."""
        return self._client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        client = _client_of(transport.get_extra_info("peername"))
        if not self._door.limits.enter(client):
            _turn_away(transport)
            return
        self._client = client
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._client:
            self._door.limits.leave(self._client)
            super().connection_lost(error)

    def eof_received(self) -> bool | None:
        return bool(super().eof_received()) if self._client else None

    def hang_up(self) -> None:
        """End the connection without another word: the client must not take our silence for a refusal."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def add(self, envelope: Envelope, recipient: Recipient) -> None:
        self._found[recipient.address] = recipient
        if recipient.address not in envelope.rcpt_tos:
            envelope.rcpt_tos.append(recipient.address)

    def recipients(self, envelope: Envelope) -> list[Recipient]:
        return [self._found[address] for address in envelope.rcpt_tos]


class Door:
    """The hooks aiosmtpd calls. `handle_…` answers are SMTP replies."""

    takes_sign_in = False

    def __init__(self, config: Config, views: DoorViews, delivery: Delivery, limits: Limits) -> None:
        self.config, self.views, self.delivery, self.limits = config, views, delivery, limits
        # Of their own: a slow hand-over must not keep people from signing in, nor the other way round.
        self._questions = ThreadPoolExecutor(8, thread_name_prefix="question")
        self._handovers = ThreadPoolExecutor(16, thread_name_prefix="handover")

    async def listen(self, host: str, port: int) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(lambda: Connection(self), host, port)

    async def ask(self, question: Callable[..., Result], *values: object) -> Result:
        """Put a blocking question to the database from a worker thread."""
        return await asyncio.get_running_loop().run_in_executor(self._questions, question, *values)

    async def hand_over(self, sender: str, recipients: list[Recipient], message: bytes, person: str = "") -> str | None:
        """The reply of the hand-over; None when nobody can know what became of the message."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._handovers, self.delivery.deliver, sender, recipients, message, person)

    async def handle_exception(self, error: Exception) -> str:
        log.error("smtp session failed", exc_info=error)
        return "451 4.3.0 Something went wrong here, try again later"

    async def recipient(self, server: Connection, envelope: Envelope, typed: str, outside_reply: str) -> str:
        """Answer one RCPT: everything that can be known is said now, for each recipient on its own."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return f"452 4.5.3 At most {MOST_RECIPIENTS} recipients a message"
        found = await self.ask(self.views.recipient, typed)
        if found is None:
            return "553 5.1.3 That is not an address we can deliver to"
        if found.reach is Reach.UNKNOWN:
            return f"550 5.1.1 <{found.address}>: there is no such mailbox here"
        if found.reach is Reach.FULL:
            return f"452 4.2.2 <{found.address}>: its storage is full, try again later"
        if found.reach is Reach.OUTSIDE and outside_reply:
            return outside_reply
        server.add(envelope, found)
        return "250 2.1.5 OK"


def _client_of(peer: Any) -> str:
    return str(peer[0]) if isinstance(peer, tuple) and peer else "127.0.0.1"


def _turn_away(transport: asyncio.BaseTransport) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.write(b"421 4.7.0 Too many connections, try again later\r\n")
    transport.close()
