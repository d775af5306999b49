"""What both SMTP listeners share: a server of one connection with firm limits, and how a recipient is answered."""

import asyncio
import contextlib
import logging
import re
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from aiosmtpd.smtp import SMTP, Envelope, Session

from core.config import Config
from mail.smtp.submission import MOST_RECIPIENTS
from servers.smtp.database_views import DatabaseViews, Reach, Recipient, Sender
from servers.smtp.delivery import Delivery
from servers.smtp.paths import parse_path
from servers.smtp.policy import LARGEST_MESSAGE

log = logging.getLogger(__name__)

_IDLE_SECONDS = 120.0
_COMMAND_LIMIT = 1000
_MESSAGES_PER_MINUTE = 600
# Octets of a line. RFC 5321 §4.5.3.1.6 says what everybody must take, and the world sends HTML letters of one line.
_LONGEST_LINE = 1024 * 1024
_LONGEST_COMMAND = 12 * 1024  # RFC 4954 §4
# RFC 3463, where neither the library nor we say it better; greetings have none (RFC 2034 §4).
_STATUS = re.compile(r"(\d{3})[ -]\d\.\d{1,3}\.\d{1,3} ")
_USUAL_STATUS = {
    "221": "2.0.0",
    "250": "2.0.0",
    "252": "2.1.5",
    "454": "4.7.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "538": "5.7.11",
    "552": "5.3.4",
    "553": "5.1.3",
    "555": "5.5.4",
}
NEEDS_UTF8 = "553 5.6.7 An address beyond ASCII needs SMTPUTF8 in MAIL FROM"
_EXTENSIONS = ("PIPELINING", "ENHANCEDSTATUSCODES")

Result = TypeVar("Result")


class Limits:
    """How much one listener takes at once, counted by client address. Used from the event loop only."""

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
    """One SMTP connection; refuses to start when the listener is full."""

    command_size_limit = _LONGEST_COMMAND
    line_length_limit = _LONGEST_LINE

    def __init__(self, listener: "Listener") -> None:
        self.command_size_limits = defaultdict(lambda: _LONGEST_COMMAND)  # the library's is one for all connections
        super().__init__(
            listener,
            data_size_limit=LARGEST_MESSAGE,
            enable_SMTPUTF8=True,
            hostname=listener.config.mail_hostname,
            ident="Postroom",
            timeout=_IDLE_SECONDS,
            # Loopback without TLS, as everything here; a listener that takes no sign-in doesn't offer it.
            auth_require_tls=not listener.takes_sign_in,
            command_call_limit={"*": _COMMAND_LIMIT, "AUTH": 5},
            loop=asyncio.get_running_loop(),
        )
        self._listener = listener
        self._client = ""
        self.sender: Sender | None = None
        self.failed_sign_ins = 0
        self._found: dict[str, Recipient] = {}
        self._greets = False

    @property
    def client(self) -> str:
        """The client's address, without its port."""
        return self._client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        client = _client_of(transport.get_extra_info("peername"))
        if not self._listener.limits.enter(client):
            _turn_away(transport)
            return
        self._client = client
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._client:
            self._listener.limits.leave(self._client)
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Whoever still sends isn't idle, however long the whole of it takes (RFC 5321 §4.5.3.2.5)."""
        if self._client:
            self._reset_timeout()
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return bool(super().eof_received()) if self._client else None

    def hang_up(self) -> None:
        """End the connection without another word: the client must not take our silence for a refusal."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802 - the library's name
        with self._greeting():
            await super().smtp_HELO(hostname)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        with self._greeting():
            await super().smtp_EHLO(hostname)

    @contextlib.contextmanager
    def _greeting(self) -> Iterator[None]:
        self._greets = True
        try:
            yield
        finally:
            self._greets = False

    async def push(self, status: str | bytes) -> None:
        """Every reply says why in numbers, too (RFC 2034), whoever of us worded it."""
        text = status if isinstance(status, str) else status.decode()  # bytes are challenges, in base64
        await super().push(text if self._greets else _with_status(text))

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The library reads paths as if they were headers, and takes what no envelope may hold."""
        return parse_path(arg)

    def says_utf8(self, address: str) -> bool:
        """Whether this address may be said here: beyond ASCII only where the client asked for it (RFC 6531 §3.4)."""
        return address.isascii() or bool(self.envelope and self.envelope.smtp_utf8)

    def add(self, envelope: Envelope, recipient: Recipient) -> None:
        self._found[recipient.address] = recipient
        if recipient.address not in envelope.rcpt_tos:
            envelope.rcpt_tos.append(recipient.address)

    def recipients(self, envelope: Envelope) -> list[Recipient]:
        return [self._found[address] for address in envelope.rcpt_tos]


class Listener:
    """The hooks aiosmtpd calls. `handle_…` answers are SMTP replies."""

    takes_sign_in = False

    def __init__(self, config: Config, views: DatabaseViews, delivery: Delivery, limits: Limits) -> None:
        self.config, self.views, self.delivery, self.limits = config, views, delivery, limits
        # Of their own: a slow hand-over must not keep people from signing in, nor the other way round.
        self._questions = ThreadPoolExecutor(8, thread_name_prefix="question")
        self._handovers = ThreadPoolExecutor(16, thread_name_prefix="handover")

    async def listen(self, host: str, port: int) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(lambda: Connection(self), host, port)

    async def ask(self, question: Callable[..., Result], *values: object) -> Result:
        """Put a blocking question to the database from a worker thread."""
        return await asyncio.get_running_loop().run_in_executor(self._questions, question, *values)

    async def hand_over(self, sender: str, recipients: list[Recipient], message: bytes, *more: Any) -> str | None:
        """The reply of `Delivery.deliver`, from a worker thread; None when nobody can know what became of it."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._handovers, self.delivery.deliver, sender, recipients, message, *more)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: Connection, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], *(f"250-{extension}" for extension in _EXTENSIONS), responses[-1]]

    async def handle_exception(self, error: Exception) -> str:
        log.error("smtp session failed", exc_info=error)
        return "451 4.3.0 Something went wrong here, try again later"

    async def recipient(self, server: Connection, envelope: Envelope, typed: str, outside_reply: str) -> str:
        """Answer one RCPT: everything that can be known is said now, for each recipient on its own."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return f"452 4.5.3 At most {MOST_RECIPIENTS} recipients a message"
        if not server.says_utf8(typed):
            return NEEDS_UTF8
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


def _with_status(reply: str) -> str:
    """The reply with an enhanced status code, its own or the usual one of its kind (RFC 2034 §4)."""
    usual = _USUAL_STATUS.get(reply[:3])
    return reply if usual is None or _STATUS.match(reply) else f"{reply[:4]}{usual} {reply[4:]}"


def _client_of(peer: Any) -> str:
    return str(peer[0]) if isinstance(peer, tuple) and peer else "127.0.0.1"


def _turn_away(transport: asyncio.BaseTransport) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.write(b"421 4.7.0 Too many connections, try again later\r\n")
    transport.close()
