"""The document and the page that renders it; both say nothing that isn't the same for everybody."""

from flask import Blueprint, Response, jsonify, make_response, render_template

from api.rest.document import BASE, document

blueprint = Blueprint("api_docs", __name__)


@blueprint.get(f"{BASE}/openapi.json")
def openapi() -> Response:
    """The OpenAPI 3.1 document of what this process serves."""
    return jsonify(document())


@blueprint.get("/api/docs")
def page() -> Response:
    """The document, for people."""
    return make_response(render_template("api/docs.html"))
