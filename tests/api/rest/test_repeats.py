"""A request repeated after the world went on: it undoes nothing that came later, and tells nothing that isn't so."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from auth.models import Person
from auth.passwords import verify_password
from mailboxes.models import DoneRequest
from tests.api.conftest import Program, error_of, key, mailbox_id, of
from tests.cast import ANA, BEN, CLEO, DAN, TESS


def brand_a(program: Program) -> int:
    found: int = next(one["id"] for one in program.get("/domains")["data"] if one["name"] == "brand-a.test")
    return found


def new_shared(program: Program, *members: str) -> str:
    """The path of a new shared mailbox."""
    body = {"domain_id": brand_a(program), "local_part": key(), "display_name": "Shared"}
    people = [mailbox_id(program, member) for member in members]
    return f"/mailboxes/{program.post('/shared-mailboxes', body | {'member_mailbox_ids': people})['data']['id']}"


def new_person(program: Program, **more: Any) -> Any:
    body = {"domain_id": brand_a(program), "local_part": key(), "password": "A-Password-for-2-people"}
    return program.post("/mailboxes", body | more)["data"]


def opens(program: Program, address: str, password: str) -> bool:
    with of(program).db.read() as session:
        return verify_password(session.scalar(select(Person.password_hash).where(Person.name == address)), password)


def test_who_went_of_many_comes_back_and_who_stayed_stays_as_they_are(program: Program) -> None:
    members, one = f"{new_shared(program, ANA)}/members", key()
    asked = [mailbox_id(program, person) for person in (DAN, BEN, CLEO)]
    body = {"member_mailbox_ids": asked}
    first = program.post(members, body, Idempotency_Key=one)["data"]
    program.delete(f"{members}/{first[1]['id']}")
    program.patch(f"{members}/{first[0]['id']}", {"can_send": False})
    again = program.ask("POST", members, body, Idempotency_Key=one)
    assert again.status_code == 201
    assert "Idempotent-Replayed" not in again.headers
    assert again.json is not None
    data = again.json["data"]
    assert [member["member_mailbox_id"] for member in data] == asked
    assert [member["can_send"] for member in data] == [False, True, True]
    assert (data[0]["id"], data[2]["id"]) == (first[0]["id"], first[2]["id"])
    assert program.get(members)["meta"]["total"] == 4
    assert program.post(members, body, Idempotency_Key=one)["data"] == data


def test_somebody_added_by_another_meanwhile_is_told_as_they_are(program: Program) -> None:
    members, one = f"{new_shared(program, ANA)}/members", key()
    body = {"member_mailbox_id": mailbox_id(program, BEN)}
    first = program.post(members, body, Idempotency_Key=one)["data"]
    program.delete(f"{members}/{first['id']}")
    other = program.post(members, body | {"can_send": False})["data"]
    assert program.post(members, body, Idempotency_Key=one)["data"] == other


def test_a_late_password_is_not_set_again(program: Program) -> None:
    person, one = new_person(program), key()
    path, late, current = f"/mailboxes/{person['id']}/password", "The-late-Password-1", "The-current-Password-2"
    first = program.post(path, {"password": late}, 200, Idempotency_Key=one)
    program.post(path, {"password": current}, 200)
    again = program.ask("POST", path, {"password": late}, Idempotency_Key=one)
    assert (again.json, again.headers["Idempotent-Replayed"]) == (first, "true")
    assert opens(program, person["address"], current)
    program.delete(f"/mailboxes/{person['id']}")
    assert program.refused("POST", path, {"password": late}, Idempotency_Key=one) == (404, "not_found")


def test_a_late_name_is_not_given_again(program: Program) -> None:
    person, one = new_person(program), key()
    here = f"/mailboxes/{person['id']}"
    program.patch(here, {"display_name": "Late"}, Idempotency_Key=one)
    program.patch(here, {"display_name": "Current"})
    assert program.patch(here, {"display_name": "Late"}, Idempotency_Key=one)["data"]["display_name"] == "Current"
    assert program.get(here)["data"]["display_name"] == "Current"
    program.delete(here)
    assert program.refused("PATCH", here, {"display_name": "Late"}, Idempotency_Key=one) == (404, "not_found")


def test_a_late_change_of_a_member_changes_nothing(program: Program) -> None:
    members, one = f"{new_shared(program, ANA, BEN)}/members", key()
    here = f"{members}/{program.get(members)['data'][1]['id']}"
    program.patch(here, {"can_send": False}, Idempotency_Key=one)
    program.patch(here, {"can_send": True})
    assert program.patch(here, {"can_send": False}, Idempotency_Key=one)["data"]["can_send"] is True
    assert program.get(members)["data"][1]["can_send"] is True
    program.delete(here)
    assert program.refused("PATCH", here, {"can_send": False}, Idempotency_Key=one) == (404, "not_found")


def test_what_was_made_as_one_kind_is_not_told_as_the_other(program: Program) -> None:
    one, two, people = key(), key(), [mailbox_id(program, ANA)]
    shared = {"domain_id": brand_a(program), "local_part": key(), "display_name": "S", "member_mailbox_ids": people}
    made = program.post("/shared-mailboxes", shared, Idempotency_Key=one)["data"]
    program.post(f"/mailboxes/{made['id']}/convert-to-regular", {}, 200)
    assert program.refused("POST", "/shared-mailboxes", shared, Idempotency_Key=one) == (409, "address_taken")
    person = {"domain_id": brand_a(program), "local_part": key(), "password_mode": "generated_one_time"}
    made = program.post("/mailboxes", person, Idempotency_Key=two)["data"]
    program.post(f"/mailboxes/{made['id']}/convert-to-shared", {"member_mailbox_ids": people}, 200)
    assert program.refused("POST", "/mailboxes", person, Idempotency_Key=two) == (409, "address_taken")


def test_an_intent_ends_with_the_mailbox_it_was_for(program: Program) -> None:
    here, one = f"/mailboxes/{new_person(program)['id']}", key()
    intent = program.post(f"{here}:delete-intent", Idempotency_Key=one)["data"]
    program.delete(here)
    assert program.refused("POST", f"{here}:delete-intent", None, Idempotency_Key=one) == (404, "not_found")
    program.post(f"{here}:restore", None, 200)
    confirm = f"/delete-intents/{intent['id']}:confirm"
    assert program.refused("POST", confirm, None, X_Confirm_Delete="true") == (404, "not_found")
    assert program.get(here)["data"]["status"] == "active"
    fresh = program.post(f"{here}:delete-intent", Idempotency_Key=one)["data"]
    assert fresh["id"] > intent["id"]
    path = f"/delete-intents/{fresh['id']}:confirm"
    for _repeated in range(2):
        gone = program.post(path, None, 200, X_Confirm_Delete="true", Idempotency_Key="confirmed")["data"]
        assert gone["status"] == "trashed"


def test_a_repetition_hashes_no_password(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    def counting(name: str) -> Callable[..., Any]:
        costly: Callable[..., Any] = getattr(PasswordHasher, name)

        def count(*args: Any) -> Any:
            hashed.append(name)
            return costly(*args)

        return count

    for name in ("hash", "verify"):
        monkeypatch.setattr(PasswordHasher, name, counting(name))
    body, headers = {"domain_id": brand_a(program), "local_part": key(), "password": "A-Password-for-2"}, key()
    with ThreadPoolExecutor(20) as crowd:
        asked = [crowd.submit(_create, program, body, headers) for _ in range(20)]
        answers = [one.result() for one in asked]
    assert _create(program, body, headers) == answers[0]
    assert len({str(answer) for answer in answers}) == 1
    assert hashed == ["hash"]


def _create(program: Program, body: Any, one: str) -> Any:
    """Over a connection of its own."""
    return Program(program.client.application, program.token).post("/mailboxes", body, Idempotency_Key=one)


def test_a_key_is_free_again_after_a_day(program: Program) -> None:
    one, body = key(), {"domain_id": brand_a(program), "local_part": key(), "password": "A-Password-for-2-people"}
    program.post("/mailboxes", body, Idempotency_Key=one)
    other = body | {"local_part": key()}

    def age(seconds: int) -> None:
        with of(program).db.write() as session:
            row = update(DoneRequest).where(DoneRequest.key == one)
            session.execute(row.values(created_at=int(time.time()) - seconds))

    age(86_000)
    assert program.refused("POST", "/mailboxes", other, Idempotency_Key=one) == (409, "idempotency_conflict")
    age(86_401)
    assert program.post("/mailboxes", other, Idempotency_Key=one)["data"]["local_part"] == other["local_part"]


def test_a_conversion_repeated_keeps_the_password_set_since(program: Program) -> None:
    here, one = new_shared(program, ANA, TESS), key()
    back = program.post(f"{here}/convert-to-regular", {}, 200, Idempotency_Key=one)["data"]
    assert opens(program, back["address"], back["generated_password"])
    program.post(f"{here}/password", {"password": "The-current-Password-2"}, 200)
    again = program.post(f"{here}/convert-to-regular", {}, 200, Idempotency_Key=one)["data"]
    assert "generated_password" not in again
    assert opens(program, back["address"], "The-current-Password-2")


def test_a_key_with_another_password_is_a_new_request_once_the_first_is_undone(program: Program) -> None:
    """Until then it is a conflict, which says what to do."""
    here, one = new_shared(program, ANA), key()
    first, second = {"password": "The-first-Password-1"}, {"password": "The-second-Password-2"}
    back = program.post(f"{here}/convert-to-regular", first, 200, Idempotency_Key=one)["data"]
    answer = program.ask("POST", f"{here}/convert-to-regular", second, Idempotency_Key=one)
    assert (answer.status_code, error_of(answer)["code"]) == (409, "idempotency_conflict")
    assert "fresh key" in error_of(answer)["message"]
    assert opens(program, back["address"], "The-first-Password-1")
    program.post(f"{here}/convert-to-shared", {"member_mailbox_ids": [mailbox_id(program, ANA)]}, 200)
    program.post(f"{here}/convert-to-regular", second, 200, Idempotency_Key=one)
    assert opens(program, back["address"], "The-second-Password-2")
    # From now on the key stands for the second request.
    assert program.post(f"{here}/convert-to-regular", second, 200, Idempotency_Key=one)["data"]["id"] == back["id"]
    assert program.refused("POST", f"{here}/convert-to-regular", first, Idempotency_Key=one)[0] == 409
    # Without a password one is made: that is another request, not another password.
    assert program.refused("POST", f"{here}/convert-to-regular", {}, Idempotency_Key=one)[0] == 409
