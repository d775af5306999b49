"""The pages, as a browser without JavaScript uses them, with the form token on."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from auth import app_passwords, totp
from auth.models import Login
from auth.views_next import safe_target
from core.config import Config
from core.db import now
from tests.auth.conftest import HOME
from tests.cast import ANA, OWNER, PASSWORD, SUPPORT, TESS
from web.context import EXTENSION, Services

REFUSED = "That email address and password don&#39;t match. Check both and try again."
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
        _check_page(answer)
        return answer

    def post(self, path: str, form_on: str | None = None, **fields: str) -> TestResponse:
        """Send a form with the token that the page `form_on` (else `path` itself) carries."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(form_on or path).text)
        assert found, "the page has no form"
        answer = self.client.post(path, data={"csrf_token": found[1], **fields})
        _check_page(answer)
        return answer

    def sign_in(self, address: str = ANA, password: str = PASSWORD, **more: str) -> TestResponse:
        return self.post("/login", address=address, password=password, **more)

    @property
    def token(self) -> str:
        cookie = self.client.get_cookie("postroom")
        return cookie.value if cookie else ""


@pytest.fixture
def app(_sqlite_template: Path, tmp_path: Path) -> Iterator[Flask]:
    shutil.copy(_sqlite_template, tmp_path / "postroom.db")
    made = create_app(
        Config(
            data_dir=tmp_path,
            database_url=f"sqlite:///{tmp_path}/postroom.db",
            secret_key="0123456789abcdef" * 4,
        )
    )
    made.testing = True
    yield made
    _services(made).db.dispose()


@pytest.fixture
def browser(app: Flask) -> Browser:
    return _browser(app)


def _browser(app: Flask) -> Browser:
    client = app.test_client()
    client.environ_base["HTTP_USER_AGENT"] = HOME.user_agent
    return Browser(client)


def _services(app: Flask) -> Services:
    found: Services = app.extensions[EXTENSION]
    return found


def _check_page(answer: TestResponse) -> None:
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


def _where(answer: TestResponse) -> str:
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def _session_cookie(answer: TestResponse) -> str:
    (cookie,) = [line for line in answer.headers.getlist("Set-Cookie") if "postroom=" in line]
    return cookie


def _code(app: Flask, address: str = TESS, offset: int = 0) -> str:
    room = _services(app)
    with room.db.read() as session:
        sealed = session.query(Login).filter_by(name=address).one().totp_secret
        assert sealed
        return totp.code_at(room.vault.decrypt(sealed), now() // 30 + offset)


def test_ana_signs_in_and_out(app: Flask, browser: Browser) -> None:
    assert _where(browser.client.get("/settings/security")) == "/login?next=/settings/security"
    page = browser.get("/login?next=/settings/security").text
    for words in ("Email address</label>", "Password</label>", ">Sign in</button>"):
        assert words in page
    answer = browser.sign_in(next="/settings/security")
    assert _where(answer) == "/settings/security"
    assert "Security" in browser.get("/settings/security").text
    before = browser.token
    assert _where(browser.post("/logout", form_on="/settings/security")) == "/login"
    assert browser.token == ""
    assert "You&#39;re signed out." in browser.get("/login").text
    browser.client.set_cookie("postroom", before)
    assert _where(browser.client.get("/settings/security")).startswith("/login")


def test_the_cookie_can_be_read_by_no_script_and_sent_by_no_other_site(browser: Browser) -> None:
    cookie = _session_cookie(browser.sign_in())
    assert cookie.startswith("postroom=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie


def test_over_https_the_cookie_is_bound_to_this_host(app: Flask) -> None:
    room = _services(app)
    app.extensions[EXTENSION] = replace(room, config=replace(room.config, public_url="https://mail.example.com"))
    browser = _browser(app)
    cookie = _session_cookie(browser.sign_in())
    assert cookie.startswith("__Host-postroom=")
    assert "Secure" in cookie
    assert "Path=/" in cookie


@pytest.mark.parametrize(
    ("address", "password"),
    [
        (ANA, "a wrong password"),
        (ANA, ""),
        ("nobody@brand-a.test", PASSWORD),
        (SUPPORT, PASSWORD),
        (SUPPORT, ""),
        (SUPPORT, "!"),
        (OWNER, PASSWORD),
        ("", ""),
    ],
)
def test_whatever_does_not_open_is_refused_by_the_same_page(browser: Browser, address: str, password: str) -> None:
    answer = browser.sign_in(address, password)
    assert answer.status_code == 403
    assert REFUSED in answer.text
    assert browser.token == ""
    known = _browser(browser.client.application).sign_in(ANA, "a wrong password")
    assert _without_typed(answer.text, address) == _without_typed(known.text, ANA)


def test_the_sign_in_page_speaks_of_no_shared_mailbox(browser: Browser) -> None:
    assert "shared" not in browser.get("/login").text.lower()


def test_a_wrong_password_is_never_sent_back(browser: Browser) -> None:
    assert "a wrong password" not in browser.sign_in(password="a wrong password").text


def test_an_address_typed_as_markup_stays_text(browser: Browser) -> None:
    answer = browser.sign_in('"><script>alert(1)</script>')
    assert "<script>alert" not in answer.text


def test_after_ten_wrong_passwords_the_page_says_how_long(browser: Browser) -> None:
    for _ in range(10):
        assert browser.sign_in(password="a wrong password").status_code == 403
    answer = browser.sign_in()
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.text
    assert 0 < int(answer.headers["Retry-After"]) <= 900


@pytest.mark.parametrize("path", ["/login", "/login/code"])
def test_a_form_without_its_token_is_refused(browser: Browser, path: str) -> None:
    browser.sign_in(TESS)
    answer = browser.client.post(path, data={"address": ANA, "password": PASSWORD, "code": "1"})
    assert answer.status_code == 400


def test_signing_out_by_a_link_or_a_foreign_form_does_nothing(browser: Browser) -> None:
    browser.sign_in()
    assert browser.client.get("/logout").status_code == 405
    assert browser.client.post("/logout").status_code == 400
    assert browser.get("/settings/security").status_code == 200


def test_the_form_token_changes_with_the_person(browser: Browser) -> None:
    old = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/login").text)
    assert old
    browser.sign_in()
    assert browser.client.post("/logout", data={"csrf_token": old[1]}).status_code == 400


def test_signing_in_again_ends_the_session_before(app: Flask, browser: Browser) -> None:
    browser.sign_in()
    first = browser.token
    other = _browser(app)
    other.client.get("/login")
    other.client.set_cookie("postroom", first)
    found = re.search(r'name="csrf_token" value="([^"]+)"', other.client.get("/settings/password").text)
    assert found
    other.client.post("/login", data={"csrf_token": found[1], "address": TESS, "password": PASSWORD})
    assert _where(browser.client.get("/settings/security")).startswith("/login")


def test_someone_signed_in_is_not_asked_again(browser: Browser) -> None:
    browser.sign_in()
    assert _where(browser.client.get("/login?next=/settings/sessions")) == "/settings/sessions"


def test_tess_needs_her_code(app: Flask, browser: Browser) -> None:
    answer = browser.sign_in(TESS, next="/settings/security")
    assert _where(answer) == "/login/code?next=/settings/security"
    pending = browser.token
    for path in ["/", *SETTINGS]:
        assert _where(browser.client.get(path)).startswith("/login")
    page = browser.get("/login/code?next=/settings/security").text
    assert "Authentication code</label>" in page
    assert ">Verify</button>" in page
    answer = browser.post("/login/code", code=_code(app), next="/settings/security")
    assert _where(answer) == "/settings/security"
    assert browser.token not in ("", pending), "the second factor gives a new token"
    assert browser.get("/settings/security").status_code == 200


def test_five_wrong_codes_and_the_page_says_how_long_also_for_the_right_one(app: Flask, browser: Browser) -> None:
    browser.sign_in(TESS)
    for _ in range(5):
        answer = browser.post("/login/code", code="abcdef")
        assert answer.status_code == 403
        assert "That code isn&#39;t right" in answer.text
    answer = browser.post("/login/code", code=_code(app))
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.text


@pytest.mark.parametrize("code", ["", " ", "½½½½½½", "١٢٣٤٥٦", "0" * 5000, "<b>"])
def test_any_code_is_just_wrong(browser: Browser, code: str) -> None:
    browser.sign_in(TESS)
    assert browser.post("/login/code", code=code).status_code == 403


def test_the_code_page_without_a_password_before_leads_back(browser: Browser) -> None:
    assert _where(browser.client.get("/login/code?next=/settings/security")) == "/login?next=/settings/security"
    assert _where(browser.post("/login/code", form_on="/login", code="123456")) == "/login"
    assert "That took too long. Sign in again." in browser.get("/login").text


def test_tess_uses_a_recovery_code_and_reads_how_many_are_left(app: Flask, browser: Browser) -> None:
    _tess(app, browser)
    page = browser.post("/settings/recovery-codes", password=PASSWORD).text
    codes = re.findall(r"<li>([a-z2-9]{4}(?:-[a-z2-9]{4}){3})</li>", page)
    assert len(codes) == 10
    assert codes[9] not in browser.get("/settings/recovery-codes").text, "they are shown once"
    other = _browser(app)
    other.sign_in(TESS)
    assert other.post("/login/code", code=codes[9]).status_code == 303
    assert "9 are left" in other.get("/settings/security").text


@pytest.mark.parametrize("path", SETTINGS)
def test_the_settings_are_for_those_who_signed_in(app: Flask, browser: Browser, path: str) -> None:
    assert _where(browser.client.get(path)).startswith("/login")
    browser.sign_in()
    page = browser.get(path)
    assert page.status_code == 200
    assert ANA in page.text
    assert "Back to my inbox" in page.text


def test_without_a_second_factor_there_are_no_codes_to_make(browser: Browser) -> None:
    assert _where(browser.client.get("/settings/recovery-codes")).startswith("/login")
    browser.sign_in()
    assert _where(browser.client.get("/settings/recovery-codes")) == "/settings/second-factor"


def test_ana_switches_the_second_factor_on_and_off(app: Flask, browser: Browser) -> None:
    phone = _browser(app)
    phone.sign_in()
    browser.sign_in()
    page = browser.get("/settings/second-factor").text
    assert "will need an app password" in page
    assert browser.post("/settings/second-factor/begin", "/settings/second-factor", password="no").status_code == 403
    begun = browser.post("/settings/second-factor/begin", "/settings/second-factor", password=PASSWORD)
    assert _where(begun) == "/settings/second-factor"
    page = browser.get("/settings/second-factor").text
    assert 'src="data:image/svg+xml' in page
    assert "otpauth://totp/Postroom:ana%40brand-a.test" in page
    confirm = "/settings/second-factor/confirm"
    assert browser.post(confirm, "/settings/second-factor", code="123").status_code == 403
    before = browser.token
    done = browser.post(confirm, "/settings/second-factor", code=_code(app, ANA))
    assert done.status_code == 200
    assert len(re.findall(r"<li>[a-z2-9-]{19}</li>", done.text)) == 10
    assert browser.token != before
    assert _where(phone.client.get("/settings/security")).startswith("/login")
    page = browser.get("/settings/second-factor").text
    assert "data:image" not in page, "the seed is shown no more"
    again = _browser(app)
    assert _where(again.sign_in()) == "/login/code"
    off = {"password": PASSWORD, "code": _code(app, ANA, 1)}
    assert (
        browser.post("/settings/second-factor/off", "/settings/second-factor", **off | {"code": "1"}).status_code == 403
    )
    assert _where(browser.post("/settings/second-factor/off", "/settings/second-factor", **off)) == (
        "/settings/second-factor"
    )
    assert _where(_browser(app).sign_in()) == "/"


def test_what_was_changed_in_another_tab_is_said(app: Flask, browser: Browser) -> None:
    _tess(app, browser)
    begin = browser.post("/settings/second-factor/begin", "/settings/second-factor", password=PASSWORD)
    assert begin.status_code == 409
    assert "changed meanwhile" in begin.text


def test_ana_makes_an_app_password_and_takes_it_away(app: Flask, browser: Browser) -> None:
    browser.sign_in()
    page = "/settings/app-passwords"
    assert browser.post(page, label="Phone", password="no").status_code == 403
    assert browser.post(page, label="", password=PASSWORD).status_code == 422
    made = browser.post(page, label="<i>Phone</i>", password=PASSWORD)
    found = re.search(r'class="secret">([a-z2-9]{4}(?:-[a-z2-9]{4}){6})<', made.text)
    assert found
    assert "<i>Phone" not in made.text
    again = browser.get(page).text
    assert found[1] not in again, "it is shown once"
    assert "&lt;i&gt;Phone" in again
    (row,) = _app_passwords(app)
    eve = _browser(app)
    _tess(app, eve)
    assert eve.post(f"{page}/{row}/revoke", page).status_code == 404
    assert _where(browser.post(f"{page}/{row}/revoke", page)) == page
    assert _app_passwords(app) == []


def test_ana_ends_the_session_on_her_phone(app: Flask, browser: Browser) -> None:
    phone, tess = _browser(app), _browser(app)
    phone.sign_in()
    browser.sign_in()
    _tess(app, tess)
    page = browser.get("/settings/sessions").text
    assert len(re.findall(r"Firefox on Linux\s+<", page)) == 2
    assert page.count("This browser") == 1
    number = re.search(r'action="/settings/sessions/(\d+)/end"', page)
    assert number
    path = f"/settings/sessions/{number[1]}/end"
    assert tess.post(path, "/settings/sessions").status_code == 404
    assert _where(browser.post(path, "/settings/sessions")) == "/settings/sessions"
    assert _where(phone.client.get("/settings/security")).startswith("/login")
    assert browser.post(path, "/settings/sessions").status_code == 404
    assert browser.post("/settings/sessions/99999999999999999999/end", "/settings/sessions").status_code == 404


def test_ana_ends_all_others(app: Flask, browser: Browser) -> None:
    others = [_browser(app), _browser(app)]
    for other in others:
        other.sign_in()
    browser.sign_in()
    browser.post("/settings/sessions/end-others", "/settings/sessions")
    assert "2 other sessions are signed out." in browser.get("/settings/sessions").text
    assert all(other.client.get("/settings/security").status_code == 303 for other in others)


def test_ana_changes_her_password(app: Flask, browser: Browser) -> None:
    phone = _browser(app)
    phone.sign_in()
    browser.sign_in()
    page, fresh = "/settings/password", "wet otters sing at dawn"
    filled = {"password": PASSWORD, "new_password": fresh, "repeat": fresh}
    assert "differ" in browser.post(page, **filled | {"repeat": "other"}).text
    assert "current password" in browser.post(page, **filled | {"password": "no"}).text
    weak = browser.post(page, **filled | {"new_password": "short", "repeat": "short"})
    assert weak.status_code == 422
    assert "at least 12" in weak.text
    assert _where(browser.post(page, **filled)) == "/settings/security"
    assert "Your password is changed. The other session is signed out." in browser.get("/settings/security").text
    assert _where(phone.client.get("/settings/security")).startswith("/login")
    assert _browser(app).sign_in().status_code == 403
    assert _where(_browser(app).sign_in(password=fresh)) == "/"


def test_no_settings_form_works_without_its_token(app: Flask, browser: Browser) -> None:
    browser.sign_in()
    unsafe = [
        str(rule).replace("<int(max=2147483647):number>", "1")
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(("settings.", "auth.")) and "POST" in (rule.methods or ())
    ]
    assert len(unsafe) >= 11
    for path in unsafe:
        assert browser.client.post(path, data={"password": PASSWORD}).status_code == 400, path


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "",
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test",
        "\\\\evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "/ /evil.test",
        "///evil.test",
        "javascript:alert(1)",
        "evil.test",
        "/login",
        "/login/code",
        "/logout",
        "/" + "x" * 3000,
        "//[evil",
        " /x",
    ],
)
def test_next_leads_to_no_other_host(wanted: str | None) -> None:
    assert safe_target(wanted, "/home") == "/home"


@pytest.mark.parametrize("wanted", ["/", "/m/ana@brand-a.test/INBOX?page=2", "/a//b", "/login-help", "/ä"])
def test_next_leads_back_to_where_one_was(wanted: str) -> None:
    assert safe_target(wanted, "/home") == wanted


def test_a_foreign_next_ends_at_home(browser: Browser) -> None:
    assert _where(browser.sign_in(next="//evil.test/")) == "/"
    assert _where(browser.client.get("/login?next=https://evil.test")) == "/"


def _tess(app: Flask, browser: Browser) -> None:
    """Signed in, whatever codes were used before."""
    room = _services(app)
    with room.db.write() as session:
        session.query(Login).filter_by(name=TESS).update({"totp_last_step": 0})
    browser.sign_in(TESS)
    assert browser.post("/login/code", code=_code(app)).status_code == 303


def _app_passwords(app: Flask) -> list[int]:
    with _services(app).db.read() as session:
        ana = session.query(Login).filter_by(name=ANA).one()
        return [row.id for row in app_passwords.listing(session, ana.id)]


def _without_typed(page: str, address: str) -> str:
    """The page without what was typed and what is random."""
    page = re.sub(r'name="csrf_token" value="[^"]+"', "", unescape(page))
    page = re.sub(r'value="[^"]*"', "", page.replace(f'value="{address}"', ""))
    return re.sub(r"\bautofocus\b|\s", "", page)
