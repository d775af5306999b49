"""The table, adding, naming, deleting and restoring; domains and the plan."""

import re

import pytest
from sqlalchemy import update

from core.db import now
from mailboxes.bin import DAYS
from mailboxes.models import Mailbox
from tests.cast import ANA, BEN, CLEO, DAN, EVE, KIM, PASSWORD, SALES, SUPPORT
from tests.console.conftest import Audit
from tests.console.console import Desk, secret_on
from tests.servers.harness import World
from tests.visitor import Visitor, folder_url

LETTER = b"From: kim@customer.test\r\nTo: sales@brand-b.test\r\nSubject: Anybody there?\r\n\r\nHello\r\n"


def addresses(olive: Desk, query: str = "") -> list[str]:
    return re.findall(r'<bdi class="one-line">([^<]+)</bdi>', olive.page(f"/mailboxes?{query}").html)


@pytest.mark.parametrize(
    ("query", "there", "missing"),
    [
        ("", [ANA, BEN, SUPPORT, SALES], [EVE, KIM]),
        ("q=ALMEIDA", [ANA], [BEN]),
        ("q=brand-b", [BEN, CLEO, SALES], [ANA]),
        ("q=%25", [], [ANA]),
        ("show=shared", [SUPPORT, SALES], [ANA]),
        ("show=personal", [ANA, BEN], [SUPPORT]),
        ("show=no-members", [], [SUPPORT]),
        ("show=nonsense&sort=nonsense&page=0", [ANA, SUPPORT], []),
        ("page=99999999999", [ANA], []),
        ("page=7", [], [ANA]),
    ],
)
def test_the_table_shows_what_is_asked_for(olive: Desk, query: str, there: list[str], missing: list[str]) -> None:
    found = addresses(olive, query)
    assert set(there) <= set(found)
    assert not set(missing) & set(found)


def test_it_sorts_by_every_column_both_ways(olive: Desk) -> None:
    for column in ("address", "name", "type", "members", "storage"):
        forward, back = (addresses(olive, f"sort={column}&dir={way}") for way in ("", "desc"))
        assert set(forward) == set(back)
    assert addresses(olive, "sort=address&dir=desc") == sorted(addresses(olive), reverse=True)
    assert addresses(olive, "sort=members&dir=desc")[0] == SUPPORT
    assert 'aria-sort="descending"' in olive.page("/mailboxes?sort=members&dir=desc").html


def test_badges_say_shared_and_no_members_with_the_mail_that_waits(world: World, olive: Desk) -> None:
    lone = olive.make("lone")
    shared = olive.make_shared("quiet", lone)
    assert olive.post(f"{olive.path(lone)}/delete", address=lone).status_code == 303
    for _ in range(2):
        world.deliver(shared, LETTER)
    row = olive.page("/mailboxes?q=quiet").text
    assert "Shared" in row
    assert re.search(r"No members\s+· 2 unread", row)
    assert addresses(olive, "show=no-members") == [shared]
    assert olive.post(f"{olive.path(shared)}/members", member_mailbox_ids=[olive.mailbox(DAN)]).status_code == 303
    assert "No members" not in olive.page("/mailboxes?q=quiet").html.partition("<tbody>")[2]
    with world.imap(DAN, mailbox=shared) as connection:
        assert connection.select()[1] == [b"2"]


def test_pages_of_fifty(olive: Desk) -> None:
    for number in range(60 - len(addresses(olive))):
        olive.make(f"page{number}")
    first, second = addresses(olive), addresses(olive, "page=2")
    assert len(first) == 50
    assert second
    assert not set(first) & set(second)


def test_scripts_get_the_table_alone(olive: Desk) -> None:
    answer = olive.get("/mailboxes?q=ana", **{"HX-Request": "true"})
    assert answer.text.startswith('<div id="table"')
    assert "HX-Request" in answer.headers["Vary"]


def test_a_personal_mailbox_with_a_generated_password(olive: Desk, audit: Audit) -> None:
    fields = {"local_part": " Gina ", "domain_id": olive.domain("brand-a.test"), "display_name": "Gina"}
    answer = olive.post("/mailboxes/add/personal", **fields, password_mode="generated")
    secret = secret_on(answer)
    assert Visitor(olive.client.application, "gina@brand-a.test").sign_in(secret).get("/").status_code == 303
    assert secret not in olive.page(olive.path("gina@brand-a.test")).html
    assert [(entry.action, entry.mailbox) for entry in audit()] == [("mailbox.added", "gina@brand-a.test")]


def test_a_personal_mailbox_with_a_password_that_was_set(olive: Desk) -> None:
    fields = {"local_part": "hugo", "domain_id": olive.domain("brand-a.test"), "display_name": ""}
    path = "/mailboxes/add/personal"
    for weak in ("", "short", "hugo@brand-a.test1"):
        assert olive.post(path, **fields, password_mode="set", password=weak).status_code == 422
    assert olive.post(path, **fields, password_mode="set", password=PASSWORD).status_code == 303
    Visitor(olive.client.application, "hugo@brand-a.test").sign_in()


@pytest.mark.parametrize(
    ("local_part", "status"), [("ana", 409), ("", 422), ("a b", 422), ("a@b", 422), ("x" * 80, 422), (".a", 422)]
)
def test_addresses_that_cannot_be(olive: Desk, local_part: str, status: int) -> None:
    fields = {"local_part": local_part, "domain_id": olive.domain("brand-a.test")}
    for kind in ("personal", "shared"):
        more = {"password_mode": "generated"} if kind == "personal" else {"member_mailbox_ids": [olive.mailbox(DAN)]}
        assert olive.post(f"/mailboxes/add/{kind}", **fields, **more).status_code == status


def test_a_shared_mailbox_needs_a_team_and_no_password(olive: Desk) -> None:
    assert 'type="password"' not in olive.page("/mailboxes/add/shared").html
    fields = {"local_part": "press", "domain_id": olive.domain("brand-b.test"), "display_name": "Press"}
    answer = olive.post("/mailboxes/add/shared", **fields)
    assert answer.status_code == 422
    assert "at least one member" in answer.text
    assert 'value="press"' in answer.text, "what was typed is gone"
    ids = [olive.mailbox(ANA), olive.mailbox(CLEO)]
    assert olive.post("/mailboxes/add/shared", **fields, member_mailbox_ids=ids).status_code == 303
    assert olive.members("press@brand-b.test") == {ANA: True, CLEO: True}


def test_the_live_check_says_what_making_it_would(olive: Desk) -> None:
    def says(local_part: str, kind: str = "shared") -> str:
        domain = olive.domain("brand-a.test")
        return olive.get(f"/mailboxes/add/check?local_part={local_part}&domain_id={domain}&kind={kind}").text

    assert "billing@brand-a.test is free." in says("billing")
    assert "support@brand-a.test is taken already" in says("Support")
    assert "an address we can make" in says("a b")
    olive.plan("Nano")
    assert "The Nano plan includes 0 shared mailboxes per domain. Move to a larger plan, such as Starter." in says(
        "new"
    )
    olive.plan("Agency")


def test_a_new_display_name(olive: Desk, audit: Audit) -> None:
    assert olive.post(olive.path(SUPPORT), display_name="  Help\tdesk ").status_code == 303
    assert "Help desk" in olive.page("/mailboxes?q=support@").text
    assert [entry.action for entry in audit()] == ["mailbox.renamed"]
    assert olive.post(olive.path(SUPPORT), display_name="x" * 201).status_code == 422


def test_what_an_owner_does_about_a_lost_password_or_phone(world: World, olive: Desk, audit: Audit) -> None:
    address = olive.make("tara")
    path = f"{olive.path(address)}/security"
    visitor = Visitor(olive.client.application, address).come_back(world.sign_in(address))
    secret = secret_on(olive.post(f"{path}/password", password_mode="generated"))
    assert visitor.get("/").status_code == 303
    assert visitor.get("/").location.startswith("/login")
    Visitor(olive.client.application, address).sign_in(secret)
    assert olive.post(f"{path}/password", password_mode="set", password="short").status_code == 422
    assert olive.post(f"{path}/second-factor/off").status_code == 303
    assert olive.post(f"{path}/sessions/end").status_code == 303
    assert olive.post(f"{path}/app-passwords/1/revoke").status_code == 404
    actions = [entry.action for entry in audit()]
    assert actions == ["mailbox.added", "password.set", "second_factor.off", "session.ended"]


def test_deleting_asks_for_the_address_and_can_be_taken_back(world: World, olive: Desk, audit: Audit) -> None:
    address = olive.make("vera")
    world.deliver(address, LETTER)
    shared = olive.make_shared("pair", address, DAN)
    path = f"{olive.path(address)}/delete"
    assert olive.post(path, address="").status_code == 422
    assert olive.post(path, address=ANA).status_code == 422
    visitor = Visitor(olive.client.application, address).come_back(world.sign_in(address))
    assert olive.post(path, address=address.upper()).status_code == 303
    assert visitor.get(folder_url(address)).status_code == 303
    assert set(olive.members(shared)) == {DAN}
    assert address not in addresses(olive, "q=vera")
    assert olive.get(olive.path(address)).status_code == 404
    assert f"gone for good in {DAYS} days" in olive.page("/mailboxes/bin").text
    # Its address is not free, and says why.
    fields = {"local_part": "vera", "domain_id": olive.domain("brand-a.test"), "password_mode": "generated"}
    assert "is in the bin" in olive.post("/mailboxes/add/personal", **fields).text
    assert olive.post(f"/mailboxes/bin/{olive.mailbox(address)}/restore").status_code == 303
    assert addresses(olive, "q=vera") == [address]
    assert len(world.folder(address)) == 1
    actions = [entry.action for entry in audit()]
    assert actions[-3:] == ["member.removed", "mailbox.deleted", "mailbox.restored"]


def test_the_bin_promises_no_day_too_few(world: World, olive: Desk) -> None:
    address = olive.make("wim")
    olive.post(f"{olive.path(address)}/delete", address=address)
    for age, words in ((DAYS * 86_400 - 10, "in 1 day<"), (DAYS * 86_400 + 10, "about to go"), (86_400, "in 6 days")):
        with world.db.write() as session:
            session.execute(update(Mailbox).where(Mailbox.address == address).values(trashed_at=now() - age))
        assert words in olive.page("/mailboxes/bin").html


def test_domains_come_and_go_when_empty(olive: Desk, audit: Audit) -> None:
    assert olive.post("/domains", name=" Brand-C.test ").status_code == 303
    assert olive.post("/domains", name="brand-c.test").status_code == 409
    assert olive.post("/domains", name="other.test").status_code == 409
    assert olive.post("/domains", name="no domain").status_code == 422
    domain = olive.domain("brand-c.test")
    address = olive.make("first", "brand-c.test")
    olive.post(f"{olive.path(address)}/delete", address=address)
    answer = olive.post(f"/domains/{domain}/remove")
    assert answer.status_code == 422
    assert "in the bin" in answer.text
    assert olive.post("/domains", name="brand-d.test").status_code == 303
    assert olive.post(f"/domains/{olive.domain('brand-d.test')}/remove").status_code == 303
    assert [entry.action for entry in audit()][-2:] == ["domain.added", "domain.removed"]


def test_a_lower_plan_deletes_nothing_and_blocks_adding(olive: Desk, audit: Audit) -> None:
    team = [olive.make_shared(f"plan{number}", DAN, domain="acme.test") for number in range(6)]
    assert olive.post("/plan", plan="Starter").status_code == 303
    assert {address in addresses(olive, "q=plan") for address in team} == {True}
    fields = {"local_part": "plan9", "domain_id": olive.domain("acme.test"), "member_mailbox_ids": [olive.mailbox(DAN)]}
    answer = olive.post("/mailboxes/add/shared", **fields)
    assert answer.status_code == 422
    assert "The Starter plan includes 5 shared mailboxes per domain, and acme.test has 6." in answer.text
    assert "such as Pro" in answer.text
    assert "/console/plan" in answer.text
    # The same limit at every way in: conversion, and out of the bin.
    path = f"{olive.path('owner@acme.test')}/convert-to-shared"
    assert olive.post(path, member_mailbox_ids=[olive.mailbox(DAN)]).status_code == 422
    for _ in range(2):
        gone = team.pop()
        olive.post(f"{olive.path(gone)}/delete", address=gone)
    assert olive.post("/mailboxes/add/shared", **fields).status_code == 303
    assert olive.post(f"/mailboxes/bin/{olive.mailbox(gone)}/restore").status_code == 422
    assert olive.post("/plan", plan="Agency").status_code == 303
    assert olive.post("/plan", plan="Free").status_code == 404
    changes = [entry.detail for entry in audit() if entry.action == "plan.changed"]
    assert changes == ["Agency → Starter", "Starter → Agency"]
