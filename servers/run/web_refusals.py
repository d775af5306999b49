"""A request before the application sees it: measured while it arrives, and refused in words, for programs as JSON.

What it may bring, the application says by route (web/bounds.py); a head may have so many octets and lines.
"""

import json
import logging
import re
from collections.abc import Callable
from functools import cache
from html import escape
from typing import Any
from urllib.parse import unquote

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask
from waitress.utilities import BadRequest, RequestEntityTooLarge, RequestHeaderFieldsTooLarge

from api.rest.error_codes import error_body, http_words
from api.rest.request_ids import HEADER, new_request_id
from web.http_words import FALLBACK, WORDS

log = logging.getLogger(__name__)

# How many octets of body a method and a path may bring; whether there is a cookie or a token, of whoever it may be.
Largest = Callable[[str, str, bool], int]

LARGEST_HEAD = 64 * 1024
_LONGEST_TARGET = 16 * 1024
_MOST_LINES = 200
# Browsers say how long a form is. Of what is sent in pieces every piece costs, however small it is.
_LARGEST_IN_PIECES = 1_000_000
_PROGRAMS = "/api/"
_ON_EVERYTHING = [("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{what}</title></head><body><h1>{what}</h1><p>{next}</p><p><a href="/">Go to Postroom</a></p></body></html>
"""
# More than enough for a method and the beginning of a path.
_BEGINNING = 1000
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.ASCII | re.IGNORECASE)
# RFC 3986 §3.2.2 and §3.2.3, of which names have no comma; two Host lines arrive joined by one.
_HOST = re.compile(r"(?:\[[0-9a-f:.]+\]|[a-z0-9._~%!$&'()*+;=-]+)(?::[0-9]*)?", re.ASCII | re.IGNORECASE)


@cache
def _warn_of_a_proxy() -> None:
    """Once a process."""
    log.warning(
        "a proxy says who asks and isn't believed, so all who come through it count as one: name it in TRUSTED_PROXY"
    )


class _TargetTooLong(BadRequest):  # type: ignore[misc]
    code, reason = 414, "URI Too Long"


class Request(HTTPRequestParser):  # type: ignore[misc]
    """One request as it arrives. `beginning`: of one that can't be read nothing else says whom it was for."""

    beginning = b""
    has_too_many_lines = False

    def __init__(self, largest: Largest, settings: Any) -> None:
        super().__init__(settings)
        self._largest, self._bound = largest, 0

    def received(self, data: bytes) -> int:
        if len(self.beginning) < _BEGINNING:
            self.beginning += data[:_BEGINNING]
        had_head = self.headers_finished
        taken = int(super().received(data))
        if self.has_too_many_lines:
            self.error = RequestHeaderFieldsTooLarge("")
        if self.headers_finished and not self.empty and self.error is None:
            self.error = self._wrong_body() if had_head else self._wrong_head() or self._wrong_body()
        if self.error is None:
            return taken
        self.completed, self.expect_continue = True, False
        return len(data)  # what follows isn't a request of its own

    def parse_header(self, head: bytes) -> None:
        self.has_too_many_lines = head.count(b"\r\n") > _MOST_LINES
        if self.has_too_many_lines:
            raise ParsingError("too many lines")
        super().parse_header(head)

    def _wrong_head(self) -> BadRequest | None:
        if len(self.request_uri) > _LONGEST_TARGET:
            return _TargetTooLong("")
        if "X_FORWARDED_FOR" in self.headers and not self.adj.trusted_proxy:
            _warn_of_a_proxy()
        # RFC 9112 §3.2: without one, or with another, nobody knows whose page is meant.
        host = self.headers.get("HOST")
        if not _HOST.fullmatch(host or "") and (host is not None or self.version == "1.1"):
            return BadRequest("Host")
        has_key = "COOKIE" in self.headers or "AUTHORIZATION" in self.headers
        self._bound = self._largest(self.command, self.path, has_key)
        return None

    def _wrong_body(self) -> BadRequest | None:
        if self.chunked:
            is_too_large = self.body_bytes_received > min(self._bound, _LARGEST_IN_PIECES)
        else:
            is_too_large = self.content_length > self._bound
        return RequestEntityTooLarge("") if is_too_large else None

    def is_of_a_program(self) -> bool:
        words = self.beginning.split(None, 2)
        target = words[1].decode("latin-1") if len(words) > 1 else ""
        return unquote(_ORIGIN.sub("", target, count=1)).startswith(_PROGRAMS)  # RFC 9112 §3.2.2: absolute form


class Refusal(ErrorTask):  # type: ignore[misc]
    """A request that is too large or no HTTP at all. Whoever sent it is heard out, so that they can read the answer."""

    def execute(self) -> None:
        error, content = self.request.error, b""
        self.status = f"{error.code} {error.reason}"
        if self.request.is_of_a_program():
            about = new_request_id()
            content = json.dumps({"error": error_body(*http_words(error.code), about)}).encode()
            self.response_headers += [("Content-Type", "application/json"), (HEADER, about)]
        else:
            what, following = WORDS.get(error.code, FALLBACK)
            content = _PAGE.format(what=escape(what), next=escape(following)).encode()
            self.response_headers += [
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            ]
        self.response_headers += _ON_EVERYTHING
        self.set_close_on_finish()
        self.content_length = len(content)
        self.channel.hears_out = True
        self.write(content)
