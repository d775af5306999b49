"""A form that doesn't carry the person's token changes nothing: it came from another site."""

from flask import Flask

from tests.cast import ANA
from tests.test_routes import rules
from tests.webmail.conftest import SignIn


def test_every_changing_route_wants_the_forms_token(app: Flask, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    changing = [(endpoint, method, url) for endpoint, method, url in rules(app) if method != "GET"]
    assert len(changing) > 20
    for endpoint, method, url in changing:
        for token in ("", "made-up"):
            answer = ana.client.open(url, method=method, data={"ref": "1.1", "csrf_token": token})
            # The API takes no cookies, so ana's session is nobody there.
            refused = 401 if endpoint.startswith("api") else 400
            assert answer.status_code == refused, (endpoint, answer.status_code)


def test_looking_changes_nothing_that_a_form_should(app: Flask) -> None:
    verbs = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if {"GET", "POST"} == (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    forms = {"auth", "settings", "shares", "signature", "owner", "console"}
    assert {endpoint.partition(".")[0] for endpoint in verbs} <= forms, "a mail route that does both"
