"""The table, adding, naming, deleting and restoring; domains and the plan."""

import re

import pytest
from flask import Flask
from markupsafe import escape
from sqlalchemy import update

from core.db import now
from mailboxes.bin import DAYS
from mailboxes.models import Mailbox
from tests.cast import ANA, BEN, CLEO, DAN, EVE, KIM, PASSWORD, SALES, SUPPORT, TESS
from tests.pages.console.conftest import Audit
from tests.pages.console.console import Desk, secret_on
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


def test_it_sorts_by_every_column_both_ways(world: World, olive: Desk) -> None:
    """Orders that differ from one another and from that of the addresses."""
    used = {"sort-d": 10, "sort-a": 40, "sort-c": 20, "sort-b": 30}
    names = {"sort-a": "delta", "sort-b": "Alpha", "sort-c": "Charlie", "sort-d": "bravo"}
    teams = {"sort-b": [ANA, BEN], "sort-d": [ANA, BEN, CLEO]}
    for local_part, name in names.items():
        if local_part in teams:
            olive.post(olive.path(olive.make_shared(local_part, *teams[local_part])), display_name=name)
        else:
            olive.make(local_part, name=name)
    with world.db.write() as session:
        for local_part, octets in used.items():
            mailbox = update(Mailbox).where(Mailbox.local_part == local_part)
            session.execute(mailbox.values(used_bytes=octets * 1_000_000))
    orders = {
        "address": ["sort-a", "sort-b", "sort-c", "sort-d"],
        "name": ["sort-b", "sort-d", "sort-c", "sort-a"],
        "storage": ["sort-d", "sort-c", "sort-b", "sort-a"],
    }
    for column, order in orders.items():
        assert sorted_by(olive, column) == order, column
        assert sorted_by(olive, column, "desc") == order[::-1], column
    # Among equals the address decides, either way.
    assert sorted_by(olive, "type") == ["sort-a", "sort-c", "sort-b", "sort-d"]
    assert sorted_by(olive, "type", "desc") == ["sort-b", "sort-d", "sort-a", "sort-c"]
    assert sorted_by(olive, "members") == ["sort-a", "sort-c", "sort-b", "sort-d"]
    assert sorted_by(olive, "members", "desc") == ["sort-d", "sort-b", "sort-a", "sort-c"]
    for way in ("ascending", "descending"):
        query = f"sort=members&dir={'desc' if way == 'descending' else ''}"
        assert f'class="col-members" aria-sort="{way}"' in olive.page(f"/mailboxes?{query}").html


def sorted_by(olive: Desk, column: str, direction: str = "") -> list[str]:
    return [address.partition("@")[0] for address in addresses(olive, f"q=sort-&sort={column}&dir={direction}")]


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
    assert "at least one member" in answer.text.partition('id="q-error"')[2]
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
    for impossible in ("a b", "ana%2Blists"):
        refused = says(impossible)
        assert "an address we can make" in refused
        assert "hyphens and underscores" in refused
        assert "/console/plan" not in refused, "another plan makes no other addresses"
    assert says("new_one.x-y").count("is free") == 1
    olive.plan("Nano")
    full = says("new")
    assert "The Nano plan includes 0 shared mailboxes per domain. Move to a larger plan, such as Starter." in full
    assert 'href="/console/plan"' in full
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


def test_the_bin_has_pages(olive: Desk) -> None:
    for number in range(55):
        address = olive.make(f"heap{number}")
        olive.post(f"{olive.path(address)}/delete", address=address)
    first, second = (olive.page(f"/mailboxes/bin{query}") for query in ("", "?page=2"))
    assert first.html.count(">Restore<") == 50
    assert second.html.count(">Restore<") >= 5
    assert "/console/mailboxes/bin?page=2" in first.links
    assert olive.page("/mailboxes/bin?page=x").html.count(">Restore<") == 50


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
    answer = olive.client.post(
        f"/console/domains/{olive.domain('brand-d.test')}/remove",
        data={"csrf_token": olive.token()},
        follow_redirects=True,
    )
    notice = answer.text.partition('role="status"')[2].partition("</form>")[0]
    assert "brand-d.test is removed." in notice
    undo = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', notice))
    assert olive.post("/domains", **undo).status_code == 303
    assert olive.post(f"/domains/{olive.domain('brand-d.test')}/remove").status_code == 303
    assert [entry.action for entry in audit()][-2:] == ["domain.added", "domain.removed"]


def test_an_international_domain_is_read_as_it_was_written(olive: Desk) -> None:
    assert olive.post("/domains", name="München.test").status_code == 303
    page = olive.page("/domains").text
    assert "münchen.test is here." in page
    assert "xn--mnchen-3ya.test in addresses" in page
    assert "münchen.test" in olive.page("/mailboxes/add/shared").text
    assert olive.make("ana", "xn--mnchen-3ya.test") == "ana@xn--mnchen-3ya.test"
    assert "Shared mailboxes on münchen.test" in olive.page("/plan").text


def test_switching_off_a_second_factor_is_asked_about_first(world: World, olive: Desk, audit: Audit) -> None:
    path = f"{olive.path(TESS)}/security"
    assert f"{path}/second-factor/off" in " ".join(olive.page(path).links)
    page = olive.page(f"{path}/second-factor/off")
    assert f"Switch off the second factor of {TESS}?" in page.text
    assert audit() == []
    assert olive.post(f"{path}/second-factor/off").status_code == 303
    assert [entry.action for entry in audit()] == ["second_factor.off"]


def test_sizes_and_numbers_are_neither_larger_nor_harder_to_read_than_they_are(world: World, olive: Desk) -> None:
    address = olive.make("small")
    for octets, words in ((0, "0 KB"), (1, "1 KB"), (400_000, "391 KB"), (1_468_006, "1.4 MB"), (10**12, "953.7 GB")):
        with world.db.write() as session:
            session.execute(update(Mailbox).where(Mailbox.address == address).values(used_bytes=octets))
        assert words in olive.page("/mailboxes?q=small").text
        assert words in olive.page(olive.path(address)).text
    with world.db.write() as session:
        session.execute(update(Mailbox).where(Mailbox.address == address).values(used_bytes=0))


NAMED_SUPPORT = f"Help ({SUPPORT})"


def test_no_form_takes_a_name_that_reads_like_anothers_address(olive: Desk, app: Flask) -> None:
    new = {"local_part": "nameless", "domain_id": olive.domain("brand-a.test"), "display_name": NAMED_SUPPORT}
    for path, fields in (
        ("/mailboxes/add/personal", new | {"password_mode": "generated"}),
        ("/mailboxes/add/shared", new | {"member_mailbox_ids": [olive.mailbox(ANA)]}),
        (olive.path(BEN), {"display_name": NAMED_SUPPORT}),
        ("/settings/owners", {"email": "otto@acme.test", "display_name": NAMED_SUPPORT, "password": PASSWORD}),
    ):
        answer = olive.post(path, **fields)
        assert answer.status_code == 422, path
        error = re.search(r'id="display_name-error">([^<]+)<', answer.text)
        assert error, path
        assert f"reads like the address {SUPPORT}" in error[1]
        assert "Leave the address out" in error[1]
        assert f'value="{NAMED_SUPPORT}"' in answer.text, "what was typed stays"
    assert addresses(olive, "q=nameless") == []
    for command in (
        ["mailbox", "add", "nameless@brand-a.test", "--name", NAMED_SUPPORT],
        ["shared", "add", "nameless@brand-a.test", "--name", NAMED_SUPPORT, "--member", ANA],
        ["owner", "create", "otto@acme.test", "--account", "Acme", "--name", NAMED_SUPPORT],
    ):
        said = app.test_cli_runner().invoke(args=command)
        assert (said.exit_code, "Leave the address out" in said.output) == (1, True), command


def test_an_owner_chooses_who_gets_a_domains_own_mail(olive: Desk, app: Flask, audit: Audit) -> None:
    path = f"/domains/{olive.domain('brand-a.test')}/postmaster"
    chosen = f'name="address" type="email" maxlength="320" autocomplete="off" value="{SUPPORT}"'
    assert olive.post(path, address=f" {SUPPORT.upper()} ").status_code == 303
    page = olive.page("/domains")
    assert f"Mail for postmaster@ and abuse@brand-a.test goes to {SUPPORT} now." in page.text
    assert chosen in page.html
    assert [(one.action, one.mailbox, one.subject) for one in audit()] == [
        ("domain.role_mailbox", SUPPORT, "brand-a.test")
    ]
    for nobody in (EVE, "nobody@brand-a.test", "no address", "<b>@x"):
        refused = olive.post(path, address=nobody)
        assert refused.status_code == 422, nobody
        assert "Name one that is in use." in refused.text
        assert refused.text.count('aria-invalid="true"') == 1
        assert f'value="{escape(nobody)}"' in refused.text, "what was typed stays, at its own domain"
    assert chosen in olive.page("/domains").html
    assert olive.post(f"/domains/{olive.domain('other.test')}/postmaster", address=SUPPORT).status_code == 404
    assert olive.client.post(f"/console{path}", data={"address": ANA}).status_code == 400, "no form token"
    run = app.test_cli_runner().invoke
    said = run(args=["domain", "postmaster", "brand-a.test", ANA])
    assert (said.exit_code, said.output) == (0, f"Mail for postmaster@ and abuse@brand-a.test goes to {ANA}.\n")
    for wrong in (["brand-a.test", EVE], ["nowhere.test", ANA]):
        said = run(args=["domain", "postmaster", *wrong])
        assert (said.exit_code, said.output.count("\n"), "There is no" in said.output) == (1, 1, True), wrong
    said = run(args=["domain", "postmaster", "brand-a.test"])
    assert "goes to an owner or the oldest mailbox" in said.output
    assert chosen not in olive.page("/domains").html
