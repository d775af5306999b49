"""What nobody means to type, into every field and query of the console, on both databases: refused or kept clean."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from flask import Flask

from tests.apps import made
from tests.cast import ANA, DAN, PASSWORD, SUPPORT
from tests.pages.console.console import Desk
from tests.servers.harness import World
from tests.visitor import Page

BAD = {
    "overlong": "x" * 5_000,
    "overlong in bytes": "é" * 3_000,
    "beyond the first plane": "👩\u200d💻" * 100,
    "right to left": "\u202egpj.exe \u2066\u2069",
    "controls": "a\r\nBcc: b\x1b\x7f\x85\u2028",
    "wildcards": "%_\\' \"; --",
    "not quite ascii": "ſſ\u212a@ｂrand-a.test",
    "numbers that are none": "١٢٣",
    "overflow": "9" * 40,
}
FORMS = {
    "/mailboxes/add/personal": ("local_part", "domain_id", "display_name", "password_mode", "password"),
    "/mailboxes/add/shared": ("local_part", "domain_id", "display_name", "member_mailbox_ids"),
    "{support}": ("display_name",),
    "{support}/signature": ("signature",),
    "{support}/members": ("member_mailbox_ids", "custom_label", "can_send"),
    "{spare}/convert-to-regular": ("password_mode", "password"),
    "{ana}/security/password": ("password_mode", "password"),
    "{ana}/delete": ("address",),
    "/domains": ("name",),
    "/plan": ("plan", "confirmed"),
    "/api": ("name", "life", "scope", "domain"),
    "/settings/owners": ("email", "display_name"),
}
QUERIES = (
    "/mailboxes?q={0}&show={0}&sort={0}&dir={0}&page={0}",
    "/mailboxes/bin?page={0}",
    "/mailboxes/add/shared?local_part={0}&domain_id={0}&q={0}",
    "/mailboxes/add/check?local_part={0}&domain_id={1}&kind={0}",
    "/people?q={0}",
    "{support}/access?q={0}&member={0}",
    "/audit?mailbox={0}&person={0}&action={0}&from={0}&to={0}&page={0}",
    "/audit.csv?mailbox={0}&person={0}",
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("cluster").database()
    with World(url, mail=False) as world:
        yield world


@pytest.fixture(scope="module")
def app(world: World) -> Iterator[Flask]:
    with made(world.config) as app:
        yield app


@pytest.mark.parametrize("bad", BAD)
def test_no_field_takes_it_badly(olive: Desk, bad: str) -> None:
    name = f"odd{list(BAD).index(bad)}"
    team, spare = olive.make_shared(name, ANA), olive.make_shared(f"{name}spare", ANA)
    paths = {"support": olive.path(team), "spare": olive.path(spare), "ana": olive.path(ANA)}
    good = {
        "local_part": "mine",
        "domain_id": olive.domain("brand-a.test"),
        "member_mailbox_ids": [olive.mailbox(DAN)],
        "password_mode": "set",
        "password": PASSWORD,
        "plan": "Agency",
        "life": "30",
    }
    for path, fields in FORMS.items():
        for field in fields:
            form = {name: value for name, value in good.items() if name in fields} | {field: BAD[bad]}
            answer = olive.post(path.format(**paths), **form)
            assert answer.status_code in (200, 303, 403, 404, 409, 422), (path, field)
    for path in ("/mailboxes", "/domains", "/api", "/audit", "/settings/owners", f"{paths['support']}/access"):
        assert not set("\u202e\u2066\x1b\x7f\x85\u2028") & set(olive.page(path).text), path
    # A text of many lines keeps the marks that Arabic and Hebrew need.
    assert not set("\x1b\x7f\x85\u2028") & set(olive.page(paths["support"]).text)


@pytest.mark.parametrize("bad", BAD)
def test_no_query_does(olive: Desk, bad: str) -> None:
    for query in QUERIES:
        path = query.replace("{support}", olive.path(SUPPORT)).format(quote(BAD[bad]), olive.domain("brand-a.test"))
        answer = olive.get(path)
        assert answer.status_code in (200, 404), query
        if answer.text.startswith("<!doctype"):
            Page(answer.text).check()


def test_bytes_that_are_no_text_are_no_trouble(olive: Desk) -> None:
    for query in QUERIES:
        path = query.replace("{support}", olive.path(SUPPORT)).format("%ff%fe", olive.domain("brand-a.test"))
        assert olive.get(path).status_code in (200, 404), query
