"""To olive, another account's mailboxes, members, domains and owners are nothing at all, in every route and form."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from auth import app_passwords
from auth.models import ApiToken, AppPassword, Login, Owner, WebSession
from mailboxes.audit import Doer
from mailboxes.directory import add_owner, find_account
from tests.cast import ANA, DAN, EVE, HELP, PASSWORD, SUPPORT
from tests.pages.console.console import Desk
from tests.servers.harness import World
from tests.visitor import Visitor

NOTHING = 2_000_000_000
FORM = {
    "password_mode": "generated",
    "display_name": "Mine now",
    "can_send": "0",
    "local_part": "mine",
    "password": PASSWORD,
    "plan": "Nano",
}


@pytest.fixture(scope="module", autouse=True)
def _others(world: World) -> None:
    with world.db.write() as session:
        account = find_account(session, "Other")
        add_owner(session, Doer("the tests", "cli"), account, "oscar@other.test", "Oscar", PASSWORD)
    app_passwords.create(world.db, world.login_id(EVE), "Eve's phone")


def bare(answer: TestResponse, ids: list[int]) -> str:
    """The body without what differs from one request to the next: form tokens, and the id that was asked for."""
    text = re.sub(r'name="csrf_token" value="[^"]*"|content="[^"]{60,}"', "", answer.text)
    for number in ids:
        text = re.sub(rf"\b{number}\b", "ID", text)
    return text


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    """Every route of the console with an id in it."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/console/") and "<int" in rule.rule:
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield method, rule.rule.removeprefix("/console")


def filled(rule: str, ids: dict[str, int]) -> str:
    return re.sub(r"<int[^>]*:(\w+)>", lambda match: str(ids.get(match[1], ids["number"])), rule)


def test_every_route_with_an_id(world: World, app: Flask, olive: Desk) -> None:
    oscar = Desk(world, app, "oscar@other.test")
    theirs = {"mailbox_id": oscar.mailbox(EVE), "domain_id": oscar.domain("other.test")}
    theirs |= {"membership_id": oscar.membership(EVE, HELP), "number": 1}
    with world.db.read() as session:
        owner_id = session.scalars(select(Owner.id).where(Owner.name == "oscar@other.test")).one()
    token, seen = olive.token(), 0
    for method, rule in routes(app):
        for mailbox in (EVE, HELP):
            ids = theirs | {"mailbox_id": oscar.mailbox(mailbox)}
            if rule.startswith("/settings/owners"):
                ids["number"] = owner_id
            elif rule.startswith("/settings"):
                continue  # one's own sessions: tested with the settings
            nothing = dict.fromkeys(ids, NOTHING)
            form = FORM | {"csrf_token": token, "address": mailbox, "member_mailbox_ids": [olive.mailbox(DAN)]}
            sent = form if method == "POST" else None
            urls = [f"/console{filled(rule, which)}" for which in (ids, nothing)]
            answers = [olive.client.open(url, method=method, data=sent) for url in urls]
            assert [answer.status_code for answer in answers] == [404, 404], (method, rule, mailbox)
            assert bare(answers[0], []) == bare(answers[1], []), (method, rule)
            seen += 1
    assert seen > 30
    assert oscar.members(HELP) == {EVE: True}
    assert 'value="Help"' in oscar.page(oscar.path(HELP)).html


def test_a_membership_of_another_mailbox_of_ones_own_is_nothing_either(olive: Desk) -> None:
    other = olive.make_shared("another", DAN, ANA)
    membership = olive.membership(ANA, SUPPORT)
    for verb in ("remove", "rights"):
        assert olive.post(f"{olive.path(other)}/members/{membership}/{verb}", can_send="0").status_code == 404
    assert olive.members(SUPPORT)[ANA] is True


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/mailboxes/add/personal", "domain_id"),
        ("/mailboxes/add/shared", "domain_id"),
        ("/mailboxes/add/shared", "member_mailbox_ids"),
        ("{support}/members", "member_mailbox_ids"),
        ("{ana}/convert-to-shared", "member_mailbox_ids"),
    ],
)
def test_every_form_with_an_id(world: World, app: Flask, olive: Desk, path: str, field: str) -> None:
    oscar = Desk(world, app, "oscar@other.test")
    path = path.format(support=olive.path(SUPPORT), ana=olive.path(ANA))
    theirs = oscar.domain("other.test") if field == "domain_id" else oscar.mailbox(EVE)
    token = olive.token()
    answers = []
    for number in (theirs, NOTHING):
        form = FORM | {"csrf_token": token, "domain_id": olive.domain("brand-a.test")}
        form |= {"member_mailbox_ids": [olive.mailbox(DAN)]} | {field: number}
        answers.append(olive.client.post(f"/console{path}", data=form))
    assert [answer.status_code for answer in answers] == [404, 404]
    assert bare(answers[0], [theirs]) == bare(answers[1], [NOTHING])


def test_the_live_check_and_the_search_know_no_ids_of_others(world: World, app: Flask, olive: Desk) -> None:
    oscar = Desk(world, app, "oscar@other.test")
    for path, theirs in (
        ("/mailboxes/add/check?local_part=mine&kind=shared&domain_id={}", oscar.domain("other.test")),
        ("/people?for={}", oscar.mailbox(HELP)),
        ("/people?member_mailbox_ids={}", oscar.mailbox(EVE)),
        ("/mailboxes/add/shared?member_mailbox_ids={}", oscar.mailbox(EVE)),
        (f"{olive.path(SUPPORT)}/access?member_mailbox_ids={{}}", oscar.mailbox(EVE)),
    ):
        answers = [olive.get(path.format(number)) for number in (theirs, NOTHING)]
        assert [answer.status_code for answer in answers] == [404, 404], path
        assert bare(answers[0], [theirs]) == bare(answers[1], [NOTHING]), path


def same_nothing(olive: Desk, path: str, theirs: int, **form: object) -> None:
    """What is another's is answered as what is nobody's; a field of None is where its id goes."""
    told = []
    for number in (theirs, NOTHING):
        sent = {name: number if value is None else value for name, value in form.items()}
        answer = olive.post(path.format(number), **sent)
        assert answer.status_code == 404, path
        told.append(bare(answer, [number] if sent else []))
    assert told[0] == told[1], path


def test_tokens_and_their_domains(world: World, app: Flask, olive: Desk) -> None:
    oscar = Desk(world, app, "oscar@other.test")
    form = {"name": "Spy", "life": "30", "scope": "mailboxes:read"}
    same_nothing(olive, "/api", oscar.domain("other.test"), **form, domain=None)
    assert oscar.post("/api", **form).status_code == 200
    with world.db.read() as session:
        token = session.scalars(select(ApiToken).where(ApiToken.name == "Spy")).one()
    same_nothing(olive, "/api/{}/revoke", token.id)
    assert "Spy" in oscar.page("/api").text
    assert oscar.post(f"/api/{token.id}/revoke").status_code == 303


def test_what_lies_in_anothers_bin(world: World, app: Flask, olive: Desk) -> None:
    oscar = Desk(world, app, "oscar@other.test")
    gone = oscar.make("gone", "other.test")
    oscar.post(f"{oscar.path(gone)}/delete", address=gone)
    same_nothing(olive, "/mailboxes/bin/{}/restore", oscar.mailbox(gone))
    assert gone not in olive.page("/mailboxes/bin").text
    assert oscar.post(f"/mailboxes/bin/{oscar.mailbox(gone)}/restore").status_code == 303


def test_app_passwords_and_sessions_of_others(world: World, app: Flask, olive: Desk) -> None:
    oscar = Desk(world, app, "oscar@other.test")
    world.sign_in(EVE)
    with world.db.read() as session:
        phone = session.scalars(select(AppPassword.id).where(AppPassword.login_id == world.login_id(EVE))).one()
        theirs = select(WebSession.id).join(Login, Login.id == WebSession.login_id)
        foreign = session.scalars(theirs.where(Login.name.in_((EVE, "oscar@other.test")))).all()
    same_nothing(olive, f"{olive.path(ANA)}/security/app-passwords/{{}}/revoke", phone)
    assert len(foreign) >= 2
    for number in foreign:
        same_nothing(olive, "/settings/sessions/{}/end", number)
    ana = Visitor(app, ANA).come_back(world.sign_in(ANA))
    for path, number in (("/settings/sessions/{}/end", foreign[0]), ("/settings/app-passwords/{}/revoke", phone)):
        answers = [ana.post(path.format(one), {}) for one in (number, NOTHING)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert bare(answers[0], []) == bare(answers[1], [])
    assert oscar.get("/mailboxes").status_code == 200
    with world.db.read() as session:
        assert session.scalars(select(AppPassword.id).where(AppPassword.id == phone)).one() == phone


@pytest.mark.parametrize("number", ["x", "-1", "1e3", "9" * 30, "²", ""])
def test_what_is_no_id_is_nothing(olive: Desk, number: str) -> None:
    answer = olive.post(f"{olive.path(SUPPORT)}/members", member_mailbox_ids=[number])
    assert answer.status_code == 404
    fields = {"local_part": "mine", "domain_id": number, "member_mailbox_ids": [olive.mailbox(DAN)]}
    # No domain at all is a field that was left out: the account may have none.
    assert olive.post("/mailboxes/add/shared", **fields).status_code == (404 if number else 422)


@pytest.mark.parametrize("query", ["for=2000000000", "for={eve}", "member_mailbox_ids={eve}", "for=x"])
def test_a_search_finds_nobody_elsewhere(world: World, app: Flask, olive: Desk, query: str) -> None:
    eve = Desk(world, app, "oscar@other.test").mailbox(EVE)
    assert olive.get(f"/people?{query.format(eve=eve)}").status_code == 404
    assert EVE not in olive.get("/people?q=eve").text
    assert EVE not in olive.page("/audit").text
    assert EVE not in olive.get("/audit.csv").text
