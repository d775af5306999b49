"""A connection to the tool server: its request comes whole and in time, or it is closed."""

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.rest.error_codes import error_body, http_words
from api.rest.request_ids import HEADER, new_request_id


class Connection(H11Protocol):
    """Closed after `patience` seconds with half a request. Beyond `most` the one that waits longest makes room."""

    patience = 20.0
    most = 500
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()
        if len(self.connections) > self.most:
            waiting = [one for one in self.connections if isinstance(one, Connection) and one.waits_since]
            min(waiting, key=lambda one: one.waits_since).transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unwatch()

    def send_400_response(self, msg: str) -> None:
        """No HTTP, or too much of it: in the envelope, like every other error."""
        about = new_request_id()
        body = json.dumps({"error": error_body(*http_words(400), about)}).encode()
        fields: Any = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
            (HEADER, about),
        ]
        for event in (h11.Response(status_code=400, headers=fields), h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    @property
    def waits_since(self) -> float:
        """When it began to wait for the rest of a request, by the loop's clock; 0 when it doesn't."""
        return self._late.when() - self.patience if self._late else 0.0

    def _watch(self) -> None:
        """What comes octet by octet gets no more time. Between two requests the server itself looks at the clock."""
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._unwatch()
        elif self._late is None:
            self._late = self.loop.call_later(self.patience, self.transport.abort)

    def _unwatch(self) -> None:
        if self._late:
            self._late.cancel()
        self._late = None
