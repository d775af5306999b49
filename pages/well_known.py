"""What browsers and programs ask of every site: health, robots, security.txt, a fresh form token."""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, current_app, redirect, request, url_for
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as BaseResponse

from core.errors import PostroomError
from web.context import current_actor, services

blueprint = Blueprint("web", __name__)

_PLAIN = "text/plain; charset=utf-8"
# RFC 9116 §2.5.5: less than a year. What it says stays true as long as this answers.
_SAID_FOR = timedelta(days=180)


class SomebodyElse(PostroomError):
    """An open page belongs to whoever opened it, not to whoever signed in in the same browser since."""

    code = "somebody_else"
    status = 409
    public = "Somebody else is signed in here now. Sign in again as yourself in another tab, then go on."


@blueprint.get("/health")
def health() -> Response:
    """The process serves. Nothing else is told: nobody has signed in."""
    return Response("ok\n", content_type=_PLAIN)


@blueprint.get("/form-token")
def form_token() -> Response:
    """A form token of the present session, for a page this person opened in an earlier one. Raises SomebodyElse."""
    if request.args.get("person") != current_actor().address:
        raise SomebodyElse(current_actor().address)
    return Response(generate_csrf(), content_type=_PLAIN)


@blueprint.get("/robots.txt")
def robots() -> Response:
    """RFC 9309: there is nothing here for anybody to index."""
    return Response("User-agent: *\nDisallow: /\n", content_type=_PLAIN)


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """For whoever asks without having read a page of ours."""
    return current_app.send_static_file("icons/favicon.ico")


@blueprint.get("/.well-known/security.txt")
def security() -> Response:
    """Whom to tell of a hole (RFC 9116)."""
    config = services().config
    until = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + _SAID_FOR
    lines = [
        f"Contact: {config.security_contact}",
        f"Expires: {until:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {config.public_url}/.well-known/security.txt",
    ]
    return Response("\n".join(lines) + "\n", content_type=_PLAIN)


@blueprint.get("/.well-known/change-password")
def change_password() -> BaseResponse:
    """Where password managers send people (W3C, A Well-Known URL for Changing Passwords)."""
    return redirect(url_for("settings.password"), 303)
