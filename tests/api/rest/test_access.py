"""What programs do to access takes effect at once, and is written down."""

import contextlib
import imaplib
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from mailboxes.models import PURGING, AuditEntry, DeleteIntent, Mailbox
from tests.api.conftest import MakeProgram, Program
from tests.cast import ANA, BEN, CLEO, DAN, EVE, SALES, SUPPORT
from tests.servers.harness import World


def wait_for_end(connection: imaplib.IMAP4) -> None:
    """Until the server has closed this connection."""
    with contextlib.suppress(ConnectionResetError):
        while connection.sock.recv(4096):
            pass


def member(script: Program, ids: dict[str, int], mailbox: str, person: str) -> int:
    members = script.get(f"/mailboxes/{ids[mailbox]}/members")["data"]
    found: int = next(one["id"] for one in members if one["email"] == person)
    return found


def test_removing_a_member_closes_their_open_session(world: World, script: Program, ids: dict[str, int]) -> None:
    with world.imap(BEN, mailbox=SUPPORT) as connection:
        connection.select("INBOX")
        connection.send(b"a IDLE\r\n")
        assert connection.readline().startswith(b"+")
        path = f"/mailboxes/{ids[SUPPORT]}/members"
        script.delete(f"{path}/{member(script, ids, SUPPORT, BEN)}")
        wait_for_end(connection)
    with pytest.raises(imaplib.IMAP4.error), world.imap(BEN, mailbox=SUPPORT):
        pass
    script.post(path, {"member_mailbox_id": ids[BEN]})


def test_making_a_member_read_only_and_converting_close_sessions_too(
    world: World, script: Program, ids: dict[str, int]
) -> None:
    one = f"/mailboxes/{ids[SUPPORT]}/members/{member(script, ids, SUPPORT, BEN)}"
    with world.imap(BEN, mailbox=SUPPORT) as connection:
        connection.select("INBOX")
        script.patch(one, {"can_send": False})
        wait_for_end(connection)
    script.patch(one, {"can_send": True})
    with world.imap(DAN) as connection:
        connection.select("INBOX")
        shared = script.post(f"/mailboxes/{ids[DAN]}/convert-to-shared", {"member_mailbox_ids": [ids[ANA]]}, 200)
        wait_for_end(connection)
    assert shared["data"]["type"] == "shared"
    back = script.post(f"/mailboxes/{ids[DAN]}/convert-to-regular", None, 200)
    with world.imap(DAN, back["data"]["generated_password"]):
        pass


def test_the_life_of_a_shared_mailbox(world: World, script: Program, ids: dict[str, int]) -> None:
    domain = ids["brand-b.test"]
    body = {
        "domain_id": domain,
        "local_part": "Billing",
        "display_name": "Billing",
        "member_mailbox_ids": [ids[ANA]],
        "storage_shared": False,
        "storage_mb": 500,
    }
    made = script.post("/shared-mailboxes", body)["data"]
    assert (made["address"], made["type"], made["quota_mb"]) == ("billing@brand-b.test", "shared", 500)
    assert made.keys() >= {"id", "local_part", "domain_id", "domain", "display_name", "status", "member_count"}
    here = f"/mailboxes/{made['id']}"
    many = script.post(f"{here}/members", {"member_mailbox_ids": [ids[BEN], ids[CLEO]], "can_send": False})["data"]
    assert [(one["email"], one["can_send"]) for one in many] == [(BEN, False), (CLEO, False)]
    assert all(one["can_read"] is True for one in many)
    again = script.refused("POST", f"{here}/members", {"member_mailbox_ids": [ids[DAN], ids[CLEO]]})
    assert again == (409, "already_member")
    assert script.get(f"{here}/members?per_page=1")["meta"] == {"page": 1, "per_page": 1, "total": 3}
    labelled = script.patch(f"{here}/members/{many[0]['id']}", {"custom_label": "Money"})["data"]
    assert (labelled["custom_label"], labelled["can_send"]) == ("Money", False)
    ana = member(script, ids | {"billing@brand-b.test": made["id"]}, "billing@brand-b.test", ANA)
    for one in (*[member["id"] for member in many],):
        removed = script.delete(f"{here}/members/{one}")
        assert removed == {"data": {"id": one, "removed": True}}
    assert script.refused("DELETE", f"{here}/members/{ana}") == (422, "last_member")
    assert script.refused("POST", f"{here}/password", {"password": "A-Password-for-2-people"}) == (
        422,
        "already_shared",
    )
    assert (
        script.refused("POST", f"{here}/convert-to-shared", {"member_mailbox_ids": [ids[BEN]]})[1] == "already_shared"
    )
    weak = script.ask("POST", f"{here}/convert-to-regular", {"password": "all-lower-case-1"})
    assert weak.json is not None
    assert weak.json["error"]["fields"].keys() == {"password"}
    person = script.post(f"{here}/convert-to-regular", {"password": "A-Password-for-2-people"}, 200)["data"]
    assert (person["type"], "member_count" in person, "generated_password" in person) == ("regular", False, False)
    assert script.refused("POST", f"{here}/convert-to-regular", {}) == (422, "not_shared")
    assert script.refused("GET", f"{here}/members") == (422, "not_shared")
    assert script.refused("POST", f"{here}/members", {"member_mailbox_id": ids[BEN]}) == (422, "not_shared")
    assert script.delete(here)["data"]["status"] == "trashed"


def test_who_can_be_a_member(script: Program, ids: dict[str, int]) -> None:
    path = f"/mailboxes/{ids[SUPPORT]}/members"
    assert script.refused("POST", path, {"member_mailbox_id": ids[SALES]}) == (422, "member_not_eligible")
    assert script.refused("POST", path, {"member_mailbox_id": ids[EVE]}) == (404, "not_found")
    assert script.refused("POST", path, {"member_mailbox_id": ids[ANA]}) == (409, "already_member")
    assert script.refused("POST", path, {}) == (422, "validation_failed")
    both = {"member_mailbox_id": ids[DAN], "member_mailbox_ids": [ids[DAN]]}
    assert script.refused("POST", path, both) == (422, "validation_failed")


def test_the_careful_way_into_the_bin(
    world: World, script: Program, make_program: MakeProgram, ids: dict[str, int]
) -> None:
    body = {"domain_id": ids["brand-a.test"], "local_part": "careful", "password": "A-Password-for-2-people"}
    here = f"/mailboxes/{script.post('/mailboxes', body)['data']['id']}"
    intent = script.post(f"{here}:delete-intent")["data"]
    assert intent["address"] == "careful@brand-a.test"
    left = datetime.fromisoformat(intent["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)
    confirm = f"/delete-intents/{intent['id']}:confirm"
    for headers in ({}, {"X_Confirm_Delete": "yes"}):
        assert script.refused("POST", confirm, None, **headers) == (422, "validation_failed")
    other = make_program()
    assert other.refused("POST", confirm, None, X_Confirm_Delete="true") == (404, "not_found")
    assert script.get(here)["data"]["status"] == "active"
    assert script.post(confirm, None, 200, X_Confirm_Delete="true")["data"]["status"] == "trashed"
    assert script.refused("POST", confirm, None, X_Confirm_Delete="true") == (404, "not_found")
    assert [one["address"] for one in script.get("/mailboxes?status=trashed&search=careful")["data"]] == [
        "careful@brand-a.test"
    ]
    assert script.post(f"{here}:restore", None, 200)["data"]["status"] == "active"
    late = script.post(f"{here}:delete-intent")["data"]["id"]
    with world.db.write() as session:
        session.get_one(DeleteIntent, late).expires_at = 1
    gone = script.refused("POST", f"/delete-intents/{late}:confirm", None, X_Confirm_Delete="true")
    assert gone == (404, "not_found")


def test_finding_mailboxes(script: Program, ids: dict[str, int]) -> None:
    shared = script.get("/mailboxes?type=shared&has_members=true&per_page=100")["data"]
    assert {SUPPORT, SALES} <= {one["address"] for one in shared}
    assert all(one["type"] == "shared" and one["member_count"] > 0 for one in shared)
    found = script.get(f"/mailboxes?search=SUPP&domain_id={ids['brand-a.test']}")
    assert [one["address"] for one in found["data"]] == [SUPPORT]
    assert found["meta"] == {"page": 1, "per_page": 50, "total": 1}
    assert script.get("/mailboxes?search=%25")["meta"]["total"] == 0
    second = script.get("/mailboxes?per_page=2&page=2")
    assert len(second["data"]) == 2
    assert script.get("/mailboxes?page=1000000")["data"] == []


def test_shared_mailboxes_that_nobody_works_are_found(script: Program, ids: dict[str, int]) -> None:
    person = {"domain_id": ids["brand-a.test"], "local_part": "leaver", "password_mode": "generated_one_time"}
    leaver = script.post("/mailboxes", person)["data"]["id"]
    left = {"domain_id": ids["brand-a.test"], "local_part": "left-alone", "display_name": "Left alone"}
    script.post("/shared-mailboxes", left | {"member_mailbox_ids": [leaver]})
    script.delete(f"/mailboxes/{leaver}")
    found = script.get("/mailboxes?has_members=false")["data"]
    assert [(one["address"], one["member_count"]) for one in found] == [("left-alone@brand-a.test", 0)]
    worked = script.get("/mailboxes?has_members=true&per_page=100")["data"]
    assert "left-alone@brand-a.test" not in {one["address"] for one in worked}


def test_a_mailbox_on_its_way_out_is_not_there(world: World, script: Program, ids: dict[str, int]) -> None:
    body = {"domain_id": ids["brand-a.test"], "local_part": "on-its-way-out", "password_mode": "generated_one_time"}
    going = script.post("/mailboxes", body)["data"]["id"]
    script.delete(f"/mailboxes/{going}")
    with world.db.write() as session:
        session.get_one(Mailbox, going).status = PURGING
    assert script.refused("GET", f"/mailboxes/{going}") == (404, "not_found")
    assert script.refused("POST", f"/mailboxes/{going}:restore") == (404, "not_found")
    for status in ("active", "trashed"):
        assert script.get(f"/mailboxes?search=on-its-way-out&status={status}")["meta"]["total"] == 0


def test_the_audit_log_is_newest_first_and_filterable(world: World, script: Program, ids: dict[str, int]) -> None:
    script.patch(f"/mailboxes/{ids[SALES]}", {"display_name": "Sales & more"})
    script.patch(f"/mailboxes/{ids[SALES]}", {"display_name": "Sales"})
    found = script.get(f"/audit?mailbox={SALES}&action=mailbox.renamed")["data"]
    assert [entry["detail"] for entry in found[:2]] == ["Sales & more → Sales", "Sales → Sales & more"]
    assert {(entry["actor"], entry["door"], entry["client_address"]) for entry in found} == {
        ("a script", "api", "127.0.0.1")
    }
    today = datetime.now(UTC).date()
    yesterday = today - timedelta(days=1)
    whole = f"/audit?mailbox={SALES}&action=mailbox.renamed"
    assert script.get(f"{whole}&since={yesterday}&until={today}")["meta"]["total"] == len(found)
    assert script.get(f"{whole}&until={yesterday}")["meta"]["total"] == 0
    assert script.get(f"{whole}&since={today + timedelta(days=1)}")["meta"]["total"] == 0
    assert script.get(f"{whole}&person=a+scr")["meta"]["total"] == len(found)
    assert script.get(f"{whole}&person=nobody")["meta"]["total"] == 0
    assert script.refused("GET", "/audit?since=2000-13-01") == (422, "validation_failed")
    with world.db.read() as session:
        assert script.get("/audit")["meta"]["total"] == len(
            session.scalars(select(AuditEntry.id).where(AuditEntry.account_id == 1)).all()
        )


def test_limits_of_the_plan_name_the_way_out(make_program: MakeProgram, ids: dict[str, int]) -> None:
    program = make_program()
    too_much = {
        "domain_id": ids["brand-a.test"],
        "local_part": "big",
        "password": "A-Password-for-2-people",
        "storage_allocation_mb": 2_000_000,
    }
    answer = program.ask("POST", "/mailboxes", too_much)
    assert answer.json is not None
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "plan_limit_reached")
    assert "Agency plan has 1 TB" in answer.json["error"]["message"]
