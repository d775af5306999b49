"""One key, one deed: repeated, together, with another request, and after somebody undid it."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from auth.models import ApiToken
from mailboxes.api_access import issue_token
from mailboxes.directory import find_account
from mailboxes.models import AuditEntry, DoneRequest, Mailbox
from mailboxes.scopes import EVERY_SCOPE
from tests.api.conftest import DOER, Program, error_of, key, mailbox_id, of
from tests.cast import ANA, BEN, CLEO, DAN, SUPPORT
from tests.waiting import PATIENCE


def together(app: Flask, token: str, method: str, path: str, bodies: list[Any], **headers: str) -> list[Any]:
    """All of them at the same moment, each over a connection of its own."""
    with ThreadPoolExecutor(len(bodies)) as crowd:
        return list(crowd.map(lambda body: Program(app, token).ask(method, path, body, **headers), bodies))


def test_twenty_at_once_make_one_mailbox(program: Program) -> None:
    app = program.client.application
    domain = program.get("/domains")["data"][1]["id"]
    body = {"domain_id": domain, "local_part": "twenty", "password_mode": "generated_one_time"}
    answers = together(app, program.token, "POST", "/mailboxes", [body] * 20, Idempotency_Key=key())
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 19
    with of(program).db.read() as session:
        assert session.scalar(select(func.count()).where(Mailbox.local_part == "twenty")) == 1
        added = select(func.count()).where(AuditEntry.action == "mailbox.added", AuditEntry.mailbox.like("twenty@%"))
        assert session.scalar(added) == 1


def test_adding_removing_and_adding_again_with_one_key_adds_again(program: Program) -> None:
    shared, dan, one = mailbox_id(program, SUPPORT), mailbox_id(program, DAN), key()
    path, body = f"/mailboxes/{shared}/members", {"member_mailbox_id": dan}
    first = program.post(path, body, Idempotency_Key=one)
    assert program.post(path, body, Idempotency_Key=one) == first
    two = key()
    removed = program.delete(f"{path}/{first['data']['id']}", Idempotency_Key=two)
    assert program.delete(f"{path}/{first['data']['id']}", Idempotency_Key=two) == removed
    again = program.post(path, body, Idempotency_Key=one)
    assert again["data"]["email"] == DAN
    assert again["data"]["id"] > first["data"]["id"]
    members = program.get(path)["data"]
    assert [member["id"] for member in members if member["email"] == DAN] == [again["data"]["id"]]
    assert program.delete(f"{path}/{again['data']['id']}", Idempotency_Key=key())["data"]["removed"] is True


def test_another_request_with_the_same_key_is_refused(program: Program) -> None:
    one, domain = key(), program.get("/domains")["data"][1]["id"]
    body = {"domain_id": domain, "local_part": "conflict", "password": "A-Password-for-2-people"}
    program.post("/mailboxes", body, Idempotency_Key=one)
    for other in (body | {"local_part": "conflict2"}, body | {"password": "Another-Password-for-2"}):
        assert program.refused("POST", "/mailboxes", other, Idempotency_Key=one) == (409, "idempotency_conflict")
    assert program.refused("POST", "/domains", {"name": "x.test"}, Idempotency_Key=one)[1] == "idempotency_conflict"
    reordered = dict(reversed(body.items()))
    assert program.post("/mailboxes", reordered, Idempotency_Key=one)["data"]["local_part"] == "conflict"


def test_what_was_refused_did_nothing_and_may_be_sent_again(program: Program) -> None:
    one, shared = key(), mailbox_id(program, SUPPORT)
    path = f"/mailboxes/{shared}/members"
    ben = next(member for member in program.get(path)["data"] if member["email"] == BEN)
    body = {"member_mailbox_id": mailbox_id(program, BEN)}
    assert program.refused("POST", path, body, Idempotency_Key=one) == (409, "already_member")
    program.delete(f"{path}/{ben['id']}")
    assert program.post(path, body, Idempotency_Key=one)["data"]["email"] == BEN


def test_a_repeated_answer_says_what_is_true_now(program: Program) -> None:
    one, domain = key(), program.get("/domains")["data"][1]["id"]
    body = {"domain_id": domain, "local_part": "named", "display_name": "Before", "password_mode": "generated_one_time"}
    made = program.post("/mailboxes", body, Idempotency_Key=one)["data"]
    assert made["generated_password"]
    here = f"/mailboxes/{made['id']}"
    program.patch(here, {"display_name": "After"})
    again = program.post("/mailboxes", body, Idempotency_Key=one)["data"]
    assert (again["id"], again["display_name"]) == (made["id"], "After")
    assert again["generated_password"] == made["generated_password"]
    program.post(f"{here}/password", {"password": "A-Password-of-their-1"}, 200)
    assert "generated_password" not in program.post("/mailboxes", body, Idempotency_Key=one)["data"]
    program.delete(here)
    assert program.refused("POST", "/mailboxes", body, Idempotency_Key=one) == (409, "address_taken")


def test_converting_there_and_back_again_with_the_same_keys(program: Program) -> None:
    cleo, ana = mailbox_id(program, CLEO), mailbox_id(program, ANA)
    there, back = key(), key()
    for _ in range(2):
        for _repeated in range(2):
            shared = program.post(
                f"/mailboxes/{cleo}/convert-to-shared", {"member_mailbox_ids": [ana]}, 200, Idempotency_Key=there
            )
            assert (shared["data"]["type"], shared["data"]["member_count"]) == ("shared", 1)
        passwords = {
            program.post(f"/mailboxes/{cleo}/convert-to-regular", {}, 200, Idempotency_Key=back)["data"][
                "generated_password"
            ]
            for _repeated in range(2)
        }
        assert len(passwords) == 1


def test_deleting_restoring_and_deleting_with_one_key(program: Program) -> None:
    domain = program.get("/domains")["data"][1]["id"]
    body = {"domain_id": domain, "local_part": "coming", "password": "A-Password-for-2-people"}
    here = f"/mailboxes/{program.post('/mailboxes', body)['data']['id']}"
    away, back = key(), key()
    for _ in range(2):
        for _repeated in range(2):
            assert program.delete(here, Idempotency_Key=away)["data"]["status"] == "trashed"
        for _repeated in range(2):
            assert program.post(f"{here}:restore", None, 200, Idempotency_Key=back)["data"]["status"] == "active"


def test_no_password_and_no_answer_is_kept(program: Program) -> None:
    domain = program.get("/domains")["data"][1]["id"]
    body = {"domain_id": domain, "local_part": "secretive", "password_mode": "generated_one_time"}
    made = program.post("/mailboxes", body, Idempotency_Key=key())["data"]
    chosen = "A-Password-nobody-1-keeps"
    program.post(f"/mailboxes/{made['id']}/password", {"password": chosen}, 200, Idempotency_Key=key())
    with of(program).db.read() as session:
        rows = session.execute(select(DoneRequest.effect, DoneRequest.request_mac)).all()
    kept = " ".join(f"{effect} {mac}" for effect, mac in rows)
    assert len(rows) > 1
    assert made["generated_password"] not in kept
    assert chosen not in kept
    assert "secretive" not in kept


def test_keys_belong_to_a_token(program: Program) -> None:
    here, one = of(program), key()
    with here.db.write() as session:
        other = issue_token(session, DOER, find_account(session, "Acme"), "pr_live_", "second", EVERY_SCOPE)
    program.post("/domains", {"name": f"{one}.test"}, Idempotency_Key=one)
    answer = Program(program.client.application, other).ask("POST", "/domains", {"name": "q.test"}, Idempotency_Key=one)
    assert answer.status_code == 201


def test_a_key_that_is_no_key_is_refused(program: Program) -> None:
    for bad in ("", "x" * 201, "a b", "ü"):
        answer = program.ask("POST", "/domains", {"name": "key.test"}, Idempotency_Key=bad)
        assert (answer.status_code, error_of(answer)["fields"].keys()) == (422, {"Idempotency-Key"}), bad


def test_who_reads_is_answered_while_its_row_is_held(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.db._LOCK_SECONDS", 10 * PATIENCE)  # whoever waited for the lock would wait on
    with of(program).db.write() as session:
        session.execute(select(ApiToken.id).with_for_update())
        started = time.monotonic()
        assert program.get("/me")
        assert time.monotonic() - started < PATIENCE
