"""The plan: what is used of it, and moving to another, with what that does said before it is done."""

import re

import pytest
from sqlalchemy import select, update

from mailboxes.models import Account, Mailbox
from mailboxes.storage import MEBIBYTE, recount
from tests.cast import ANA, DAN
from tests.pages.console.conftest import Audit
from tests.pages.console.console import Desk
from tests.servers.harness import World
from tests.visitor import Page


def addresses(olive: Desk, query: str) -> list[str]:
    return re.findall(r'<bdi class="one-line">([^<]+)</bdi>', olive.page(f"/mailboxes?{query}").html)


def plan_now(world: World) -> str:
    with world.db.read() as session:
        return session.scalars(select(Account.plan).where(Account.name == "Acme")).one()


def confirm(olive: Desk, plan: str) -> None:
    assert olive.post("/plan", plan=plan, confirmed=plan).status_code == 303


def test_a_lower_plan_deletes_nothing_and_blocks_adding(olive: Desk, audit: Audit) -> None:
    team = [olive.make_shared(f"plan{number}", DAN, domain="acme.test") for number in range(6)]
    confirm(olive, "Starter")
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


@pytest.mark.parametrize("plan", ["Starter", "Pro"])
def test_a_smaller_plan_is_asked_about_first(world: World, olive: Desk, plan: str) -> None:
    answer = olive.post("/plan", plan=plan)
    assert answer.status_code == 200
    assert f"Change from Agency to {plan}?" in answer.text
    assert plan_now(world) == "Agency"
    page = Page(answer.text)
    fields = {name: page.fields[name] for name in ("plan", "confirmed")}
    assert olive.post("/plan", **fields).status_code == 303
    assert plan_now(world) == plan
    assert olive.post("/plan", plan="Agency").status_code == 303


def test_what_is_above_the_smaller_plan_is_said_in_numbers(world: World, olive: Desk) -> None:
    with world.db.write() as session:
        session.execute(update(Mailbox).where(Mailbox.address == ANA).values(used_bytes=6_000 * MEBIBYTE))
        recount(session, session.scalars(select(Account.id).where(Account.name == "Acme")).one())
    said = olive.post("/plan", plan="Nano").text
    assert "6 GB of 5 GB are used: new mail to every mailbox is put off until there is room." in said
    assert "brand-a.test has 1 shared mailbox, and Nano includes 0: what is there stays, and adding more" in said
    assert "Nothing is deleted." in said
    assert plan_now(world) == "Agency"
    assert "6 GB" not in olive.post("/plan", plan="Starter").text
    with world.db.write() as session:
        session.execute(update(Mailbox).where(Mailbox.address == DAN).values(quota_mb=1))
        recount(session, session.scalars(select(Account.id).where(Account.name == "Acme")).one())
    assert "every mailbox without storage of its own is put off" in olive.post("/plan", plan="Nano").text
    with world.db.write() as session:
        session.execute(update(Mailbox).values(used_bytes=0, quota_mb=None))
        recount(session, session.scalars(select(Account.id).where(Account.name == "Acme")).one())


def test_the_page_says_that_mail_may_be_put_off_and_which_plan_it_is(olive: Desk) -> None:
    page = olive.page("/plan")
    assert "new mail is put off until there is room" in page.text
    assert re.search(r"Agency</label> <span class=\"badge\">Current plan", page.html)
    assert re.search(r"\d of 1,000<", page.html)
