"""A form that doesn't carry the person's token changes nothing: it came from another site."""

from flask import Flask

from tests.cast import ANA, BEN, KIM, SUPPORT
from tests.pages.mail.conftest import SignIn
from tests.test_routes import rules
from tests.visitor import Page


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


def test_a_fresh_token_is_for_the_person_the_page_belongs_to(app: Flask, sign_in: SignIn) -> None:
    ben = sign_in(BEN)
    fresh = ben.get(f"/form-token?person={BEN}").text
    assert ben.post(f"/mail/{BEN}/f/INBOX/star", {"ref": "1.1"}, token=fresh).status_code != 400
    for page_of in (ANA, ""):
        refused = ben.get(f"/form-token?person={page_of}")
        assert refused.status_code == 409
        assert "Somebody else is signed in here now" in refused.text


def test_without_scripts_an_old_page_gives_the_text_back_and_a_fragment_claims_nothing(sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = {"key": "0" * 32, "to": KIM, "subject": "Old", "text": "Every word."}
    page = ana.post(f"/mail/{SUPPORT}/send", form, token="of-another-session")
    assert page.status_code == 400
    assert "What you wrote is below" in Page(page.text).text
    assert "Every word." in page.text
    assert "below" not in Page(ana.post(f"/mail/{SUPPORT}/f/INBOX/star", {}, token="old").text).text
    fragment = ana.post(f"/mail/{SUPPORT}/send", form, token="of-another-session", **{"HX-Request": "true"})
    assert "below" not in fragment.text
    assert "still here" in fragment.text
