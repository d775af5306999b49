"""The cookie with the form token and what the next page says: one for each side of the house.

Signing in or out empties it. With a cookie of its own, that breaks no form that is open on the other side.
"""

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from web.context import in_console


class _TwoSides(SecureCookieSessionInterface):
    def get_cookie_name(self, app: Flask) -> str:
        name = super().get_cookie_name(app)
        return f"{name}-console" if in_console() else name


def install(app: Flask) -> None:
    app.session_interface = _TwoSides()
