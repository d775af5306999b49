"""One IMAP connection: commands out, answers in, nothing a server or a user says can bend it (RFC 9051)."""

import base64
import re
from dataclasses import dataclass, field
from typing import Final

from mail import sasl
from mail.errors import MailError, MailServerUnavailable, OutcomeUnknown, ProtocolTrouble, UnsafeText, from_response
from mail.stream import Stream, StreamBroken, StreamSlow

BUDGET: Final = 48 * 1024 * 1024  # octets one answer may have when nothing closer is known
LINES_LIMIT: Final = 300_000  # a colleague may delete this many messages at once: an EXPUNGE line for each
KEPT_LIMIT: Final = 50_000
REQUIRED: Final = frozenset(b"IMAP4REV1 ESEARCH LIST-EXTENDED LIST-STATUS MOVE PREVIEW SPECIAL-USE UIDPLUS".split())
_TAGGED: Final = re.compile(rb"(OK|NO|BAD)(?: \[([^\] ]+) ?([^\]]*)\])? ?([^\r\n]*)", re.IGNORECASE)
_LITERAL: Final = re.compile(rb"~?\{([0-9]{1,19})\}\r?\n\Z")
_LITERAL_LENGTH: Final = len(b"~{1234567890123456789}\r\n")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_LINE_BREAKERS: Final = re.compile(rb"[\x00\r\n]")


class Literal(bytes):
    """Octets that go to the server counted, so that anything but NUL may stand in them (RFC 9051 section 4.3)."""


def string(text: str) -> bytes:
    """Text from outside as a quoted string or a literal. Raises UnsafeText for control characters."""
    if _CONTROL.search(text):
        raise UnsafeText(f"control character in {text[:80]!r}")
    if text.isascii() and len(text) < 1000:
        return b'"' + text.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'
    return Literal(text.encode())


@dataclass(slots=True)
class Reply:
    """What came back: the kept answers by kind (text, literal, text, … each) and the codes seen on the way."""

    answers: dict[bytes, list[list[bytes]]] = field(default_factory=dict)
    codes: dict[str, bytes] = field(default_factory=dict)
    code: str = ""
    complained: bool = False  # an untagged NO or BAD: the command went through, but something is wrong

    def get(self, kind: bytes) -> list[list[bytes]]:
        return self.answers.get(kind, [])


class Connection:
    """Not for two threads at once. `broken` says that it can't be used again.

    `exists` is the number of messages in the selected folder, kept true from what the server mentions; `grew` turns
    True when it says EXISTS.
    """

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self.timeout = timeout
        self.stream = Stream(host, port, timeout)
        self.exists = 0
        self.grew = self.broken = self.too_slow = False
        self.capabilities: frozenset[bytes] = frozenset()
        self._number = 0
        try:
            self._greeting()
        except StreamBroken as error:
            self.stream.close()
            raise MailServerUnavailable(f"greeting: {error}") from error
        except MailError:
            self.stream.close()
            raise

    def _greeting(self) -> None:
        line = self.stream.readline()
        if line.upper().startswith(b"* BYE"):
            raise MailServerUnavailable(f"greeting {line[:200]!r}")
        if not line.upper().startswith(b"* OK"):  # PREAUTH would make us somebody we never proved to be
            raise ProtocolTrouble(f"greeting {line[:200]!r}")

    def authenticate(self, credential: sasl.Credential) -> None:
        """AUTHENTICATE PLAIN in one round trip (RFC 4959). Raises SignInRefused."""
        answer = base64.b64encode(sasl.plain(credential))
        reply = self.run(b"AUTHENTICATE PLAIN", answer, keep=(b"CAPABILITY",))
        told = b" ".join([reply.codes.get("CAPABILITY", b""), *(a[0] for a in reply.get(b"CAPABILITY"))])
        if not told.strip():
            told = self.run(b"CAPABILITY", keep=(b"CAPABILITY",)).get(b"CAPABILITY")[0][0]
        self.capabilities = frozenset(told.upper().split())
        if missing := REQUIRED - self.capabilities:
            raise ProtocolTrouble(f"the server lacks {sorted(missing)}")

    def run(
        self,
        *pieces: bytes,
        keep: tuple[bytes, ...] = (),
        seconds: float | None = None,
        budget: int = BUDGET,
        changes: bool = False,
        otherwise: type[MailError] = MailError,
    ) -> Reply:
        """Send one command and read up to its tagged reply, keeping the untagged answers of the kinds in `keep`.

        The pieces stand next to each other with a space between. `otherwise` is what a NO without a code means here.
        Raises OutcomeUnknown when the connection is lost after a command that `changes` something had been sent whole,
        MailServerUnavailable when it is lost otherwise, and the error for a NO.
        """
        self._number += 1
        tag = b"P%d" % self._number
        lines = _lines(tag, pieces)
        self.stream.begin(self.timeout if seconds is None else seconds, budget)
        self.stream.traffic.commands += 1
        reply, sent, was_broken = Reply(), False, self.broken
        self.broken = True  # until the tagged reply has been read
        try:
            if was_broken:
                raise StreamBroken("used after it broke")
            for line in lines[:-1]:
                self.stream.send(line)
                if (early := self._read(tag, reply, ())) is not None:
                    return self._finish(early, reply, otherwise)  # the server doesn't want the rest
            self.stream.send(lines[-1])
            sent = True
            status = self._read(tag, reply, keep)
        except StreamBroken as error:
            self.too_slow = isinstance(error, StreamSlow)
            unknown = changes and sent
            raise (OutcomeUnknown if unknown else MailServerUnavailable)(f"{pieces[0][:20]!r}: {error}") from error
        if status is None:
            raise ProtocolTrouble("a continuation nobody asked for")
        return self._finish(status, reply, otherwise)

    def close(self) -> None:
        self.broken = True
        self.stream.close()

    def _finish(self, status: bytes, reply: Reply, otherwise: type[MailError]) -> Reply:
        match = _TAGGED.match(status)
        if not match or match[1].upper() == b"BAD":
            raise ProtocolTrouble(f"the server says {status[:200]!r}")
        self.broken = False
        reply.code = (match[2] or b"").decode("ascii", "replace").upper()
        reply.codes[reply.code] = match[3] or b""
        if match[1].upper() == b"OK":
            return reply
        text = match[4].decode("utf-8", "replace")[:200]
        raise from_response(reply.code, text) if reply.code else otherwise(f"NO {text!r}")

    def _read(self, tag: bytes, reply: Reply, keep: tuple[bytes, ...]) -> bytes | None:
        """Read answers up to the tagged reply, or to a continuation request (None)."""
        kept = 0
        for _ in range(LINES_LIMIT):
            line = self.stream.readline()
            if line.startswith(b"* "):
                pieces = self._whole(line[2:])
                kind = self._note(pieces, reply)
                if kind in keep:
                    reply.answers.setdefault(kind, []).append(pieces)
                    kept += 1
                    if kept > KEPT_LIMIT:
                        break
            elif line.startswith(tag + b" "):
                return line[len(tag) + 1 :]
            elif line.startswith(b"+"):
                return None
            else:
                raise ProtocolTrouble(f"neither answer nor reply: {line[:80]!r}")
        raise ProtocolTrouble("answers without an end")

    def _whole(self, line: bytes) -> list[bytes]:
        """The answer that begins with this line, with the literals in it and the lines that go on after them."""
        pieces = []
        # Looked for in the end only: a line may have megabytes before it.
        while line.endswith((b"}\r\n", b"}\n")) and (
            match := _LITERAL.search(line, max(0, len(line) - _LITERAL_LENGTH))
        ):
            pieces += [line[: match.start()], self.stream.read(int(match[1]))]
            line = self.stream.readline()
        pieces.append(line)
        return pieces

    def _note(self, pieces: list[bytes], reply: Reply) -> bytes:
        """Keep count and codes; strip the kind off the answer and return it."""
        word, _, rest = pieces[0].partition(b" ")
        if word.isdigit():
            kind, _, pieces[0] = rest.partition(b" ")
            kind = kind.strip().upper()
            if kind == b"EXISTS":
                self.exists, self.grew = int(word[:19]), True
            elif kind == b"EXPUNGE":
                self.exists = max(0, self.exists - 1)
            return kind
        pieces[0] = rest
        kind = word.strip().upper()
        if kind in (b"OK", b"NO", b"BAD"):
            reply.complained = reply.complained or kind != b"OK"
            if (match := _TAGGED.match(kind + b" " + rest)) and match[2] and len(reply.codes) < 100:
                reply.codes[match[2].decode("ascii", "replace").upper()] = match[3]
        return kind


def _lines(tag: bytes, pieces: tuple[bytes, ...]) -> list[bytes]:
    """The command cut where the server must first say that it takes the literal (RFC 9051 section 7.6).

    The one place where octets become a command: a line end in anything but a literal stops here.
    """
    lines, line = [], tag
    for piece in pieces:
        if isinstance(piece, Literal):
            if piece.count(b"\0"):
                raise UnsafeText("NUL in a literal")
            lines.append(line + b" {%d}\r\n" % len(piece))
            line = bytes(piece)
        elif _LINE_BREAKERS.search(piece):
            raise UnsafeText(f"line end in a command: {piece[:80]!r}")
        else:
            line += b" " + piece
    return [*lines, line + b"\r\n"]
