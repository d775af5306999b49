"""Signing in and out, for people and for owners: the same steps for two roles that don't mix."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from flask import Blueprint, g, make_response, redirect, render_template, request, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from auth import session_list, sign_in
from auth.actor import Client
from auth.errors import SignInExpired
from auth.logins import normal_name
from auth.sessions import Started
from pages.sign_in.forms import REFUSALS, CodeForm, SignInForm, refuse
from pages.sign_in.next_page import safe_target
from web import cookies
from web.context import client_address, services
from web.forms import typed
from web.say import say


@dataclass(frozen=True)
class Way:
    """One sign-in: for which role, where it leads (an endpoint), below which path, and the page that asks."""

    role: str
    home: str
    below: str
    template: str


def this_client(mark: str = "") -> Client:
    """Where this request comes from."""
    return Client(client_address(), request.headers.get("User-Agent", ""), mark)


def add_sign_in(blueprint: Blueprint, way: Way) -> None:
    """Give the blueprint `login`, `login_code` and `logout`."""
    both = ["GET", "POST"]
    blueprint.add_url_rule("/login", "login", view_of(_login, way), methods=both)
    blueprint.add_url_rule("/login/code", "login_code", view_of(_login_code, way), methods=both)
    blueprint.add_url_rule("/logout", "logout", view_of(_logout, way), methods=["POST"])


def view_of(page: Callable[..., Response], *first: object) -> Callable[..., Response]:
    """A view that knows on which side of the house it stands, under the page's own name."""

    @wraps(page)
    def view(*args: object, **kwargs: object) -> Response:
        return page(*first, *args, **kwargs)

    return view


def form_page(
    template: str, form: FlaskForm, status: int = 200, headers: dict[str, str] | None = None, **context: object
) -> Response:
    """A page that asks one thing. What was typed into it must not be kept by anybody."""
    answer = make_response(render_template(template, form=form, **context), status)
    answer.headers.update({"Cache-Control": "no-store", **(headers or {})})
    return answer


def _login(way: Way) -> Response:
    """Email address and password."""
    form = SignInForm(next=request.args.get("next", ""))
    if form.validate_on_submit():
        room, name, password = services(), typed(form.address), typed(form.password)
        client = this_client(cookies.mark(way.role, normal_name(name)))
        try:
            started = sign_in.with_password(room.db, room.vault, name, password, client, way.role)
        except REFUSALS as error:
            return form_page(way.template, form, *refuse(form, error))
        return _go_on(way, started, typed(form.next))
    if g.get("actor") is not None:
        return redirect(_target(way, typed(form.next)), 303)
    return form_page(way.template, form)


def _login_code(way: Way) -> Response:
    """The second factor; whose it is, the pending session in the cookie says."""
    form = CodeForm(next=request.args.get("next", ""))
    room, token = services(), cookies.session_token(way.role)
    if form.validate_on_submit():
        try:
            started = sign_in.with_code(room.db, room.vault, token, typed(form.code), way.role)
        except SignInExpired as error:
            say(error.public, "error")
            return redirect(_with_next(way, ".login", typed(form.next)), 303)
        except REFUSALS as error:
            return form_page("auth/code.html", form, *refuse(form, error))
        return _go_on(way, started, typed(form.next))
    if not sign_in.is_pending(room.db, token, way.role):
        return redirect(_with_next(way, ".login", typed(form.next)), 303)
    return form_page("auth/code.html", form)


def _logout(way: Way) -> Response:
    """End this session: its token, its key and its connections."""
    _end_session(way)
    say("You're signed out.")
    answer = redirect(url_for(".login"), 303)
    cookies.drop(answer, way.role)
    return answer


def _go_on(way: Way, started: Started, wanted: str) -> Response:
    """On to the second factor, or in, under the new token. What this browser held before is over."""
    _end_session(way)
    if started.recovery_codes_left is not None:
        say(f"You used a recovery code. {started.recovery_codes_left} are left.")
    pending = started.state == "pending"
    answer = redirect(_with_next(way, ".login_code", wanted) if pending else _target(way, wanted), 303)
    cookies.keep(answer, started.token, way.role)
    if not pending:
        cookies.keep_mark(answer, way.role, started.name)
    return answer


def _end_session(way: Way) -> None:
    """End the session this browser came with, if any, and forget the form token that went with it."""
    with services().db.write() as db_session:
        session_list.end_by_token(db_session, services().session_events, cookies.session_token(way.role))
    session.clear()


def _target(way: Way, wanted: str) -> str:
    return safe_target(wanted, url_for(way.home), way.below)


def _with_next(way: Way, endpoint: str, wanted: str) -> str:
    return url_for(endpoint, next=safe_target(wanted, "", way.below) or None)
