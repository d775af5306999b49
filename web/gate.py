"""Deny by default: a route is reached by whoever signed in on its side, unless it stands on the list below.

People and owners have a sign-in, a cookie and a form token each. A person's session opens nothing in the console, and
an owner's nothing anywhere else.
"""

from flask import Flask, Response, abort, g, redirect, request, url_for
from flask_login import LoginManager, UserMixin, current_user
from werkzeug.wrappers import Response as BaseResponse

from auth.actor import Somebody
from auth.models import OWNER, PERSON
from auth.sessions import resolve, resolve_owner
from web.context import in_api, in_console, services
from web.cookies import session_token
from web.htmx import is_fragment_request

# Endpoints that need no sign-in, each with its reason.
PUBLIC = frozenset(
    {
        "static",  # styles and scripts, the same for everybody
        "auth.login",  # where one signs in
        "auth.login_code",  # the second step; the half-made session in the cookie is its guard
        "owner.login",  # where owners sign in
        "owner.login_code",  # their second step
        "owner.forgot",  # who forgot their password can't sign in
        "owner.reset",  # what the mailed link carries is its guard
        "webmail.remote_image",  # asked for by frames that send no cookies; a signed, expiring URL is its guard
        "web.health",  # says that the process serves, nothing else
        "web.robots",  # files that are asked for by name, the same for everybody
        "web.favicon",
        "web.security",
        "web.change_password",  # leads to the page that asks who it is
        "api_docs.openapi",  # what the API can do, the same for everybody
        "api_docs.page",  # the same, rendered
    }
)
# Of these the same for everybody: nobody is asked for, so that they are there while the database isn't.
ASKS_NOBODY = frozenset({"static", "web.health", "web.robots", "web.favicon", "web.security"})
# RFC 8615. A sign-in page in the place of a file that isn't there would look like the file.
_WELL_KNOWN = "/.well-known/"
# Its routes take a token instead of a sign-in: their own guard (api/rest/guard.py) lets nobody through without one.
BY_TOKEN = "api"  # noqa: S105  a blueprint


class SignedIn(UserMixin):  # type: ignore[misc]
    """Flask-Login's view of who asks. It lives for one request: who asks is looked up anew every time."""

    def __init__(self, actor: Somebody) -> None:
        self.id = str(actor.login_id)
        self.actor = actor


def install(app: Flask) -> None:
    """Put the gate before every route of the app."""
    # Pages are told by web/context.py; the library's own way would ask the database anew while an error is shown.
    manager = LoginManager(app, add_context_processor=False)
    manager.session_protection = None  # the sessions are ours, in the database; the Flask session holds no identity
    manager.request_loader(_load)
    app.before_request(_guard)


def _load(_request: object) -> SignedIn | None:
    role = OWNER if in_console() else PERSON
    token = session_token(role)
    if not token:
        return None
    held = services()
    found = resolve_owner(held.db, token) if role == OWNER else resolve(held.db, held.vault, token)
    g.found_actor = found
    return SignedIn(found) if found else None


def _guard() -> BaseResponse | None:
    if request.endpoint in ASKS_NOBODY or request.blueprint == BY_TOKEN:
        return None
    if request.endpoint is None and (in_api() or request.path.startswith(_WELL_KNOWN)):
        return None  # there is no such route, and programs are told so
    if current_user.is_authenticated:
        g.actor = current_user.actor
        return None  # should there be no such route, the error page says so
    return None if request.endpoint in PUBLIC else to_sign_in()


def to_sign_in() -> BaseResponse:
    """Send the browser to the sign-in page and back here afterwards; a fragment asks htmx to do it."""
    back = request.full_path.rstrip("?") if request.method == "GET" and not is_fragment_request() else None
    where = url_for("owner.login" if in_console() else "auth.login", next=back)
    if is_fragment_request():
        answer = Response(status=401)
        answer.headers["HX-Redirect"] = where
        return answer
    if request.method not in ("GET", "HEAD"):
        abort(401)
    return redirect(where, 303)
