"""Who asks, and may they? Before every call: token, rate, shape of the body. Deny by default."""

import hashlib
import json
import logging
import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn, cast

from flask import Flask, Response, abort, g, request
from werkzeug.routing import RequestRedirect

from api.rest.envelope import Invalid
from api.rest.request_ids import HEADER, request_id
from auth import tokens
from auth.actor import Bearer
from auth.errors import RateLimited, Unauthenticated
from auth.tokens import Allowance
from core.db import DatabaseTrouble, now
from mailboxes.administration import Administration, administration_by
from mailboxes.api_access import plan_of, require_scope
from mailboxes.plans import Plan
from web.context import client_address, in_api, services

log = logging.getLogger(__name__)

# How long somebody who only looks waits to be counted, in seconds.
_READER_PATIENCE = 0.2
_BEARER = re.compile(r"Bearer +([!-~]{1,512})", re.ASCII | re.IGNORECASE)
_READING_METHODS = ("GET", "HEAD", "OPTIONS")
_BODY_METHODS = ("POST", "PUT", "PATCH")
# A tool server says so, that the audit log can name its door; what it says opens nothing.
CLIENT_HEADER = "X-Postroom-Client"
# Where its own caller came from, proved by a key of this house.
CALLER_HEADER = "X-Postroom-Caller"


@dataclass(frozen=True)
class Caller:
    """The program behind this request."""

    bearer: Bearer
    plan: Plan
    admin: Administration
    token_mac: str  # stands for the token where something is sealed for its bearer alone


def install(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_finish)


def current_caller() -> Caller:
    return cast(Caller, g.caller)


def admit() -> None:
    """Let a request with a good token through. Raises Unauthenticated, RateLimited."""
    here, at, token = services(), now(), _token()
    with here.db.read() as session:
        bearer = tokens.resolve(session, token, at)
        plan = plan_of(session, bearer) if bearer else None
    if bearer is None or plan is None:
        raise Unauthenticated("no good token")
    g.allowance = allowance = _count(bearer, at)
    g.caller = Caller(bearer, plan, administration_by(bearer, _door(), _where()), _mac(token))
    if allowance and allowance.exceeded:
        raise RateLimited(allowance.reset)


def check_body() -> None:
    """JSON, an object; what comes with a DELETE isn't looked at. How large it may be, web/bounds.py says.

    Raises Invalid; aborts with 413 or 415.
    """
    if request.method not in _BODY_METHODS:
        return
    body = request.get_data(cache=True)
    if not body:
        # `curl --data ''` names a form. Where nothing was sent, it has no type.
        request.environ["CONTENT_TYPE"] = "application/json"
    elif request.mimetype != "application/json":
        abort(415)
    else:
        g.sent = _parsed(body)


def sent() -> dict[str, Any]:
    """The JSON object that came with this request; empty when none did."""
    return cast(dict[str, Any], g.get("sent", {}))


def _count(bearer: Bearer, at: int) -> Allowance | None:
    """What is left for this token. None for a reader who can't be counted now: looking needs no lock."""
    here, reads = services(), request.method in _READING_METHODS
    try:
        with here.db.write(patience=_READER_PATIENCE if reads else None) as session:
            return tokens.use(session, bearer.token_id, here.config.api_requests_per_minute, at)
    except DatabaseTrouble:
        if reads:
            return None
        raise


def _parsed(body: bytes) -> dict[str, Any]:
    """What the JSON says. Raises Invalid for anything that isn't an object of JSON in UTF-8 (RFC 8259 §8.1)."""
    try:
        found = json.loads(body.decode(), parse_constant=_no_number)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no character
    except (ValueError, RecursionError) as error:
        raise Invalid({"body": ["That isn't JSON."]}) from error
    if not isinstance(found, dict):
        raise Invalid({"body": ["Send a JSON object."]})
    return found


def require(scope: str) -> None:
    """Raises InsufficientScope, FeatureNotAvailable. An empty scope is any token's."""
    caller = current_caller()
    if scope:
        require_scope(caller.plan, caller.bearer, scope)


def _token() -> str:
    """What was sent as a token; something that is none when nothing was, so that every request takes the same way."""
    match = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    return match[1] if match else ""


def _door() -> str:
    return "mcp" if request.headers.get(CLIENT_HEADER) == "mcp" else "api"


def _where() -> str:
    """The address the request came from, or for our own tool server the one its caller came from."""
    address, _, proof = request.headers.get(CALLER_HEADER, "").partition(" ")
    if address and proof == services().vault.derive("mcp-caller", address):
        return address[:64]
    return client_address()


def _mac(token: str) -> str:
    return hashlib.sha256(b"sealed for " + token.encode()).hexdigest()


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} isn't JSON")


def _begin() -> None:
    if not in_api():
        return
    g.started = time.monotonic()
    if isinstance(request.routing_exception, RequestRedirect):
        abort(404)  # to another spelling of the path, as a page: a program uses the one that is written down


def _finish(response: Response) -> Response:
    if not in_api():
        return response
    if request.method == "OPTIONS" and response.status_code == HTTPStatus.OK:
        # Flask answers these by itself, as an empty page.
        response.status_code = HTTPStatus.NO_CONTENT
        response.headers.remove("Content-Type")
    response.headers[HEADER] = request_id()
    allowance: Allowance | None = g.get("allowance")
    if allowance:
        # draft-ietf-httpapi-ratelimit-headers: what is allowed, and what is left until when.
        response.headers["RateLimit-Policy"] = f'"token";q={allowance.limit};w={allowance.window}'
        response.headers["RateLimit"] = f'"token";r={allowance.remaining};t={allowance.reset}'
    _log(response.status_code)
    return response


def _log(status: int) -> None:
    caller: Caller | None = g.get("caller")
    log.info(
        "call",
        extra={
            "request_id": request_id(),
            "method": request.method,
            "path": request.path[:500],
            "status": status,
            "token": caller.bearer.token_id if caller else None,
            "account": caller.bearer.account_id if caller else None,
            "ms": round((time.monotonic() - g.get("started", time.monotonic())) * 1000, 1),
        },
    )
