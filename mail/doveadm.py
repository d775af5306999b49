"""Dovecot's administration socket: who is connected to a mailbox, and out with them.

Dovecot's HTTP API (`/doveadm/v1`, a JSON list of commands) over its Unix socket.
"""

import base64
import contextlib
import http.client
import json
import logging
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Command = tuple[str, dict[str, object]]

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 2.0
_COUNTING_SECONDS = 60.0
_FILING_SECONDS = 10.0
_LARGEST_ANSWER = 4_000_000
# sysexits.h: EX_NOHOST, which `kick` answers when nobody was connected.
_NOBODY = 68


@dataclass(frozen=True)
class Connected:
    """One person's connections to one mailbox, as Dovecot counts them."""

    mailbox: str
    service: str
    connections: int


class Doveadm:
    """Never raises for a server that is away: what it could not do is logged and answered with False or nothing."""

    def __init__(self, socket_path: Path, key: str) -> None:
        self._socket_path = socket_path
        self._authorization = "X-Dovecot-API " + base64.b64encode(key.encode()).decode()

    def kick(self, address: str) -> bool:
        """Close every connection to this mailbox, its owner's and its members'. True when none is left.

        Every member is dropped, since Dovecot knows connections by mailbox; those who may stay connect again.
        """
        try:
            _rows(self._ask([("kick", {"mask": [_literal(address)]})])[0], fine=(_NOBODY,))
        except _Failed as failure:
            log.warning("kick failed", extra={"mailbox": address, "reason": str(failure)})
            return False
        return True

    def who(self, address: str) -> list[Connected]:
        """Who is connected to this mailbox now; empty when nobody is, or when Dovecot doesn't answer."""
        try:
            rows = _rows(self._ask([("who", {"mask": [_literal(address)]})])[0], fine=(_NOBODY,))
        except _Failed as failure:
            log.warning("who failed", extra={"mailbox": address, "reason": str(failure)})
            return []
        return list(_connected(rows))

    def file(self, address: str, folder: str, message_id: str, message: bytes) -> bool:
        """Lay a message, read, into a folder of this mailbox. False when it is not known to lie there.

        For the copy of what somebody sent and may not file any more. The message is UTF-8, as all of ours are.
        """
        where: dict[str, object] = {"user": address}
        which = {"query": ["mailbox", folder, "header", "message-id", message_id]}
        try:
            text = message.decode()
            answers = self._ask(
                [
                    ("save", where | {"mailbox": folder, "file": text}),
                    ("flagsAdd", where | which | {"flag": ["\\Seen"]}),
                ],
                seconds=_FILING_SECONDS,
            )
            for answer in answers:
                _rows(answer)
        except (_Failed, UnicodeDecodeError) as failure:
            log.warning("filing failed", extra={"mailbox": address, "reason": str(failure)})
            return False
        return True

    def unread(self, address: str) -> int | None:
        """How many unread messages lie in this mailbox, all folders together; None when Dovecot doesn't answer."""
        return self.unread_in([address]).get(address)

    def unread_in(self, addresses: Sequence[str]) -> dict[str, int]:
        """The same for several, with one question; without those for which Dovecot has no answer."""
        asked = {"field": ["unseen"], "mailboxMask": ["*"]}
        commands: list[Command] = [("mailboxStatus", asked | {"user": address}) for address in addresses]
        found: dict[str, int] = {}
        try:
            for address, answer in zip(addresses, self._ask(commands) if commands else [], strict=True):
                with contextlib.suppress(_Failed):
                    found[address] = sum(int(row["unseen"]) for row in _rows(answer) if isinstance(row, dict))
        except (_Failed, ValueError, KeyError) as failure:
            log.warning("mailbox status failed", extra={"mailboxes": addresses, "reason": str(failure)})
        return found

    def used_bytes(self, address: str) -> int | None:
        """What this mailbox's messages take, to the KiB; None when Dovecot doesn't answer.

        It may have to look at every message, so there is time for that: nobody should be waiting.
        """
        try:
            rows = _rows(self._ask([("quotaGet", {"user": address})], seconds=_COUNTING_SECONDS)[0])
        except _Failed as failure:
            log.warning("counting failed", extra={"mailbox": address, "reason": str(failure)})
            return None
        for row in rows:
            match row:
                case {"type": "STORAGE", "value": str(kibibytes)}:
                    return int(kibibytes) * 1024
        return None

    def _ask(self, commands: Sequence[Command], *, seconds: float = _TIMEOUT_SECONDS) -> list[object]:
        """One answer for each command, in their order. Raises _Failed when there is no such list of answers."""
        connection = _UnixConnection(self._socket_path, seconds)
        try:
            body = json.dumps([[command, parameters, str(at)] for at, (command, parameters) in enumerate(commands)])
            headers = {"Authorization": self._authorization, "Content-Type": "application/json"}
            connection.request("POST", "/doveadm/v1", body, headers)
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise _Failed(f"HTTP {response.status}")
            answer = json.loads(response.read(_LARGEST_ANSWER))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _Failed(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()
        if not isinstance(answer, list) or len(answer) != len(commands):
            raise _Failed(f"answered {str(answer)[:200]}")
        return answer


class _Failed(Exception):
    """Dovecot did not do it; the text is for the log."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path, self._seconds = path, seconds

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self._seconds)
        self.sock.connect(str(self._path))


def _rows(answer: object, *, fine: tuple[int, ...] = ()) -> list[object]:
    """The rows of one answer: `["doveadmResponse", rows, tag]` or `["error", {"exitCode": n}, tag]`."""
    match answer:
        case ["doveadmResponse", list(rows), _]:
            return rows
        case ["error", {"exitCode": int(code)}, _] if code in fine:
            return []
    raise _Failed(f"answered {str(answer)[:200]}")


def _connected(rows: list[object]) -> Iterator[Connected]:
    for row in rows:
        match row:
            case {"username": str(name), "service": str(service), "connections": str() | int() as count}:
                yield Connected(name, service, int(count))


def _literal(address: str) -> str:
    """The mask is a pattern: an address with `*` or `?` in it must not close other people's connections."""
    return "".join("\\" + character if character in "*?\\" else character for character in address)
