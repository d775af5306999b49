"""The submission listener (RFC 6409): our own people, signed in, as their own mailbox or as one they may send as."""

import asyncio
import base64
import binascii
import email.utils
import logging
import secrets
from dataclasses import dataclass
from functools import partial

from aiosmtpd.smtp import AuthResult, Envelope, Session

from core.config import Config
from servers.demo.mail_script import outside
from servers.demo.people import CATCH_ALL
from servers.dovecot.guesses import GuessDesk
from servers.smtp.database_views import DatabaseViews, Reach, Sender
from servers.smtp.delivery import Delivery
from servers.smtp.listener import Connection, Limits, Listener
from servers.smtp.policy import Refused, checked, parse_address

log = logging.getLogger(__name__)

_MOST_FAILURES = 3
_FAILURE_SECONDS = 1.0
_LONGEST_SECRET = 1000
_NOT_SIGNED_IN = "530 5.7.0 Sign in first"


@dataclass(frozen=True)
class _Claim:
    """What a client says it is: authzid, authcid and password of RFC 4616."""

    mailbox: str
    person: str
    secret: str


class SubmissionListener(Listener):
    """`guesses` counts wrong passwords; without one they are only refused."""

    takes_sign_in = True

    def __init__(
        self,
        config: Config,
        views: DatabaseViews,
        delivery: Delivery,
        limits: Limits,
        guesses: GuessDesk | None = None,
    ) -> None:
        super().__init__(config, views, delivery, limits)
        self._guesses = guesses

    async def auth_PLAIN(self, server: Connection, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's name
        """RFC 4616, with proxy authorization: an authzid other than the authcid is the mailbox acted for."""
        raw = _decoded(args[1]) if len(args) == 2 else await server.challenge_auth("")
        if not isinstance(raw, bytes):
            return _handled()
        return await self._sign_in(server, _plain_claim(raw))

    async def auth_LOGIN(self, server: Connection, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's name
        """The old way some programs know only; it has no authzid, so it opens one's own mailbox alone."""
        name = _decoded(args[1]) if len(args) == 2 else await server.challenge_auth("Username:")
        secret = await server.challenge_auth("Password:") if isinstance(name, bytes) else name
        if not isinstance(name, bytes) or not isinstance(secret, bytes):
            return _handled()
        return await self._sign_in(server, _login_claim(name, secret))

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: Connection, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        sender = server.sender
        if sender is None:
            return _NOT_SIGNED_IN
        if parse_address(address) != sender.mailbox:
            return f"553 5.7.1 The sender must be {sender.mailbox}, the mailbox you signed in for"
        if not await self.ask(self.views.still_may_send, sender, server.client):
            return _no_longer(sender)
        if not self.limits.may_send(sender.person):
            return "451 4.7.1 Too many messages in a minute, try again later"
        envelope.mail_from = sender.mailbox
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Connection, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.config.demo and address.lower() in outside():
            stand_in = await self.ask(self.views.recipient, CATCH_ALL)
            if stand_in is not None and stand_in.reach is Reach.LOCAL:
                address = CATCH_ALL  # nothing of a demo leaves this machine
        refusal = (
            ""
            if self.config.relay
            else "550 5.7.1 This server doesn't send outside its own domains unless a relay is configured"
        )
        return await self.recipient(server, envelope, address, refusal)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: Connection, _session: Session, envelope: Envelope
    ) -> str | None:
        sender = server.sender
        if sender is None:
            return _NOT_SIGNED_IN
        try:
            message = await self.ask(self._checked, envelope.original_content or b"", sender.mailbox)
        except Refused as refused:
            return refused.reply
        # Minutes may have passed while the message came in; a right taken away meanwhile no longer sends. The next
        # servers are asked about nothing then, and once more at the moment that makes it theirs.
        may_go = partial(self.views.still_may_send, sender, server.client)
        if not await self.ask(may_go):
            return _no_longer(sender)
        recipients = server.recipients(envelope)
        reply = await self.hand_over(sender.mailbox, recipients, message, sender.person, may_go)
        if reply is None:
            server.hang_up()
            return "451 4.3.0 Unknown"  # never read: the connection is gone
        log.info("submitted", extra={"mailbox": sender.mailbox, "person": sender.person, "reply": reply})
        return reply

    def _checked(self, message: bytes, mailbox: str) -> bytes:
        team = self.views.other_domains(mailbox) if self.views.is_shared(mailbox) else None
        return checked(message, mailbox, self.views.is_shared, team_domains=team, added=_left_out(mailbox))

    async def _sign_in(self, server: Connection, claim: _Claim | None) -> AuthResult:
        sender = None
        if claim is not None:
            sender = await self.ask(self.views.sign_in, claim.person, claim.secret, claim.mailbox, server.client)
        if sender is not None:
            server.sender = sender
            return AuthResult(success=True, auth_data=sender)
        log.info("sign-in refused", extra={"person": claim.person if claim else "", "client_address": server.client})
        if self._guesses is not None and claim is not None and claim.person == claim.mailbox:
            await self.ask(self._guesses.tell, claim.person, server.client)
        return await _refuse(server)


async def _refuse(server: Connection) -> AuthResult:
    await asyncio.sleep(_FAILURE_SECONDS)
    server.failed_sign_ins += 1
    if server.failed_sign_ins < _MOST_FAILURES:
        await server.push("535 5.7.8 That address and password don't open this mailbox")
    else:
        await server.push("421 4.7.0 Too many failed sign-ins")
        if server.transport is not None:
            server.transport.close()
    return _handled()


def _handled() -> AuthResult:
    return AuthResult(success=False, handled=True)


def _no_longer(sender: Sender) -> str:
    return f"553 5.7.1 You may not send as {sender.mailbox} any more"


def _decoded(text: str) -> bytes:
    """An initial response; `=` alone is the empty one (RFC 4954 §4). What isn't base64 is nobody's credential."""
    try:
        return b"" if text == "=" else base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _plain_claim(raw: bytes) -> _Claim | None:
    parts = raw.split(b"\0")
    return _claim(parts[0] or parts[1], parts[1], parts[2]) if len(parts) == 3 else None


def _login_claim(name: bytes, secret: bytes) -> _Claim | None:
    return _claim(name, name, secret)


def _claim(mailbox: bytes, person: bytes, secret: bytes) -> _Claim | None:
    try:
        acted_for, own, text = parse_address(mailbox.decode()), parse_address(person.decode()), secret.decode()
    except UnicodeDecodeError:
        return None
    if acted_for is None or own is None or not 0 < len(text) <= _LONGEST_SECRET or "\0" in text:
        return None
    return _Claim(acted_for, own, text)


def _left_out(mailbox: str) -> tuple[bytes, bytes]:
    """Date and Message-ID for a client that left them out (RFC 6409 §8.2, §8.3)."""
    domain = mailbox.rpartition("@")[2]
    return (
        f"Date: {email.utils.formatdate()}\r\n".encode(),
        f"Message-ID: <{secrets.token_hex(16)}@{domain}>\r\n".encode(),
    )
