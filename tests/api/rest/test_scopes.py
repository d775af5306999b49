"""Who may call what: every route with every single scope, with none, and with tokens that are no good."""

import re

import pytest
from flask import Flask

from auth import tokens
from auth.actor import OwnerActor
from auth.models import ApiToken
from core.db import Session, now
from mailboxes.administration import administration_of
from mailboxes.directory import find_account
from mailboxes.models import Membership
from mailboxes.plan_change import change_plan
from mailboxes.scopes import EVERY_SCOPE, READING_SCOPES
from tests.api.conftest import V1, MakeProgram, MakeToken, Program, error_of
from tests.cast import ANA, BEN, CLEO, EVE, HELP, SUPPORT
from tests.servers.harness import World

# Every call of the API, and the scope it needs; "" is any token's.
CALLS = {
    ("GET", "/me"): "",
    ("GET", "/domains"): "domains:read",
    ("GET", "/domains/{id}"): "domains:read",
    ("POST", "/domains"): "domains:create",
    ("GET", "/mailboxes"): "mailboxes:read",
    ("POST", "/mailboxes"): "mailboxes:create",
    ("GET", "/mailboxes/{id}"): "mailboxes:read",
    ("PATCH", "/mailboxes/{id}"): "mailboxes:write",
    ("POST", "/mailboxes/{id}/password"): "mailboxes:write",
    ("DELETE", "/mailboxes/{id}"): "mailboxes:delete",
    ("POST", "/mailboxes/{id}:delete-intent"): "mailboxes:delete",
    ("POST", "/delete-intents/{id}:confirm"): "mailboxes:delete",
    ("POST", "/mailboxes/{id}:restore"): "mailboxes:delete",
    ("POST", "/shared-mailboxes"): "mailboxes:create",
    ("POST", "/mailboxes/{id}/convert-to-shared"): "mailboxes:write",
    ("POST", "/mailboxes/{id}/convert-to-regular"): "mailboxes:write",
    ("GET", "/mailboxes/{id}/members"): "mailboxes:read",
    ("POST", "/mailboxes/{id}/members"): "mailboxes:write",
    ("PATCH", "/mailboxes/{id}/members/{id}"): "mailboxes:write",
    ("DELETE", "/mailboxes/{id}/members/{id}"): "mailboxes:write",
    ("GET", "/audit"): "audit:read",
}
NOWHERE = "2000000000"


def test_the_table_has_every_route(app: Flask) -> None:
    served = {
        (method, _bare(rule.rule.removeprefix(V1)))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert served == set(CALLS)


def _bare(path: str) -> str:
    """`/a/<id:mailbox_id>/b` as `/a/{id}/b`."""
    return re.sub("<id:[^>]+>", "{id}", path)


@pytest.mark.parametrize("scope", sorted(EVERY_SCOPE))
def test_a_scope_opens_what_it_names_and_nothing_else(make_program: MakeProgram, scope: str) -> None:
    program = make_program(scopes=[scope])
    for (method, path), needed in CALLS.items():
        answer = program.ask(method, path.replace("{id}", NOWHERE))
        if needed in ("", scope):
            assert answer.status_code in (200, 404, 422), (method, path, answer.status_code)
        else:
            assert (answer.status_code, error_of(answer)["code"]) == (403, "insufficient_scope"), (method, path)


def test_no_scope_opens_nothing(world: World, app: Flask) -> None:
    """The console and the command line make no such token; one that is there may ask who it is."""
    with world.db.write() as session:
        program = Program(app, tokens.create(session, "pr_live_", 1, "x", (), made_by="tests", at=now())[0])
    for (method, path), scope in CALLS.items():
        if scope:
            found = program.refused(method, path.replace("{id}", NOWHERE))
            assert found == (403, "insufficient_scope"), (method, path)
    assert program.get("/me")["capabilities"] == {"effective_scopes": []}


def test_tokens_that_are_no_good_open_nothing(world: World, app: Flask, make_token: MakeToken, script: Program) -> None:
    good = make_token()
    with world.db.write() as session:
        revoked, expired = make_token_in(session), make_token_in(session)
        rows = {row.ending: row for row in session.query(ApiToken)}
        tokens.revoke(session, rows[revoked[-4:]].account_id, rows[revoked[-4:]].id)
        rows[expired[-4:]].expires_at = 1
    bad = ["", "x", revoked, expired, good[:-1], good + "x", good.swapcase(), good.removeprefix("pr_live_")]
    for token in bad:
        for (method, path), _scope in CALLS.items():
            answer = Program(app, token).ask(method, path.replace("{id}", "1"))
            assert (answer.status_code, error_of(answer)["code"]) == (401, "unauthenticated"), (token, method, path)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert Program(app, good).ask("GET", "/me").status_code == 200


def make_token_in(session: Session) -> str:
    return tokens.create(session, "pr_live_", 1, "x", EVERY_SCOPE, made_by="tests", at=now())[0]


@pytest.fixture
def elsewhere(ids: dict[str, int]) -> dict[str, int]:
    """Ids of another account: a domain and two mailboxes."""
    return {"domain": ids["other.test"], "person": ids[EVE], "shared": ids[HELP]}


def test_another_accounts_things_are_not_there(
    world: World, script: Program, make_program: MakeProgram, elsewhere: dict[str, int]
) -> None:

    with world.db.read() as session:
        member = session.query(Membership.id).filter_by(mailbox_id=elsewhere["shared"]).scalar()
    bodies = {
        "PATCH /mailboxes/{id}": {"display_name": "x"},
        "POST /mailboxes/{id}/password": {"password": "a-long-enough-1-Password"},
        "POST /mailboxes/{id}/convert-to-shared": {"member_mailbox_ids": [1]},
        "POST /mailboxes/{id}/convert-to-regular": {},
        "POST /mailboxes/{id}/members": {"member_mailbox_id": 1},
        "PATCH /mailboxes/{id}/members/{id}": {"can_send": False},
    }
    for method, path in CALLS:
        if "{id}" not in path or "delete-intents" in path:
            continue
        number = elsewhere["domain"] if "domains" in path else elsewhere["shared"]
        theirs = path.replace("{id}", str(number), 1).replace("{id}", str(member))
        nothing = path.replace("{id}", NOWHERE)
        body = bodies.get(f"{method} {path}")
        answers = [script.ask(method, where, body) for where in (theirs, nothing)]
        assert [answer.status_code for answer in answers] == [404, 404], (method, path)
        shown = [{**error_of(answer), "request_id": ""} for answer in answers]
        assert shown[0] == shown[1]
    refused = script.refused("POST", "/shared-mailboxes", _shared(2, [elsewhere["person"]]))
    assert refused == (404, "not_found")
    assert script.refused("POST", "/shared-mailboxes", _shared(elsewhere["domain"], [1])) == (404, "not_found")
    still = make_program("Other", READING_SCOPES).get(f"/mailboxes/{elsewhere['shared']}/members")
    assert [one["email"] for one in still["data"]] == [EVE]


def _shared(domain: int, members: list[int]) -> dict[str, object]:
    return {"domain_id": domain, "local_part": "theirs", "display_name": "Theirs", "member_mailbox_ids": members}


def test_a_token_for_one_domain_sees_nothing_of_the_others(make_program: MakeProgram, ids: dict[str, int]) -> None:
    program = make_program(domains=["brand-b.test"])
    assert [one["name"] for one in program.get("/domains")["data"]] == ["brand-b.test"]
    assert {one["domain"] for one in program.get("/mailboxes")["data"]} == {"brand-b.test"}
    assert program.refused("GET", f"/mailboxes/{ids[SUPPORT]}") == (404, "not_found")
    assert program.refused("GET", f"/domains/{ids['brand-a.test']}") == (404, "not_found")
    assert program.refused("POST", "/domains", {"name": "more.test"}) == (403, "insufficient_scope")
    assert set(program.get("/me")["capabilities"]["effective_scopes"]) == EVERY_SCOPE - {"domains:create"}
    body = _shared(ids["brand-b.test"], [ids[ANA]])
    assert program.refused("POST", "/shared-mailboxes", body) == (404, "not_found")
    assert program.get(f"/mailboxes/{ids[BEN]}")["data"]["address"] == BEN
    entries = program.get("/audit?per_page=100")["data"]
    assert entries
    assert {entry["mailbox"].partition("@")[2] for entry in entries} == {"brand-b.test"}
    me = program.get("/me")["data"]
    assert [one["domain"] for one in me["usage"]["domains"]] == ["brand-b.test"]


def test_the_log_of_one_domain_is_not_that_of_its_namesakes(
    script: Program, make_program: MakeProgram, ids: dict[str, int]
) -> None:
    other = script.post("/domains", {"name": "not-brand-b.test"})["data"]["id"]
    body = {"domain_id": other, "local_part": "secret", "password_mode": "generated_one_time"}
    script.post("/mailboxes", body)
    assert script.get("/audit?mailbox=secret@not-brand-b.test")["meta"]["total"] == 1
    limited = make_program(domains=["brand-b.test"])
    assert limited.get("/audit?mailbox=not-brand-b.test")["meta"]["total"] == 0


def test_members_from_other_domains_are_seen_and_not_added(make_program: MakeProgram, ids: dict[str, int]) -> None:
    """Who works a mailbox is what its manager must know, wherever they live."""
    program, members = make_program(domains=["brand-a.test"]), f"/mailboxes/{ids[SUPPORT]}/members"
    cleo = next(one for one in program.get(members)["data"] if one["email"] == CLEO)
    assert program.refused("GET", f"/mailboxes/{cleo['member_mailbox_id']}") == (404, "not_found")
    assert program.patch(f"{members}/{cleo['id']}", {"custom_label": "A"})["data"]["email"] == CLEO
    program.delete(f"{members}/{cleo['id']}")
    add = {"member_mailbox_id": ids[CLEO], "can_send": False}
    assert program.refused("POST", members, add) == (404, "not_found")
    make_program().post(members, add)


def test_the_plan_limits_what_a_token_may(world: World, make_program: MakeProgram) -> None:
    program = make_program("Other")

    def move(plan: str) -> None:

        with world.db.write() as session:
            account = find_account(session, "Other")
            owner = OwnerActor(0, "the tests", "", account.id, 0)
            change_plan(session, administration_of(owner, ""), plan)

    for plan, effective in (
        ("Nano", frozenset()),
        ("Starter", READING_SCOPES),
        ("Pro", EVERY_SCOPE),
        ("Agency", EVERY_SCOPE),
        ("Starter", READING_SCOPES),
    ):
        move(plan)
        assert set(program.get("/me")["capabilities"]["effective_scopes"]) == effective
        for (method, path), scope in CALLS.items():
            answer = program.ask(method, path.replace("{id}", NOWHERE))
            if scope and scope not in effective:
                assert (answer.status_code, error_of(answer)["code"]) == (403, "feature_not_available")
            else:
                assert answer.status_code in (200, 404, 422)
