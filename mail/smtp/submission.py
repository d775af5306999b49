"""Handing a finished message to the submission server (RFC 6409, RFC 5321)."""

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from mail import sasl
from mail.errors import (
    MailServerUnavailable,
    ProtocolTrouble,
    SignInRefused,
    SubmissionRefused,
    SubmissionUnknown,
    UnsafeText,
)
from mail.message.addresses import sendable, spec, wire
from mail.smtp.delivery import COMMIT_SECONDS
from mail.stream import Stream, StreamBroken, StreamSlow

MOST_RECIPIENTS: Final = 100  # what every server takes (RFC 5321 section 4.5.3.1.8); ours takes no more
_REPLY: Final = re.compile(rb"([2-5][0-9]{2})([ -]?)([^\r\n]*)\r?\n")
_REPLY_BUDGET: Final = 64 * 1024
# After the final dot. Our own listener answers once the next server has, and of the two it must give up first.
_CONFIRM_SECONDS: Final = 1.5 * COMMIT_SECONDS
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT: Final = re.compile(rb"^\.", re.MULTILINE)


class _Answer(NamedTuple):
    code: int
    text: str


_NO_SMTPUTF8: Final = _Answer(553, "5.6.7 SMTPUTF8 is not offered")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the server said when it took the message for all of `accepted`."""

    accepted: tuple[str, ...]
    reply: str


class Submission:
    """The submission server at `host`:`port`; `hostname` is what we call ourselves there, and it ends up in headers.

    It may take `timeout` seconds for an answer, and `confirm_timeout` for the one to the final dot.
    """

    def __init__(
        self,
        host: str,
        port: int,
        hostname: str,
        *,
        timeout: float = 10.0,
        confirm_timeout: float = _CONFIRM_SECONDS,
    ) -> None:
        self._host, self._port, self._hostname = host, port, hostname
        self._timeout, self._confirm_timeout = timeout, confirm_timeout

    def send(
        self,
        credential: sasl.Credential,
        envelope_from: str,
        recipients: Sequence[str],
        message: bytes,
        *,
        before_dot: Callable[[], object] = lambda: None,
    ) -> Receipt:
        """Submit one message, in a connection of its own.

        1. Sign in, name the sender and the recipients, hand over the text, call `before_dot`: up to here nothing has
           happened, and nothing will when that raises.
        2. The final dot is the irreversible step. SubmissionUnknown is raised for a connection lost, silent or
           babbling after it, and for nothing else.
        3. A reply to the dot is an answer: Receipt, or SubmissionRefused.

        Raises SubmissionRefused when the sender, any recipient or the message is refused (for one refused recipient
        nobody gets it: a message that went to some is one its writer can't correct); SignInRefused;
        MailServerUnavailable when trying again is safe; UnsafeText for an address that can't go on the wire.
        """
        _check(envelope_from, spec(envelope_from))  # one of ours
        for address in recipients:
            _check(address, sendable(address))
        data = _on_the_wire(message)
        with _translated(), self._signed_in(credential) as dialogue:
            accepted = list(dict.fromkeys(recipients))
            beyond_ascii = [address for address in accepted if not address.isascii()]
            dialogue.name_sender(envelope_from, message, beyond_ascii)
            dialogue.name_recipients(accepted)
            answer = dialogue.hand_over(data, accepted, before_dot)
        return Receipt(tuple(accepted), f"{answer.code} {answer.text}")

    @contextmanager
    def _signed_in(self, credential: sasl.Credential) -> Iterator["_Dialogue"]:
        stream = Stream(self._host, self._port, self._timeout)
        try:
            dialogue = _Dialogue(stream, self._timeout, self._confirm_timeout)
            dialogue.greet(self._hostname)
            dialogue.authenticate(credential)
            yield dialogue
        finally:
            stream.close()


class _Dialogue:
    """The commands of one connection, in their order."""

    def __init__(self, stream: Stream, timeout: float, confirm_timeout: float) -> None:
        self._stream, self._timeout, self._confirm_timeout = stream, timeout, confirm_timeout
        self._extensions: set[str] = set()

    def greet(self, hostname: str) -> None:
        if (answer := self._answer()).code != 220:
            raise MailServerUnavailable(f"greeting {answer}")
        answer = self._ask(f"EHLO {hostname}")
        if answer.code != 250:
            raise MailServerUnavailable(f"EHLO {answer}")
        self._extensions = {line.upper() for line in answer.text.split("\n")[1:]}

    def authenticate(self, credential: sasl.Credential) -> None:
        """AUTH PLAIN with an initial response (RFC 4954 section 4)."""
        answer = self._ask("AUTH PLAIN " + base64.b64encode(sasl.plain(credential)).decode())
        if answer.code == 235:
            return
        if answer.code in (534, 535, 538, 550):
            raise SignInRefused(f"AUTH {answer}")
        if 400 <= answer.code < 500:
            raise MailServerUnavailable(f"AUTH {answer}")
        raise ProtocolTrouble(f"AUTH {answer}")

    def name_sender(self, address: str, message: bytes, beyond_ascii: Sequence[str]) -> None:
        """MAIL FROM with the size (RFC 1870) and the body type (RFC 6152) where the server knows them.

        Addresses beyond ASCII may only be given to a server that knows SMTPUTF8 (RFC 6531 section 3.2).
        """
        options = ""
        if beyond_ascii and "SMTPUTF8" not in self._extensions:
            raise SubmissionRefused("recipients", dict.fromkeys(beyond_ascii, _NO_SMTPUTF8))
        if any(word.split()[0] == "SIZE" for word in self._extensions if word):
            options += f" SIZE={len(message)}"
        if "8BITMIME" in self._extensions and not message.isascii():
            options += " BODY=8BITMIME"
        options += " SMTPUTF8" if beyond_ascii else ""
        answer = self._ask(f"MAIL FROM:<{wire(address)}>{options}")
        if answer.code != 250:
            raise SubmissionRefused("sender", {address: answer})

    def name_recipients(self, addresses: list[str]) -> None:
        """Every one is asked about, so that all refusals can be told at once."""
        answers = {address: self._ask(f"RCPT TO:<{wire(address)}>") for address in addresses}
        refused: dict[str, tuple[int, str]] = {
            address: answer for address, answer in answers.items() if answer.code not in (250, 251)
        }
        if refused:
            raise SubmissionRefused("recipients", refused)

    def hand_over(self, data: bytes, accepted: list[str], before_dot: Callable[[], object]) -> _Answer:
        answer = self._ask("DATA")
        if answer.code == 354:
            self._begin()
            self._stream.send(data)
            before_dot()
            answer = self._end_data()
        if answer.code != 250:
            raise SubmissionRefused("message", dict.fromkeys(accepted, answer))
        return answer

    def _end_data(self) -> _Answer:
        self._begin()
        # A send that fails has not handed over the last octet, so the server can't have taken the message.
        self._stream.send(b".\r\n")
        self._stream.begin(self._confirm_timeout, _REPLY_BUDGET)
        try:
            return self._answer()
        except StreamSlow as error:
            raise SubmissionUnknown("The mail server took too long to confirm it.") from error
        except (StreamBroken, ProtocolTrouble, MailServerUnavailable) as error:
            raise SubmissionUnknown("The connection broke at the last moment.") from error

    def _ask(self, line: str) -> _Answer:
        self._begin()
        self._stream.traffic.commands += 1
        self._stream.send(line.encode() + b"\r\n")
        answer = self._answer()
        if answer.code == 421:  # the server is leaving (RFC 5321 section 3.8)
            raise MailServerUnavailable(f"{answer}")
        return answer

    def _begin(self) -> None:
        self._stream.begin(self._timeout, _REPLY_BUDGET)

    def _answer(self) -> _Answer:
        """One reply of one or more lines (RFC 5321 section 4.2.1), its text cleaned, lines parted by \\n."""
        lines = []
        while match := _REPLY.fullmatch(self._stream.readline()):
            lines.append(_CONTROL.sub(" ", match[3].decode("utf-8", "replace")).strip()[:500])
            if match[2] != b"-":
                return _Answer(int(match[1]), "\n".join(lines))
        raise ProtocolTrouble("not an SMTP reply")


@contextmanager
def _translated() -> Iterator[None]:
    """Before the final dot a lost connection means that nothing happened."""
    try:
        yield
    except StreamBroken as error:
        raise MailServerUnavailable(f"submission: {error}") from error


def _check(address: str, well_formed: str | None) -> None:
    if well_formed != address:
        raise UnsafeText(f"no address for an envelope: {address[:100]!r}")


def _on_the_wire(message: bytes) -> bytes:
    """Lines end in CRLF and no bare CR or LF is left to end the message early (RFC 5321 sections 2.3.8 and 4.5.2)."""
    lines = _LINE_END.sub(b"\r\n", message)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return _LEADING_DOT.sub(b"..", lines)
