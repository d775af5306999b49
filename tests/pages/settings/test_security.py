"""What ana and tess do about their own sign-in, each in a browser without JavaScript."""

import re

import pytest
from flask import Flask

from tests.auth.browsing import SETTINGS, Browser, app_password_ids, code_of, new_browser, sign_in_tess, where_to
from tests.cast import ANA, PASSWORD


@pytest.mark.parametrize("path", SETTINGS)
def test_the_settings_are_for_those_who_signed_in(app: Flask, browser: Browser, path: str) -> None:
    assert where_to(browser.client.get(path)).startswith("/login")
    browser.sign_in()
    page = browser.get(path)
    assert page.status_code == 200
    assert ANA in page.text
    assert "Back to my inbox" in page.text


def test_without_a_second_factor_there_are_no_codes_to_make(browser: Browser) -> None:
    assert where_to(browser.client.get("/settings/recovery-codes")).startswith("/login")
    browser.sign_in()
    assert where_to(browser.client.get("/settings/recovery-codes")) == "/settings/second-factor"


def test_ana_switches_the_second_factor_on_and_off(app: Flask, browser: Browser) -> None:
    phone = new_browser(app)
    phone.sign_in()
    browser.sign_in()
    page = browser.get("/settings/second-factor").text
    assert "will need an app password" in page
    assert browser.post("/settings/second-factor/begin", "/settings/second-factor", password="no").status_code == 403
    begun = browser.post("/settings/second-factor/begin", "/settings/second-factor", password=PASSWORD)
    assert where_to(begun) == "/settings/second-factor"
    page = browser.get("/settings/second-factor").text
    assert 'src="data:image/svg+xml' in page
    assert "otpauth://totp/Postroom:ana%40brand-a.test" in page
    confirm = "/settings/second-factor/confirm"
    assert browser.post(confirm, "/settings/second-factor", code="123").status_code == 403
    before = browser.token
    done = browser.post(confirm, "/settings/second-factor", code=code_of(app, ANA))
    assert done.status_code == 200
    assert len(re.findall(r"<li>[a-z2-9-]{19}</li>", done.text)) == 10
    assert browser.token != before
    assert where_to(phone.client.get("/settings/security")).startswith("/login")
    page = browser.get("/settings/second-factor").text
    assert "data:image" not in page, "the seed is shown no more"
    again = new_browser(app)
    assert where_to(again.sign_in()) == "/login/code"
    off = {"password": PASSWORD, "code": code_of(app, ANA, 1)}
    assert (
        browser.post("/settings/second-factor/off", "/settings/second-factor", **off | {"code": "1"}).status_code == 403
    )
    assert where_to(browser.post("/settings/second-factor/off", "/settings/second-factor", **off)) == (
        "/settings/second-factor"
    )
    assert where_to(new_browser(app).sign_in()) == "/"


def test_what_was_changed_in_another_tab_is_said(app: Flask, browser: Browser) -> None:
    sign_in_tess(app, browser)
    begin = browser.post("/settings/second-factor/begin", "/settings/second-factor", password=PASSWORD)
    assert begin.status_code == 409
    assert "changed meanwhile" in begin.text
    assert 'href="/settings/security"' in begin.text


def test_ana_makes_an_app_password_and_takes_it_away(app: Flask, browser: Browser) -> None:
    browser.sign_in()
    page = "/settings/app-passwords"
    assert browser.post(page, label="Phone", password="no").status_code == 403
    assert browser.post(page, label="", password=PASSWORD).status_code == 422
    made = browser.post(page, label="<i>Phone</i>", password=PASSWORD)
    found = re.search(r'class="secret">([a-z2-9]{4}(?:-[a-z2-9]{4}){6})<', made.text)
    assert found
    assert "<i>Phone" not in made.text
    assert "hyphens and capitals don't matter" in made.text
    again = browser.get(page).text
    assert found[1] not in again, "it is shown once"
    assert "&lt;i&gt;Phone" in again
    (row,) = app_password_ids(app)
    eve = new_browser(app)
    sign_in_tess(app, eve)
    assert eve.post(f"{page}/{row}/revoke", page).status_code == 404
    assert where_to(browser.post(f"{page}/{row}/revoke", page)) == page
    assert app_password_ids(app) == []


def test_ana_ends_the_session_on_her_phone(app: Flask, browser: Browser) -> None:
    phone, tess = new_browser(app), new_browser(app)
    phone.sign_in()
    browser.sign_in()
    sign_in_tess(app, tess)
    page = browser.get("/settings/sessions").text
    assert len(re.findall(r"Firefox on Linux\s+<", page)) == 2
    assert page.count("This browser") == 1
    number = re.search(r'action="/settings/sessions/(\d+)/end"', page)
    assert number
    path = f"/settings/sessions/{number[1]}/end"
    assert tess.post(path, "/settings/sessions").status_code == 404
    assert where_to(browser.post(path, "/settings/sessions")) == "/settings/sessions"
    assert where_to(phone.client.get("/settings/security")).startswith("/login")
    assert browser.post(path, "/settings/sessions").status_code == 404
    assert browser.post("/settings/sessions/99999999999999999999/end", "/settings/sessions").status_code == 404


def test_ana_ends_all_others(app: Flask, browser: Browser) -> None:
    others = [new_browser(app), new_browser(app)]
    for other in others:
        other.sign_in()
    browser.sign_in()
    browser.post("/settings/sessions/end-others", "/settings/sessions")
    assert "2 other sessions are signed out." in browser.get("/settings/sessions").text
    assert all(other.client.get("/settings/security").status_code == 303 for other in others)


def test_ana_changes_her_password(app: Flask, browser: Browser) -> None:
    phone = new_browser(app)
    phone.sign_in()
    browser.sign_in()
    page, fresh = "/settings/password", "wet otters sing at dawn"
    filled = {"password": PASSWORD, "new_password": fresh, "repeat": fresh}
    assert "differ" in browser.post(page, **filled | {"repeat": "other"}).text
    assert "current password" in browser.post(page, **filled | {"password": "no"}).text
    weak = browser.post(page, **filled | {"new_password": "short", "repeat": "short"})
    assert weak.status_code == 422
    assert "at least 12" in weak.text
    assert where_to(browser.post(page, **filled)) == "/settings/security"
    assert "Your password is changed. The other session is signed out." in browser.get("/settings/security").text
    assert where_to(phone.client.get("/settings/security")).startswith("/login")
    assert new_browser(app).sign_in().status_code == 403
    assert where_to(new_browser(app).sign_in(password=fresh)) == "/"


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
