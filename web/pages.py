"""The pages that belong to no room."""

from flask import Blueprint, Response, request
from flask_wtf.csrf import generate_csrf

from core.errors import PostroomError
from web.context import current_actor

blueprint = Blueprint("web", __name__)


class SomebodyElse(PostroomError):
    """An open page belongs to whoever opened it, not to whoever signed in in the same browser since."""

    code = "somebody_else"
    status = 409
    public = "Somebody else is signed in here now. Sign in again as yourself in another tab, then go on."


@blueprint.get("/health")
def health() -> Response:
    """The process serves. Nothing else is told: nobody has signed in."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/form-token")
def form_token() -> Response:
    """A form token of the present session, for a page this person opened in an earlier one. Raises SomebodyElse."""
    if request.args.get("person") != current_actor().address:
        raise SomebodyElse(current_actor().address)
    return Response(generate_csrf(), content_type="text/plain; charset=utf-8")
