"""How a view becomes a route: its scope, its shapes, its outcomes, and its place in the document, said once."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import Blueprint, Response, g, request
from pydantic import BaseModel, ValidationError
from spectree import Response as Outcomes
from werkzeug.routing import BaseConverter

from api.rest.answers import Answer, ErrorAnswer
from api.rest.bodies import LARGEST_ID, WriteHeaders
from api.rest.calls import Call, Change, perform
from api.rest.document import BASE, security, tree
from api.rest.envelope import Invalid
from api.rest.guard import admit, check_body, require
from api.rest.wrong_fields import wrong_fields

api = Blueprint("api", __name__, url_prefix=BASE)

Read = Callable[..., Answer]
Write = Callable[..., Change[Any]]


class Id(BaseConverter):
    """`<id:name>` in a path. A number that is none of a row's is 0, which names nothing, and the law says so.

    A converter that refuses it would leave the router to say that the *method* is wrong.
    """

    regex = "[0-9]+"

    def to_python(self, value: str) -> int:
        number = int(value) if len(value) <= len(str(LARGEST_ID)) else 0
        return number if number <= LARGEST_ID else 0


@api.before_request
def _admit() -> None:
    admit()
    check_body()


def read(
    rule: str, scope: str, answer: type[Answer], *, tag: str, query: type[BaseModel] | None = None
) -> Callable[[Read], Read]:
    """A view `(call, **path, query=…) -> answer` for GET."""

    def add(view: Read) -> Read:
        @wraps(view)
        def serve(**path: int) -> dict[str, Any]:
            extra = {"query": request.context.query} if query else {}  # type: ignore[attr-defined]
            return view(Call.current(), **path, **extra).model_dump(mode="json")

        validated = tree.validate(
            query=query,
            resp=_outcomes(200, answer),
            tags=[tag],
            security=security(scope),
            before=_invalid,
            operation_id=view.__name__,
        )(serve)
        _route(rule, "GET", scope, view, validated)
        return view

    return add


def write(
    method: str,
    rule: str,
    scope: str,
    answer: type[Answer],
    *,
    tag: str,
    status: int = 200,
    body: type[BaseModel] | None = None,
    headers: type[WriteHeaders] = WriteHeaders,
) -> Callable[[Write], Write]:
    """A view `(call, **path, body=…) -> Change` for POST, PATCH or DELETE, done once per Idempotency-Key."""

    def add(view: Write) -> Write:
        @wraps(view)
        def serve(**path: int) -> tuple[dict[str, Any], int, dict[str, str]]:
            given = request.context  # type: ignore[attr-defined]
            extra = {"body": given.json} if body else {}
            change = view(Call.current(), **path, **extra)
            told = perform(change, given.headers.idempotency_key).model_dump(mode="json")
            return told, status, {"Idempotent-Replayed": "true"} if g.get("replayed") else {}

        validated = tree.validate(
            json=body,
            headers=headers,
            resp=_outcomes(status, answer),
            tags=[tag],
            security=security(scope),
            before=_invalid,
            operation_id=view.__name__,
        )(serve)
        _route(rule, method, scope, view, validated)
        return view

    return add


def _route(rule: str, method: str, scope: str, view: Callable[..., Any], validated: Callable[..., Any]) -> None:
    @wraps(validated)
    def guarded(**path: int) -> Response:
        require(scope)
        return cast(Response, validated(**path))

    api.add_url_rule(rule, view.__name__, guarded, methods=[method])


def _outcomes(status: int, answer: type[Answer]) -> Outcomes:
    errors = {f"HTTP_{code}": ErrorAnswer for code in (401, 403, 404, 409, 413, 415, 422, 429, 500, 503)}
    return Outcomes(**{f"HTTP_{status}": answer}, **errors)


def _invalid(_request: object, _response: object, error: Exception | None, _instance: object, _adapter: object) -> None:
    """What the shapes refuse, in our envelope."""
    if isinstance(error, ValidationError):
        raise Invalid(wrong_fields(error))
