"""The pages that belong to no room."""

from flask import Blueprint, Response

blueprint = Blueprint("web", __name__)


@blueprint.get("/health")
def health() -> Response:
    """The process serves. Nothing else is told: nobody has signed in."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")
