"""The listener for strangers (RFC 5321): mail for mailboxes here, from anybody, and nothing else."""

import email.utils
import re
import secrets

from aiosmtpd.smtp import Envelope, Session

from mail.message.origin import from_outside
from servers.smtp.listener import NEEDS_UTF8, Connection, Listener
from servers.smtp.paths import NULL, canonical
from servers.smtp.policy import Refused, domains_from_outside

_HELO = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")


class MxListener(Listener):
    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: Connection, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        # The null sender of bounces (RFC 5321 §4.5.5) is welcome here.
        if not server.says_utf8(address):
            return NEEDS_UTF8
        sender = NULL if address == NULL else canonical(address)
        if sender is None:
            return "553 5.1.7 That is not an address we can answer"
        if await self.ask(self.views.is_shared, sender):
            return "550 5.7.1 That sender's mail comes from its own people only, after signing in"
        if not self.limits.may_send(server.client):
            return "451 4.7.1 Too many messages in a minute, try again later"
        envelope.mail_from = sender
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Connection, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        return await self.recipient(
            server, envelope, address, "550 5.7.1 Relaying refused: mail for our own domains only"
        )

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: Connection, session: Session, envelope: Envelope
    ) -> str | None:
        try:
            data = await self.ask(self._stamped, envelope.original_content or b"")
        except Refused as refused:
            return refused.reply
        sender = "" if envelope.mail_from == NULL else str(envelope.mail_from)
        reply = await self.hand_over(sender, server.recipients(envelope), self._trace(server, session) + data)
        if reply is None:
            server.hang_up()
            return "451 4.3.0 Unknown"  # never read: the connection is gone
        return reply

    def _stamped(self, data: bytes) -> bytes:
        """With our word about where it came from. Raises Refused."""
        domains = domains_from_outside(data, self.views.is_shared)
        claimed = {domain for domain in domains if self.views.is_ours(domain)}
        return from_outside(data, self.config.mail_hostname, claimed=claimed)

    def _trace(self, server: Connection, session: Session) -> bytes:
        """Where it came from (RFC 5321 §4.4). What the stranger called itself is kept only if it looks like a name."""
        helo = session.host_name if _HELO.fullmatch(session.host_name or "") else "unknown"
        return (
            f"Received: from {helo} ([{server.client}])\r\n"
            f"\tby {self.config.mail_hostname} with ESMTP id {secrets.token_hex(8)};\r\n"
            f"\t{email.utils.formatdate()}\r\n"
        ).encode()
