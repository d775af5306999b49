"""The sign-in pages, as a browser without JavaScript uses them, with the form token on."""

import re
from dataclasses import replace
from html import unescape

import pytest
from flask import Flask

from pages.sign_in.next_page import safe_target
from tests.auth.browsing import (
    SETTINGS,
    Browser,
    code_of,
    new_browser,
    services_of,
    session_cookie,
    sign_in_tess,
    where_to,
)
from tests.cast import ANA, OWNER, PASSWORD, SUPPORT, TESS
from web.context import EXTENSION

REFUSED = "That email address and password don&#39;t match. Check both and try again."


def test_ana_signs_in_and_out(app: Flask, browser: Browser) -> None:
    assert where_to(browser.client.get("/settings/security")) == "/login?next=/settings/security"
    page = browser.get("/login?next=/settings/security").text
    for words in ("Email address</label>", "Password</label>", ">Sign in</button>"):
        assert words in page
    answer = browser.sign_in(next="/settings/security")
    assert where_to(answer) == "/settings/security"
    assert "Security" in browser.get("/settings/security").text
    before = browser.token
    assert where_to(browser.post("/logout", form_on="/settings/security")) == "/login"
    assert browser.token == ""
    assert "You&#39;re signed out." in browser.get("/login").text
    browser.client.set_cookie("postroom", before)
    assert where_to(browser.client.get("/settings/security")).startswith("/login")


def test_the_cookie_can_be_read_by_no_script_and_sent_by_no_other_site(browser: Browser) -> None:
    cookie = session_cookie(browser.sign_in())
    assert cookie.startswith("postroom=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie


def test_over_https_the_cookie_is_bound_to_this_host(app: Flask) -> None:
    room = services_of(app)
    app.extensions[EXTENSION] = replace(room, config=replace(room.config, public_url="https://mail.example.com"))
    browser = new_browser(app)
    cookie = session_cookie(browser.sign_in())
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
    known = new_browser(browser.client.application).sign_in(ANA, "a wrong password")
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
    other = new_browser(app)
    other.client.get("/login")
    other.client.set_cookie("postroom", first)
    found = re.search(r'name="csrf_token" value="([^"]+)"', other.client.get("/settings/password").text)
    assert found
    other.client.post("/login", data={"csrf_token": found[1], "address": TESS, "password": PASSWORD})
    assert where_to(browser.client.get("/settings/security")).startswith("/login")


def test_someone_signed_in_is_not_asked_again(browser: Browser) -> None:
    browser.sign_in()
    assert where_to(browser.client.get("/login?next=/settings/sessions")) == "/settings/sessions"


def test_tess_needs_her_code(app: Flask, browser: Browser) -> None:
    answer = browser.sign_in(TESS, next="/settings/security")
    assert where_to(answer) == "/login/code?next=/settings/security"
    pending = browser.token
    for path in ["/", *SETTINGS]:
        assert where_to(browser.client.get(path)).startswith("/login")
    page = browser.get("/login/code?next=/settings/security").text
    assert "Authentication code</label>" in page
    assert ">Verify</button>" in page
    answer = browser.post("/login/code", code=code_of(app), next="/settings/security")
    assert where_to(answer) == "/settings/security"
    assert browser.token not in ("", pending), "the second factor gives a new token"
    assert browser.get("/settings/security").status_code == 200


def test_five_wrong_codes_and_the_page_says_how_long_also_for_the_right_one(app: Flask, browser: Browser) -> None:
    browser.sign_in(TESS)
    for _ in range(5):
        answer = browser.post("/login/code", code="abcdef")
        assert answer.status_code == 403
        assert "That code isn&#39;t right" in answer.text
    answer = browser.post("/login/code", code=code_of(app))
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.text


@pytest.mark.parametrize("code", ["", " ", "½½½½½½", "١٢٣٤٥٦", "0" * 5000, "<b>"])
def test_any_code_is_just_wrong(browser: Browser, code: str) -> None:
    browser.sign_in(TESS)
    assert browser.post("/login/code", code=code).status_code == 403


def test_the_code_page_without_a_password_before_leads_back(browser: Browser) -> None:
    assert where_to(browser.client.get("/login/code?next=/settings/security")) == "/login?next=/settings/security"
    assert where_to(browser.post("/login/code", form_on="/login", code="123456")) == "/login"
    assert "That took too long. Sign in again." in browser.get("/login").text


def test_tess_uses_a_recovery_code_and_reads_how_many_are_left(app: Flask, browser: Browser) -> None:
    sign_in_tess(app, browser)
    page = browser.post("/settings/recovery-codes", password=PASSWORD).text
    codes = re.findall(r"<li>([a-z2-9]{4}(?:-[a-z2-9]{4}){3})</li>", page)
    assert len(codes) == 10
    assert codes[9] not in browser.get("/settings/recovery-codes").text, "they are shown once"
    other = new_browser(app)
    other.sign_in(TESS)
    assert other.post("/login/code", code=codes[9]).status_code == 303
    assert "9 are left" in other.get("/settings/security").text


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
    assert where_to(browser.sign_in(next="//evil.test/")) == "/"
    assert where_to(browser.client.get("/login?next=https://evil.test")) == "/"


def _without_typed(page: str, address: str) -> str:
    """The page without what was typed and what is random."""
    page = re.sub(r'name="csrf_token" value="[^"]+"', "", unescape(page))
    page = re.sub(r'value="[^"]*"', "", page.replace(f'value="{address}"', ""))
    return re.sub(r"\bautofocus\b|\s", "", page)


def test_a_browser_that_was_in_before_is_not_locked_out_with_its_network(app: Flask, browser: Browser) -> None:
    """Sixty wrong passwords from the same network, at others' doors and at ana's; then ana knows hers."""
    stranger = new_browser(app)
    browser.sign_in()
    browser.post("/logout", form_on="/settings/security")
    for number in range(30):
        stranger.sign_in(f"person{number}@brand-a.test", "a wrong password")
        stranger.sign_in(f"other{number}@brand-a.test", "a wrong password")
    assert stranger.sign_in().status_code == 429
    assert where_to(browser.sign_in()) == "/"
    copied = new_browser(app)
    for cookie in ("known-00000000", *known_cookies(browser)):
        copied.client.set_cookie(cookie, "1.2.3")
    assert copied.sign_in().status_code == 429


def test_a_known_browser_may_not_guess_either(app: Flask, browser: Browser) -> None:
    browser.sign_in()
    browser.post("/logout", form_on="/settings/security")
    for _ in range(10):
        assert browser.sign_in(password="a wrong password").status_code == 403
    assert browser.sign_in().status_code == 429
    assert where_to(new_browser(app).sign_in()) == "/"  # whose count is its own
    assert browser.sign_in(TESS, "a wrong password").status_code == 403  # her browser is nobody's to tess


def known_cookies(browser: Browser) -> list[str]:
    return [cookie.key for cookie in (browser.client._cookies or {}).values() if cookie.key.startswith("known-")]
