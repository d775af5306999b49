"""Handing a message to the next server, LMTP (RFC 2033) or SMTP (RFC 5321): first ask, then commit.

Asking (MAIL and every RCPT) changes nothing anywhere, so several hand-overs can be asked and all be given up when one
of them says no. After `commit` there is no way back.
"""

import re
import smtplib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_CONNECT_SECONDS = 10.0
# RFC 5321 §4.5.3.2.6 allows ten minutes after the final dot; a person waits, and the next server is ours or nearby.
COMMIT_SECONDS = 60.0
_NO_UTF8 = "5.6.7 the next mail server takes no addresses or headers beyond ASCII"
_LINE_START_DOT = re.compile(rb"(?m)^\.")


@dataclass(frozen=True)
class Answer:
    """What the next server said of one recipient; `code` 0 means it never said (the connection was lost)."""

    code: int
    text: str

    @property
    def accepted(self) -> bool:
        return 200 <= self.code < 300

    @property
    def temporary(self) -> bool:
        return 400 <= self.code < 500

    @property
    def unknown(self) -> bool:
        return self.code == 0


_AWAY = Answer(451, "4.3.0 the next mail server does not answer")
WITHDRAWN = Answer(553, "5.7.1 whoever wrote it may not send from this mailbox any more")
_END = b".\r\n"
_LOST = Answer(0, "the connection was lost after the message had been handed over")


class Handover:
    """One message to one server. Use: `ask`, then `commit` or `abandon`; never twice, never from two threads."""

    def __init__(self, connect: Callable[[], smtplib.SMTP], *, is_ours: bool) -> None:
        self._connect = connect
        self._is_ours = is_ours
        self._server: smtplib.SMTP | None = None
        self._willing: tuple[str, ...] = ()

    @classmethod
    def to_mailboxes(cls, socket_path: Path, hostname: str) -> Self:
        """To the server that keeps the mail, by LMTP over a Unix socket; `hostname` is what we call ourselves."""
        return cls(
            lambda: smtplib.LMTP(str(socket_path), local_hostname=hostname, timeout=_CONNECT_SECONDS),
            is_ours=True,
        )

    @classmethod
    def to_relay(cls, host: str, port: int, hostname: str) -> Self:
        """To the server that carries mail to the outside."""
        return cls(lambda: smtplib.SMTP(host, port, local_hostname=hostname, timeout=_CONNECT_SECONDS), is_ours=False)

    def ask(self, sender: str, recipients: tuple[str, ...], *, is_international: bool = False) -> Mapping[str, Answer]:
        """Would you take it? An answer for every recipient; a server that is away is a temporary no for all.

        `is_international`: something in its headers is beyond ASCII. With that, or with such an address, only a server
        that says so may be given it (RFC 6531 §3.6); our own takes it and doesn't say so.
        """
        try:
            self._server = self._connect()
            self._server.ehlo_or_helo_if_needed()
            options = ""
            if is_international or not "".join((sender, *recipients)).isascii():
                if self._server.has_extn("smtputf8"):
                    options = " SMTPUTF8"
                elif not self._is_ours:
                    return dict.fromkeys(recipients, Answer(553, _NO_UTF8))
                self._server.command_encoding = "utf-8"
            # In our own words: the library would read addresses as if they stood in a header.
            mail = _answer(self._server.docmd("MAIL", f"FROM:<{sender}>{options}"))
            if not mail.accepted:
                return dict.fromkeys(recipients, mail)
            answers = {one: _answer(self._server.docmd("RCPT", f"TO:<{one}>")) for one in recipients}
        except (OSError, smtplib.SMTPException):
            return dict.fromkeys(recipients, _AWAY)
        self._willing = tuple(recipient for recipient, answer in answers.items() if answer.accepted)
        return answers

    def commit(self, message: bytes, may_go: Callable[[], bool] = lambda: True) -> Mapping[str, Answer]:
        """Hand it over to everyone who said yes, and answer for them alone.

        `message` has CRLF line ends; dots are doubled here (RFC 5321 §4.5.2). `may_go` is asked when all but the final
        dot is there, which alone makes it a message: where it says no, nobody has it, and the answers are WITHDRAWN.
        """
        server, recipients = self._server, self._willing
        if server is None or server.sock is None or not recipients:
            return dict.fromkeys(recipients, _AWAY)
        try:
            server.sock.settimeout(COMMIT_SECONDS)
            go_ahead = _answer(server.docmd("DATA"))
        except (OSError, smtplib.SMTPException):
            return dict.fromkeys(recipients, _AWAY)
        if go_ahead.code != 354:
            return dict.fromkeys(recipients, go_ahead)
        answers = self._send(server, _stuffed(message), may_go)
        self.abandon()
        return answers

    def abandon(self) -> None:
        """Leave. Before `commit` the server forgets all it was told."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _send(self, server: smtplib.SMTP, stuffed: bytes, may_go: Callable[[], bool]) -> dict[str, Answer]:
        try:
            server.send(stuffed)
        except (OSError, smtplib.SMTPException):
            return dict.fromkeys(self._willing, _AWAY)  # without its end it is no message
        if not may_go():
            return dict.fromkeys(self._willing, WITHDRAWN)
        answers = dict.fromkeys(self._willing, _LOST)
        try:
            server.send(_END)
            if self._is_ours:
                for recipient in self._willing:  # RFC 2033 §4.2: one reply each, in the order of the RCPTs taken
                    answers[recipient] = _answer(server.getreply())
            else:
                answers = dict.fromkeys(self._willing, _answer(server.getreply()))
        except (OSError, smtplib.SMTPException):
            return answers
        return answers


def _stuffed(message: bytes) -> bytes:
    return _LINE_START_DOT.sub(b"..", message) + (b"" if message.endswith(b"\r\n") else b"\r\n")


def _answer(reply: tuple[int, bytes]) -> Answer:
    code, text = reply
    return Answer(code if code > 0 else 451, text.decode(errors="replace").replace("\n", " ")[:400])
