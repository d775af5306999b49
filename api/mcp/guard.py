"""Who is heard over HTTP: by a name of this host, from no other site's page, with a token that the API knows."""

import hashlib
import time
from collections.abc import Awaitable, Callable
from urllib.parse import SplitResult, urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.rest.error_codes import error_body
from api.rest.request_ids import HEADER, new_request_id

_SCHEME = "bearer "
# For how long a token that was good lets somebody in unasked; every call of a tool asks the API anyway.
_SECONDS = 60
_MOST_REMEMBERED = 1000
_LARGEST = 1_000_000  # octets, as the API takes


class Guard:
    """`names` are the host names under which this server is reached; `is_good` asks the API about a token."""

    def __init__(self, app: ASGIApp, names: frozenset[str], is_good: Callable[[str], Awaitable[bool]]) -> None:
        self._app, self._names, self._is_good = app, names, is_good
        self._known: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = await self._refusal(scope)
        said = None if refusal else await _whole(receive)
        if refusal is None and said is None:
            refusal = _refuse(413, "payload_too_large", "That request is too large.")
        if refusal:
            await refusal(scope, receive, send)
            return

        async def receive_again() -> Message:
            nonlocal said
            first, said = said, None
            return first or await receive()

        await self._app(scope, receive_again, send)

    async def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        # A page in somebody's browser must not reach this by a name of its own (DNS rebinding), nor from its own site.
        if not self._is_ours(_split(f"//{headers.get(b'host', '')}")):
            return _refuse(421, "bad_request", "This server isn't known by that name.")
        if b"origin" in headers and not self._is_our_page(_split(headers[b"origin"])):
            return _refuse(403, "bad_request", "Pages of other sites may not use this server.")
        if not await self._knows(token_of(headers.get(b"authorization", ""))):
            return _refuse(401, "unauthenticated", "This server needs a valid API token.")
        return None

    def _is_ours(self, url: SplitResult | None) -> bool:
        return url is not None and url.hostname in self._names and "@" not in url.netloc

    def _is_our_page(self, origin: SplitResult | None) -> bool:
        if origin is None or origin.path or origin.query or origin.fragment:
            return False
        return origin.scheme in ("http", "https") and self._is_ours(origin)

    async def _knows(self, token: str) -> bool:
        mark, at = hashlib.sha256(token.encode()).hexdigest(), time.monotonic()
        if self._known.get(mark, 0) > at:
            return True
        if not token or not await self._is_good(token):
            return False
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[mark] = at + _SECONDS
        return True


def token_of(authorization: str) -> str:
    return authorization[len(_SCHEME) :].strip() if authorization.lower().startswith(_SCHEME) else ""


async def _whole(receive: Receive) -> Message | None:
    """All that is said, or that whoever said it is gone; None when it is too much."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return message
        body += message.get("body", b"")
        if len(body) > _LARGEST:
            return None
        if not message.get("more_body", False):
            return {"type": "http.request", "body": body, "more_body": False}


def _split(url: str) -> SplitResult | None:
    """Its parts; None when it is none."""
    try:
        found = urlsplit(url)
        _ = found.port  # raises when it is none
    except ValueError:
        return None
    return found


def _refuse(status: int, code: str, message: str) -> JSONResponse:
    about = new_request_id()
    headers = {HEADER: about} | ({"WWW-Authenticate": 'Bearer realm="postroom"'} if status == 401 else {})
    return JSONResponse({"error": error_body(code, message, about)}, status, headers)
