"""A connection before the application sees it: passed on to another process, or refused, as JSON where programs ask."""

import json
import re
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask

from api.error_codes import error_body, http_words
from api.request_ids import HEADER, new_request_id

PassOn = Callable[[socket.socket, bytes], bool]

_PROGRAMS = "/api/"
_ON_EVERYTHING = [("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]
# More than enough for a method and the beginning of a path.
_BEGINNING = 1000
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.ASCII | re.IGNORECASE)


class _Request(HTTPRequestParser):  # type: ignore[misc]
    """Keeps how it began: of a request that can't be read nothing else says whom it was for."""

    beginning = b""

    def received(self, data: bytes) -> int:
        if len(self.beginning) < _BEGINNING:
            self.beginning += data[:_BEGINNING]
        return int(super().received(data))

    def is_of_a_program(self) -> bool:
        words = self.beginning.split(None, 2)
        target = words[1].decode("latin-1") if len(words) > 1 else ""
        return unquote(_ORIGIN.sub("", target, count=1)).startswith(_PROGRAMS)  # RFC 9112 §3.2.2: absolute form


class _Refusal(ErrorTask):  # type: ignore[misc]
    """A request that is too large or no HTTP at all."""

    def execute(self) -> None:
        self.response_headers += _ON_EVERYTHING
        if not self.request.is_of_a_program():
            super().execute()
            return
        error, about = self.request.error, new_request_id()
        content = json.dumps({"error": error_body(*http_words(error.code), about)}).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [("Content-Type", "application/json"), (HEADER, about)]
        self.set_close_on_finish()
        self.content_length = len(content)
        self.write(content)


class Channel(HTTPChannel):  # type: ignore[misc]
    """One connection. `pass_on` may take it to another process, before a request of it is begun here."""

    parser_class = _Request
    error_task_class = _Refusal

    def __init__(self, pass_on: PassOn, server: BaseWSGIServer, connection: socket.socket, *given: Any, **named: Any):
        self._pass_on = pass_on
        super().__init__(server, connection, *given, **named)

    def received(self, data: bytes) -> bool:
        if self._is_between_requests() and self._pass_on(self.socket, data):
            self.handle_close()
            return True
        return bool(super().received(data))

    def _is_between_requests(self) -> bool:
        with self.requests_lock:
            busy = self.request or self.requests or self.total_outbufs_len
            return not (busy or self.will_close or self.close_when_flushed)
