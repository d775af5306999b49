"""What the fields of a body mean: storage, null, what belongs together, labels, and the order of an answer."""

from itertools import count
from typing import Any

import pytest

from tests.api.conftest import V1, Program, error_of
from tests.cast import ANA, BEN, CLEO, DAN, TESS

_numbers = count(1)


def shared(script: Program, ids: dict[str, int], **more: Any) -> Any:
    """A new shared mailbox of ana's."""
    body = {"domain_id": ids["brand-a.test"], "local_part": f"body{next(_numbers)}", "display_name": "Body"}
    return script.post("/shared-mailboxes", body | {"member_mailbox_ids": [ids[ANA]]} | more)["data"]


def wrong_field(script: Program, method: str, path: str, body: Any) -> list[str]:
    answer = script.ask(method, path, body)
    error = error_of(answer)
    assert (answer.status_code, error["code"]) == (422, "validation_failed")
    return list(error["fields"])


@pytest.mark.parametrize(
    ("storage", "quota"),
    [
        ({}, None),
        ({"storage_shared": True}, None),
        ({"storage_mb": 500}, 500),
        ({"storage_shared": False, "storage_mb": 500}, 500),
        ({"storage_shared": None, "storage_mb": 500}, 500),
        # What a client sends that fills in the default.
        ({"storage_shared": True, "storage_mb": 500}, 500),
        ({"storage_shared": True, "storage_mb": None}, None),
    ],
)
def test_storage_of_its_own_or_the_pool(
    script: Program, ids: dict[str, int], storage: dict[str, Any], quota: int | None
) -> None:
    assert shared(script, ids, **storage)["quota_mb"] == quota


def test_storage_of_its_own_is_a_number(script: Program, ids: dict[str, int]) -> None:
    body = {"domain_id": ids["brand-a.test"], "local_part": "never", "display_name": "Never"}
    body |= {"member_mailbox_ids": [ids[ANA]], "storage_shared": False}
    assert wrong_field(script, "POST", "/shared-mailboxes", body) == ["storage_mb"]


def test_what_belongs_together_names_a_field(script: Program, ids: dict[str, int]) -> None:
    mailbox = {"domain_id": ids["brand-a.test"], "local_part": "never"}
    both = {"password": "A-Password-for-2-people", "password_mode": "generated_one_time"}
    assert wrong_field(script, "POST", "/mailboxes", mailbox) == ["password"]
    assert wrong_field(script, "POST", "/mailboxes", mailbox | both) == ["password"]
    here = f"/mailboxes/{shared(script, ids)['id']}/members"
    two_ways = {"member_mailbox_id": ids[BEN], "member_mailbox_ids": [ids[BEN]]}
    for body in ({}, two_ways):
        assert wrong_field(script, "POST", here, body) == ["member_mailbox_id"]


def test_null_is_left_out(script: Program, ids: dict[str, int]) -> None:
    made = script.post(
        "/mailboxes",
        {"domain_id": ids["brand-a.test"], "local_part": "nullish", "password_mode": "generated_one_time"}
        | {"display_name": None, "password": None, "storage_allocation_mb": None},
    )["data"]
    assert (made["display_name"], made["quota_mb"]) == ("", None)
    here = f"/mailboxes/{shared(script, ids)['id']}/members"
    nulls = {"member_mailbox_ids": None, "can_send": None, "custom_label": None}
    member = script.post(here, {"member_mailbox_id": ids[BEN]} | nulls)["data"]
    assert (member["can_send"], member["custom_label"]) == (True, "")
    one = f"{here}/{member['id']}"
    assert script.patch(one, {"can_send": None, "custom_label": "Mine"})["data"]["can_send"] is True
    assert script.patch(one, {"can_send": False, "custom_label": None})["data"]["custom_label"] == "Mine"
    assert wrong_field(script, "POST", "/domains", {"name": None}) == ["name"]


def test_null_takes_a_name_away_and_left_out_it_stays(script: Program, ids: dict[str, int]) -> None:
    here = f"/mailboxes/{shared(script, ids, display_name='Named')['id']}"
    assert script.patch(here, {})["data"]["display_name"] == "Named"
    assert script.patch(here, {"display_name": None})["data"]["display_name"] == ""


def test_a_misspelt_right_gives_none(script: Program, ids: dict[str, int]) -> None:
    """Where rights, members or secrets change, what isn't known is refused, and the nearest known field named."""
    desk, person = shared(script, ids)["id"], f"/mailboxes/{ids[BEN]}"
    here = f"/mailboxes/{desk}/members"
    member = f"{here}/{script.get(here)['data'][0]['id']}"
    mailbox = {"domain_id": ids["brand-a.test"], "local_part": "never", "display_name": "Never"}
    for method, path, body, unknown, known in (
        ("POST", here, {"member_mailbox_id": ids[BEN], "cansend": False}, "cansend", "can_send"),
        ("PATCH", member, {"canSend": False}, "canSend", "can_send"),
        ("POST", "/shared-mailboxes", mailbox | {"member_mailbox": [ids[ANA]]}, "member_mailbox", "member_mail"),
        ("POST", f"{person}/convert-to-shared", {"members": [ids[ANA]]}, "members", "member_mailbox_ids"),
        ("POST", f"/mailboxes/{desk}/convert-to-regular", {"pasword": "A-Password-1"}, "pasword", "password"),
        ("POST", f"{person}/password", {"Password": "A-Password-1"}, "Password", "password"),
    ):
        answer = script.ask(method, path, body)
        assert answer.status_code == 422, (path, body)
        [text] = error_of(answer)["fields"][unknown]
        assert known in text
        assert "A-Password-1" not in answer.get_data(as_text=True)
    assert [one["email"] for one in script.get(here)["data"]] == [ANA]
    assert script.get(member.rpartition("/")[0])["data"][0]["can_send"] is True
    # Elsewhere clients may send more than there is.
    more = {"display_name": "More", "colour": "red"}
    assert script.patch(f"/mailboxes/{desk}", more)["data"]["display_name"] == "More"


def test_a_mailbox_begins_with_who_replies_and_who_only_reads(script: Program, ids: dict[str, int]) -> None:
    made = shared(script, ids, read_only_member_mailbox_ids=[ids[CLEO], ids[DAN]])
    rights = {one["email"]: one["can_send"] for one in script.get(f"/mailboxes/{made['id']}/members")["data"]}
    assert rights == {ANA: True, CLEO: False, DAN: False}
    body = {"domain_id": ids["brand-a.test"], "local_part": "never", "display_name": "Never"}
    body |= {"member_mailbox_ids": [ids[ANA]], "read_only_member_mailbox_ids": [ids[ANA]]}
    assert wrong_field(script, "POST", "/shared-mailboxes", body) == ["read_only_member_mailbox_ids"]


def test_domains_are_found_by_a_part_of_their_name(script: Program) -> None:
    assert [one["name"] for one in script.get("/domains?search=BRAND-b")["data"]] == ["brand-b.test"]
    assert script.get("/domains?search=brand_")["data"] == []


@pytest.mark.parametrize("path", ["/domains?serach=a", "/mailboxes?serach=a", "/audit?mailboxes=a"])
def test_a_filter_that_is_not_known_is_refused(script: Program, path: str) -> None:
    """The answer without it would be the answer to another question."""
    answer = script.ask("GET", path)
    assert (answer.status_code, error_of(answer)["code"]) == (422, "validation_failed")
    assert list(error_of(answer)["fields"]) == [path.partition("?")[2].partition("=")[0]]


def test_the_document_says_what_may_be_null(script: Program) -> None:
    """And nothing else may: what the document calls required is required."""
    schemas = script.client.get(f"{V1}/openapi.json").json["components"]["schemas"]  # type: ignore[index]
    for name in ("NewMailbox", "NewSharedMailbox", "NewMembers", "MailboxChanges", "MemberChanges", "ToRegular"):
        for field, schema in schemas[name]["properties"].items():
            nullable = {"type": "null"} in schema.get("anyOf", [])
            assert nullable == (field not in schemas[name].get("required", [])), (name, field)


def test_a_label_is_one_line_however_it_is_set(script: Program, ids: dict[str, int]) -> None:
    here = f"/mailboxes/{shared(script, ids)['id']}/members"
    label = "  The   front  desk "
    made = script.post(here, {"member_mailbox_id": ids[BEN], "custom_label": label})["data"]
    changed = script.patch(f"{here}/{made['id']}", {"custom_label": f"{label} "})["data"]
    assert made["custom_label"] == changed["custom_label"] == "The front desk"


def test_many_are_answered_in_the_order_asked(script: Program, ids: dict[str, int]) -> None:
    here = f"/mailboxes/{shared(script, ids)['id']}/members"
    asked = [ids[name] for name in (DAN, BEN, TESS, CLEO)]
    made = script.post(here, {"member_mailbox_ids": [*asked, ids[DAN]]})["data"]
    assert [member["member_mailbox_id"] for member in made] == asked


def test_a_list_of_one_is_answered_as_a_list(script: Program, ids: dict[str, int]) -> None:
    here = f"/mailboxes/{shared(script, ids)['id']}/members"
    assert [member["email"] for member in script.post(here, {"member_mailbox_ids": [ids[BEN]]})["data"]] == [BEN]


def test_no_name_reads_like_anothers_address(script: Program, ids: dict[str, int]) -> None:
    here = f"/mailboxes/{ids[ANA]}"
    body = {"domain_id": ids["brand-a.test"], "local_part": "never", "display_name": "Bank (service＠bank.example)"}
    person = body | {"password_mode": "generated_one_time"}
    assert wrong_field(script, "POST", "/mailboxes", person) == ["display_name"]
    team = body | {"member_mailbox_ids": [ids[ANA]]}
    assert wrong_field(script, "POST", "/shared-mailboxes", team) == ["display_name"]
    assert wrong_field(script, "PATCH", here, {"display_name": f"Not {BEN}"}) == ["display_name"]
    assert script.get(here)["data"]["display_name"] == "Ana Almeida"
