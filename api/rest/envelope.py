"""Every error a program meets, in one shape, whatever caused it and wherever under /api/ it happened."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from api.rest.error_codes import HINTS, HTTP_HINTS, INTERNAL, error_body, http_words
from api.rest.request_ids import request_id
from auth.errors import RateLimited, WeakPassword
from core.db import is_away
from core.errors import PostroomError
from mailboxes.errors import BadAddress, BadDomain, BadName, MemberNeeded

log = logging.getLogger(__name__)

Fields = Mapping[str, Sequence[str]]

# After how many seconds it is worth asking again when something was away or held by another.
_SOON = 2
# Which field of a request an error of the law speaks of.
_FIELDS: tuple[tuple[type[PostroomError], str], ...] = (
    (WeakPassword, "password"),
    (BadDomain, "name"),
    (BadAddress, "local_part"),
    (BadName, "display_name"),
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
    if is_away(error):
        log.error("database: %s", error, extra={"request_id": request_id()})
        return refuse(503, "temporarily_unavailable", "Postroom can't reach its data at this moment.")
    if isinstance(error, HTTPException):
        return _http(error)
    log.error("unforeseen", exc_info=error, extra={"request_id": request_id()})
    return refuse(500, *INTERNAL)


def refuse(
    status: int,
    code: str,
    message: str,
    *,
    fields: Fields | None = None,
    hint: str = "",
    retry_after: int | None = None,
) -> Response:
    """`retry_after` is in seconds, and stands in the header and in the body."""
    if retry_after is None and status == HTTPStatus.SERVICE_UNAVAILABLE:
        retry_after = _SOON
    body = error_body(code, message, request_id(), hint=hint, retry_after=retry_after)
    answer = jsonify(error=body if fields is None else body | {"fields": fields})
    answer.status_code = status
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def _ours(error: PostroomError) -> Response:
    code, status = _contracted(error)
    level = logging.ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO
    log.log(level, "%s: %s", code, error, extra={"request_id": request_id()})
    answer = refuse(
        status,
        code,
        error.public,
        fields=_fields(error) if code == "validation_failed" else None,
        retry_after=error.retry_after if isinstance(error, RateLimited) else None,
    )
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
    answer = refuse(status, *http_words(status), hint=HTTP_HINTS.get(status, ""))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer
