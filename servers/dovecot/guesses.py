"""Wrong passwords at the mail doors, counted where those of the web are: an account has one limit, whatever the door.

Dovecot tells of every sign-in by its auth policy protocol, a POST of JSON; the submission door says the same words. Who
counts them is the housekeeper, since the doors may not write to the database. What the count leads to, the doors read
from `server_waits` before they look at a password.
"""

import contextlib
import hashlib
import hmac
import http.client
import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from auth import logins, throttle
from auth.errors import TooManyAttempts
from auth.models import PERSON
from core.config import Config
from core.db import Database, now
from servers.dovecot.administration import api_key

log = logging.getLogger(__name__)

_LONGEST_REPORT = 16_384
_TELL_SECONDS = 2.0
# Whoever tells something has it ready; Dovecot opens up to a hundred lines at once.
_MOST_AT_ONCE = 128
_READ_SECONDS = 2.0
_HOST = "127.0.0.1"


@dataclass(frozen=True)
class GuessDesk:
    """Where wrong passwords are told: a port of this machine, and what opens it."""

    port: int
    key: str

    @classmethod
    def at(cls, port: int, config: Config) -> Self:
        return cls(port, hashlib.sha256(b"guesses " + api_key(config).encode()).hexdigest())

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        port, _, key = text.partition(" ")
        return cls(int(port), key) if port.isdigit() and key else None

    def __str__(self) -> str:
        return f"{self.port} {self.key}"

    @property
    def dovecot_settings(self) -> str:
        """Only told, never asked: what follows from the count stands in the database."""
        return "\n".join(
            [
                f"auth_policy_server_url = http://{_HOST}:{self.port}/",
                f"auth_policy_server_api_header = Authorization: Bearer {self.key}",
                f"auth_policy_hash_nonce = {self.key}",
                "auth_policy_check_before_auth = no",
                "auth_policy_check_after_auth = no",
                "auth_policy_report_after_auth = yes",
                "auth_policy_request_attributes = person=%{auth_user} mailbox=%{requested_username} client=%{rip}",
            ]
        )

    def tell(self, person: str, client: str) -> None:
        """A wrong password was tried for `person`. Never raises: a sign-in is refused whether it is counted or not."""
        report = {"person": person, "mailbox": person, "client": client, "success": False}
        connection = http.client.HTTPConnection(_HOST, self.port, timeout=_TELL_SECONDS)
        try:
            connection.request("POST", "/", json.dumps(report), {"Authorization": f"Bearer {self.key}"})
            connection.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            log.warning("a wrong password was not counted", extra={"reason": str(error)})
        finally:
            connection.close()


def count(database: Database, person: str, client: str) -> None:
    """One more wrong password for this account, and from this network.

    Of an address that has none nothing is counted: there is nothing to guess, and the doctor knocks there on purpose.
    """
    at = now()
    with database.write() as session:
        login = logins.find(session, PERSON, person)
        if login is None or login.password_hash is None:
            return
        here, account, network = throttle.password_limits(PERSON, login.name, client)
        with contextlib.suppress(TooManyAttempts):
            throttle.take(session, *network, at)
        # What one network tries beyond its ten doesn't lock the owner out elsewhere.
        with contextlib.suppress(TooManyAttempts):
            throttle.take(session, *here, at)
            throttle.take(session, *account, at)


class GuessServer(ThreadingHTTPServer):
    """Takes the reports of one desk. `serve_forever` in a thread of its own; `shutdown` ends it.

    One report a connection, a firm number of them at once, and a firm time for each to be told.
    """

    daemon_threads = True
    request_queue_size = _MOST_AT_ONCE

    def __init__(self, desk: GuessDesk, note: Callable[[str, str], None]) -> None:
        self.key, self.note = desk.key, note
        self._waiting: dict[socket.socket, float] = {}
        self._free = threading.BoundedSemaphore(_MOST_AT_ONCE)
        super().__init__((_HOST, desk.port), _Reports)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            self._waiting[request] = time.monotonic() + _READ_SECONDS
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._waiting.pop(request, None)
            self._free.release()

    def heard(self, request: Any) -> None:
        """The whole of it is here: no clock runs for what follows."""
        self._waiting.pop(request, None)

    def service_actions(self) -> None:
        """Twice a second: hang up on whoever takes too long, an octet at a time or none."""
        late = [request for request, until in list(self._waiting.items()) if until < time.monotonic()]
        for request in late:
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)


class _Reports(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GuessServer

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _LONGEST_REPORT:
            self.send_error(413)
            return
        body = self.rfile.read(int(length))
        self.server.heard(self.connection)
        if not hmac.compare_digest(self.headers.get("Authorization", ""), f"Bearer {self.server.key}"):
            self.send_error(401)
            return
        self._answer()
        with contextlib.suppress(ValueError):
            self._take(json.loads(body))

    def _take(self, report: object) -> None:
        match report:
            case {"success": False, "person": str(person), "mailbox": str(mailbox), "client": str(client)}:
                # Who acts as another mailbox shows a key of 256 bits, which nobody guesses.
                if person == mailbox:
                    self.server.note(person, client)

    def _answer(self) -> None:
        content = b'{"status": 0, "msg": ""}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: what matters is in the database."""
