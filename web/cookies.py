"""The cookies a browser keeps while it is signed in: one for a person's webmail, another for an owner's console.

And one for each who was in, by which their browser is known when they come again.
"""

import hashlib

from flask import request
from werkzeug.wrappers import Response

from auth import known_browsers
from auth.models import OWNER
from auth.sessions import LONGEST_SECONDS
from core.db import now
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


def mark(role: str, name: str) -> str:
    """What this browser keeps since it last signed in under this name, or nothing."""
    return request.cookies.get(_mark_name(role, name), "")


def keep_mark(response: Response, role: str, name: str) -> None:
    """It is signed in as `name` now; `SECONDS` later it is a stranger again."""
    marked = known_browsers.mark(services().vault, role, name, now())
    response.set_cookie(
        _mark_name(role, name),
        marked,
        max_age=known_browsers.SECONDS,
        path="/",
        secure=_https(),
        httponly=True,
        samesite="Lax",
    )


def _mark_name(role: str, name: str) -> str:
    """One for each who uses this browser, without saying who."""
    short = hashlib.sha256(f"{role} {name}".encode("utf-8", "replace")).hexdigest()[:8]
    return f"{'__Host-' if _https() else ''}known-{short}"


def _name(role: str) -> str:
    """`__Host-`: no other host of the domain and no unencrypted connection can set it (RFC 6265bis §4.1.3.2)."""
    name = "postroom-console" if role == OWNER else PERSONS_COOKIE
    return f"__Host-{name}" if _https() else name


def _https() -> bool:
    return services().config.is_https
