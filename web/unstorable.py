"""What no path, query or form may carry: NUL, which no database keeps, and fields that have no name."""

from collections.abc import Iterable

from flask import Flask, abort, request

from core.errors import PostroomError
from web.context import in_api

_NUL = "\0"


class HoldsNul(PostroomError):
    code = "unstorable"
    status = 400
    public = "Something you sent holds a character that can't be kept (NUL). Take it out, then try again."


class NamelessField(PostroomError):
    code = "nameless_field"
    status = 400
    public = "That form is broken: one of its fields has no name. Reload the page, and try again."


def install(app: Flask) -> None:
    """Before anybody else looks into the form."""
    app.before_request(_refuse)


def _refuse() -> None:
    if _NUL in request.path:
        abort(404)
    if in_api():
        return  # its shapes refuse more than this, and name the field
    # RFC 7578 §4.2 demands a name; the parser lets a part without one through as None.
    if None in request.form or None in request.files:
        raise NamelessField(request.path)
    if _anywhere(request.args.lists()) or _anywhere(request.form.lists()):
        raise HoldsNul(request.path)


def _anywhere(fields: Iterable[tuple[str, list[str]]]) -> bool:
    return any(_NUL in text for name, values in fields for text in (name, *values))
