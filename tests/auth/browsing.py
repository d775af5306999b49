"""A browser without JavaScript at the sign-in and settings pages, with the form token on."""

import re
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from auth import app_passwords, totp
from auth.models import Login
from core.db import now
from tests.cast import ANA, PASSWORD, TESS
from web.context import EXTENSION, Services

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SETTINGS = [
    "/settings/security",
    "/settings/password",
    "/settings/second-factor",
    "/settings/app-passwords",
    "/settings/sessions",
]


@dataclass
class Browser:
    """One browser: its cookies, and forms filled in as a person would."""

    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        answer = self.client.get(path)
        check_page(answer)
        return answer

    def post(self, path: str, form_on: str | None = None, **fields: str) -> TestResponse:
        """Send a form with the token that the page `form_on` (else `path` itself) carries."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(form_on or path).text)
        assert found, "the page has no form"
        answer = self.client.post(path, data={"csrf_token": found[1], **fields})
        check_page(answer)
        return answer

    def sign_in(self, address: str = ANA, password: str = PASSWORD, **more: str) -> TestResponse:
        return self.post("/login", address=address, password=password, **more)

    @property
    def token(self) -> str:
        cookie = self.client.get_cookie("postroom")
        return cookie.value if cookie else ""


def new_browser(app: Flask) -> Browser:
    client = app.test_client()
    client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    return Browser(client)


def services_of(app: Flask) -> Services:
    found: Services = app.extensions[EXTENSION]
    return found


def check_page(answer: TestResponse) -> None:
    """What holds for every page of ours."""
    assert answer.status_code < 500
    assert "no-store" in answer.headers["Cache-Control"]
    if answer.status_code in (301, 302, 303):
        return
    page = answer.text
    assert len(re.findall(r"<h1[ >]", page)) == 1
    assert re.search(r"<title>[^<]+</title>", page)
    ids = re.findall(r'\sid="([^"]*)"', page)
    assert len(ids) == len(set(ids)), "an id stands twice"
    for wanted in re.findall(r'\s(?:for|aria-labelledby|aria-describedby)="([^"]*)"', page):
        assert set(wanted.split()) <= set(ids)
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", page), "the content policy would refuse it"


def where_to(answer: TestResponse) -> str:
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def session_cookie(answer: TestResponse) -> str:
    (cookie,) = [line for line in answer.headers.getlist("Set-Cookie") if "postroom=" in line]
    return cookie


def code_of(app: Flask, address: str = TESS, offset: int = 0) -> str:
    room = services_of(app)
    with room.db.read() as session:
        sealed = session.query(Login).filter_by(name=address).one().totp_secret
        assert sealed
        return totp.code_at(room.vault.decrypt(sealed), now() // 30 + offset)


def sign_in_tess(app: Flask, browser: Browser) -> None:
    """Signed in, whatever codes were used before."""
    room = services_of(app)
    with room.db.write() as session:
        session.query(Login).filter_by(name=TESS).update({"totp_last_step": 0})
    browser.sign_in(TESS)
    assert browser.post("/login/code", code=code_of(app)).status_code == 303


def app_password_ids(app: Flask) -> list[int]:
    with services_of(app).db.read() as session:
        ana = session.query(Login).filter_by(name=ANA).one()
        return [row.id for row in app_passwords.listing(session, ana.id)]
