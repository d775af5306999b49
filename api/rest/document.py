"""The OpenAPI 3.1 document, made from the code that serves: routes, shapes, scopes and outcomes."""

import copy
from typing import Any

from pydantic import BaseModel, ValidationError
from spectree import SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData

from api.rest import bodies
from api.rest.answers import ErrorAnswer
from api.rest.error_codes import HINTS
from api.rest.links import add_links
from mailboxes.scopes import SCOPES

BASE = "/api/v1"
_SECURITY = "token"


def _name(model: type[BaseModel]) -> str:
    return model.__name__


def _nested(_parent: str, child: str) -> str:
    return child


tree = SpecTree(
    "flask",
    mode="strict",
    annotations=False,
    # Its own pages are not used: ours are served under our policy, with our renderer.
    path="not-served",
    title="Postroom API",
    version="1",
    description=(
        "What owners do in the console, for scripts and agents. Every call carries a token: "
        "`Authorization: Bearer …`.\n\nScopes:\n"
        + "".join(f"- `{scope}`: {words}\n" for scope, words in SCOPES.items())
        + "\nA plan limits what tokens may do: Nano nothing, Starter only reading, Pro and Agency everything."
    ),
    validation_error_model=ErrorAnswer,
    naming_strategy=_name,
    nested_naming_strategy=_nested,
    security_schemes=[
        SecurityScheme(
            name=_SECURITY,
            data=SecuritySchemeData(
                type=SecureType.HTTP, scheme="bearer", description="A token from the console, page *API & agents*."
            ),
        )
    ],
)


def security(scope: str) -> dict[str, list[str]]:
    """What a call needs (OpenAPI 3.1 lets bearer schemes name roles)."""
    return {_SECURITY: [scope] if scope else []}


def document() -> dict[str, Any]:
    """The whole document, with what is the same for every call: headers, and the shape of any other error."""
    made: dict[str, Any] = copy.deepcopy(tree.spec)
    for operations in made["paths"].values():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                answer["headers"] = dict(_HEADERS)
                if status in ("429", "503"):
                    answer["headers"]["Retry-After"] = _header("Seconds to wait.", "integer")
                if status.startswith("2") and method != "get":
                    answer["headers"]["Idempotent-Replayed"] = _REPLAYED
            operation["responses"]["default"] = {
                "description": "Any other error, in the same envelope.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}},
                "headers": dict(_HEADERS),
            }
            for part in operation["parameters"]:
                if part["in"] == "path":
                    part["schema"] = {"type": "integer", "minimum": 1, "maximum": bodies.LARGEST_ID}
            operation["requestBody"] = _body(operation)
            if operation["requestBody"] is None:
                del operation["requestBody"]
    _without_null(made)
    add_links(made["paths"])
    made["paths"] = {path: made["paths"][path] for path in sorted(made["paths"])}
    made["components"]["schemas"]["ErrorData"]["properties"]["code"]["enum"] = sorted(HINTS)
    return made


def _body(operation: dict[str, Any]) -> dict[str, Any] | None:
    """A body of which nothing is required may be left out."""
    body: dict[str, Any] | None = operation.get("requestBody")
    if body is None:
        return None
    name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    body["required"] = not _takes_nothing(getattr(bodies, name))
    return body


def _takes_nothing(model: type[BaseModel]) -> bool:
    try:
        model.model_validate({})
    except ValidationError:
        return False
    return True


def _without_null(part: Any) -> None:
    """ "May be left out" is what a default of null means here, and that it isn't required says so already."""
    for value in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        if isinstance(value, dict) and "default" in value and value["default"] is None:
            del value["default"]
        _without_null(value)


def _header(words: str, kind: str = "string") -> dict[str, Any]:
    return {"description": words, "schema": {"type": kind}}


_REPLAYED = _header("`true` when a request with this Idempotency-Key was done before: this one did nothing.")
_HEADERS = {
    "X-Request-Id": _header("The id of this request, yours when you sent one."),
    "RateLimit-Policy": _header("How many requests (q) a token has in how many seconds (w)."),
    "RateLimit": _header("How many are left (r), and in how many seconds all of them are back (t)."),
}
