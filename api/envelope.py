"""Every error a program meets, in one shape, whatever caused it and wherever under /api/ it happened."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from api.request_ids import request_id
from auth.errors import RateLimited, WeakPassword
from core.db import DatabaseTrouble
from core.errors import PostroomError
from mailboxes.errors import BadAddress, BadDomain, MemberNeeded

log = logging.getLogger(__name__)

Fields = Mapping[str, Sequence[str]]

# What to do next, by code.
HINTS = {
    "unauthenticated": "Send Authorization: Bearer <token>. Owners make tokens in the console, page API & agents.",
    "insufficient_scope": "Ask an owner for a token with that scope. GET /api/v1/me lists what this one may do.",
    "feature_not_available": "Ask an owner to move the account to a plan that includes it.",
    "not_found": "Check the id: it may be gone, belong to another account, or lie outside this token's domains.",
    "address_taken": "Choose another name, or use what is there.",
    "already_member": "GET the members first; to change one, PATCH the membership.",
    "idempotency_conflict": "Use a fresh key for every new request, and the same key only to repeat one.",
    "validation_failed": "Correct what is named in fields, then send the request again.",
    "last_member": "Add somebody else first, then remove this member.",
    "not_shared": "Convert it first: POST /mailboxes/{id}/convert-to-shared.",
    "already_shared": "A shared mailbox has no password: its members open it from their own. Manage those instead.",
    "member_not_eligible": "Use the id of an active regular mailbox of this account.",
    "plan_limit_reached": "Free a place, or ask an owner for a larger plan.",
    "rate_limited": "Wait as long as Retry-After says.",
    "mail_server_unavailable": "Try again in a moment.",
    "temporarily_unavailable": "Nothing was changed. Try again in a moment.",
    "bad_request": "Send HTTP as RFC 9110 and 9112 have it.",
    "method_not_allowed": "The header Allow says which methods there are.",
    "payload_too_large": "Send less than 1 MB.",
    "unsupported_media_type": "Send JSON, with the header Content-Type: application/json.",
    "headers_too_large": "Send less than 256 kB of address and headers; what is long goes into the body.",
    "internal_error": "Nothing was changed. If it happens again, tell us the request_id.",
}
RETRYABLE = frozenset({"rate_limited", "mail_server_unavailable", "temporarily_unavailable"})

# Errors that HTTP itself names, as code and words.
HTTP_WORDS = {
    400: ("bad_request", "That request can't be understood."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "That doesn't work with this method."),
    413: ("payload_too_large", "That request is too large."),
    415: ("unsupported_media_type", "That request isn't JSON."),
    431: ("headers_too_large", "The address or the headers of that request are too long."),
    501: ("bad_request", "That transfer coding isn't known here."),
}
# After how many seconds it is worth asking again when something was away or held by another.
_SOON = 2
INTERNAL = ("internal_error", "Something went wrong on our side.")

# Which field of a request an error of the law speaks of.
_FIELDS: tuple[tuple[type[PostroomError], str], ...] = (
    (WeakPassword, "password"),
    (BadDomain, "name"),
    (BadAddress, "local_part"),
    (MemberNeeded, "member_mailbox_ids"),
)


class Invalid(PostroomError):
    """The request isn't what the document asks for; `fields` says where."""

    code = "validation_failed"
    status = 422
    public = "The request isn't valid."

    def __init__(self, fields: Fields) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


def install(app: Flask) -> None:
    """JSON beyond ASCII as it is, and keys in the order they are given."""
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]


def tell(error: Exception) -> Response:
    """The answer for any exception."""
    if isinstance(error, PostroomError):
        return _ours(error)
    if isinstance(error, DatabaseTrouble):
        log.error("database: %s", error.orig, extra={"request_id": request_id()})
        return refuse(503, "temporarily_unavailable", "Postroom can't reach its data at this moment.")
    if isinstance(error, HTTPException):
        return _http(error)
    log.error("unforeseen", exc_info=error, extra={"request_id": request_id()})
    return refuse(500, *INTERNAL)


def refuse(status: int, code: str, message: str, *, fields: Fields | None = None) -> Response:
    body = error_body(code, message, request_id())
    answer = jsonify(error=body if fields is None else body | {"fields": fields})
    answer.status_code = status
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = str(_SOON)
    return answer


def http_words(status: int) -> tuple[str, str]:
    """Code and words for what HTTP itself refuses. The law's own code for a bad request is always 422."""
    return HTTP_WORDS.get(status, INTERNAL if status >= HTTPStatus.INTERNAL_SERVER_ERROR else HTTP_WORDS[400])


def error_body(code: str, message: str, about: str) -> dict[str, object]:
    """What stands under `error`; `about` is the id of the request."""
    return {
        "code": code,
        "message": message,
        "hint": HINTS[code],
        "request_id": about,
        "retryable": code in RETRYABLE,
    }


def _ours(error: PostroomError) -> Response:
    code, status = _contracted(error)
    level = logging.ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO
    log.log(level, "%s: %s", code, error, extra={"request_id": request_id()})
    answer = refuse(status, code, error.public, fields=_fields(error) if code == "validation_failed" else None)
    if isinstance(error, RateLimited):
        answer.headers["Retry-After"] = str(error.retry_after)
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="postroom"'
    return answer


def _contracted(error: PostroomError) -> tuple[str, int]:
    """The code and status by which programs know it; rooms name a few errors more finely."""
    if isinstance(error, WeakPassword):
        return "validation_failed", 422
    if error.code in HINTS:
        return error.code, error.status
    return INTERNAL[0], 500


def _fields(error: PostroomError) -> Fields:
    if isinstance(error, Invalid):
        return error.fields
    return next(({name: [error.public]} for kind, name in _FIELDS if isinstance(error, kind)), {})


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    answer = refuse(status, *http_words(status))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer
