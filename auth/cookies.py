"""The cookies a browser keeps while it is signed in: one for a person's webmail, another for an owner's console."""

from flask import request
from werkzeug.wrappers import Response

from auth.models import OWNER
from auth.sessions import LONGEST_SECONDS
from web.context import services

# By it the web server also tells whose a connection is.
PERSONS_COOKIE = "postroom"


def session_token(role: str) -> str:
    """The token this request brings for this role, or nothing."""
    return request.cookies.get(_name(role), "")


def keep(response: Response, token: str, role: str) -> None:
    """Hand the token to the browser: unreadable for scripts, not sent along by another site's form."""
    response.set_cookie(
        _name(role), token, max_age=LONGEST_SECONDS, path="/", secure=_https(), httponly=True, samesite="Lax"
    )


def drop(response: Response, role: str) -> None:
    """Take it away again."""
    response.delete_cookie(_name(role), path="/", secure=_https(), httponly=True, samesite="Lax")


def _name(role: str) -> str:
    """`__Host-`: no other host of the domain and no unencrypted connection can set it (RFC 6265bis §4.1.3.2)."""
    name = "postroom-console" if role == OWNER else PERSONS_COOKIE
    return f"__Host-{name}" if _https() else name


def _https() -> bool:
    return services().config.is_https
