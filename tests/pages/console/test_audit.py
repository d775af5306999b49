"""The audit log: found again by mailbox, person, action and day, and taken home as a harmless file."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from auth.models import Owner
from mailboxes.audit_log import ACTIONS, COLUMNS, harmless
from mailboxes.models import AuditEntry
from tests.cast import ANA, BEN, DAN, OWNER, PASSWORD, SALES, SUPPORT
from tests.pages.console.conftest import Audit
from tests.pages.console.console import Desk, secret_on
from tests.servers.harness import World


def entries(olive: Desk, query: str = "") -> list[str]:
    html = olive.page(f"/audit?{query}").html.partition('<ol class="entries">')[2].partition("</ol>")[0]
    return [re.sub(r"<[^>]*>", " ", entry) for entry in html.split("<li>")[1:]]


def rows(olive: Desk, query: str = "") -> list[dict[str, str]]:
    answer = olive.get(f"/audit.csv?{query}")
    assert answer.content_type.startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_the_filters_narrow_it_down(olive: Desk) -> None:
    shared = olive.make_shared("logged", ANA, BEN)
    olive.post(f"{olive.path(shared)}/members/{olive.membership(BEN, shared)}/remove")
    assert all(shared in entry for entry in entries(olive, f"mailbox={shared}"))
    assert len(entries(olive, f"mailbox={shared}")) == 4
    assert len(entries(olive, f"mailbox={shared}&person={BEN}")) == 2
    assert len(entries(olive, f"mailbox={shared}&person={OWNER}")) == 4
    (removed,) = entries(olive, f"mailbox={shared}&action=member.removed")
    for fact in ("Member removed", shared, BEN, OWNER, "127.0.0.1", "web", f"{datetime.now(UTC):%b %Y}"):
        assert fact in removed
    assert len(entries(olive, "action=nonsense&page=x&from=x&to=2026-99-99")) > 4


def test_days_are_whole_ones(world: World, olive: Desk) -> None:
    shared = olive.make_shared("dated", ANA)
    last_second = int(datetime(2025, 3, 4, 23, 59, 59, tzinfo=UTC).timestamp())
    with world.db.write() as session:
        session.execute(update(AuditEntry).where(AuditEntry.mailbox == shared).values(at=last_second))
    for query, count in (
        ("from=2025-03-04&to=2025-03-04", 2),
        ("from=2025-03-05", 0),
        ("to=2025-03-03", 0),
        ("to=2025-03-04", 2),
    ):
        assert len(entries(olive, f"mailbox={shared}&{query}")) == count, query


def test_pages_and_their_links_keep_the_filter(world: World, olive: Desk) -> None:
    for number in range(60):
        olive.post(olive.path(SALES), display_name=f"Sales {number}")
    page = olive.page("/audit?action=mailbox.renamed")
    assert len(entries(olive, "action=mailbox.renamed")) == 50
    assert len(entries(olive, "action=mailbox.renamed&page=2")) == 10
    assert "/console/audit?action=mailbox.renamed&amp;page=2" in page.html
    assert len(rows(olive, "action=mailbox.renamed")) == 60


def test_the_file_holds_every_fact_and_no_formula(olive: Desk) -> None:
    name = '=HYPERLINK("http://evil.test";"Click, me")'
    olive.post(olive.path(SUPPORT), display_name=name)
    newest = rows(olive)[0]
    assert tuple(newest) == COLUMNS
    assert newest["Who"] == OWNER
    assert newest["What"] == "Mailbox renamed"
    assert newest["Mailbox"] == SUPPORT
    assert newest["From where"] == "127.0.0.1"
    assert name in newest["Detail"]
    olive.post(olive.path(SUPPORT), display_name="")
    assert rows(olive)[0]["Detail"].startswith("'=HYPERLINK"), "a spreadsheet would run it"


@given(st.text())
def test_no_cell_starts_as_a_formula(text: str) -> None:
    cell = harmless(text)
    assert cell.removeprefix("'") == text.removeprefix("'") or cell == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    assert not cell.lstrip().startswith(("=", "+", "-", "@"))


def test_every_action_has_its_words(world: World, olive: Desk, audit: Audit) -> None:
    assert {entry.action for entry in audit()} <= set(ACTIONS)
    for line in rows(olive):
        assert line["What"] in ACTIONS.values(), line["What"]


def test_owners_come_and_go_and_are_noted(olive: Desk, world: World, audit: Audit) -> None:
    form = {"email": "Otto@Acme.test", "display_name": "Otto"}
    assert olive.post("/settings/owners", **form, password="wrong").status_code == 403
    answer = olive.post("/settings/owners", **form, password=PASSWORD)
    secret = secret_on(answer)
    assert olive.post("/settings/owners", **form, password=PASSWORD).status_code == 409
    assert olive.post("/settings/owners", email="no address", password=PASSWORD).status_code == 422
    client = olive.client.application.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/console/login").text)
    assert token
    signed = client.post(
        "/console/login", data={"csrf_token": token[1], "address": "otto@acme.test", "password": secret}
    )
    assert signed.status_code == 303
    otto = Desk(world, olive.client.application, "otto@acme.test")
    number = re.search(
        r"/console/settings/owners/(\d+)/remove[^<]*<span[^>]*> otto", olive.page("/settings/owners").html
    )
    assert number
    path = f"/settings/owners/{number[1]}/remove"
    assert olive.post(path, password="wrong").status_code == 403
    assert otto.get("/mailboxes").status_code == 200
    assert olive.post(path, password=PASSWORD).status_code == 303
    assert otto.get("/mailboxes").status_code == 303
    assert [entry.action for entry in audit()] == ["owner.added", "owner.removed"]
    assert "Remove" not in olive.page("/settings/owners").text.partition("Who runs")[2].partition("Add an owner")[0]


def test_an_owner_cannot_remove_the_last_one(olive: Desk, world: World) -> None:
    with world.db.read() as session:
        number = session.scalars(select(Owner.id).where(Owner.name == OWNER)).one()
    answer = olive.post(f"/settings/owners/{number}/remove", password=PASSWORD)
    assert answer.status_code == 422
    assert "always needs an owner" in answer.text


@pytest.mark.parametrize("path", ["password", "second-factor", "sessions"])
def test_an_owners_own_security_is_where_peoples_is(olive: Desk, path: str) -> None:
    html = olive.page(f"/settings/{path}").html
    assert "app password" not in html.lower()
    assert DAN not in html


def test_changing_ones_own_password_is_noted_and_ends_other_sessions(olive: Desk, world: World, audit: Audit) -> None:
    elsewhere = Desk(world, olive.client.application)
    new = "seven quiet herons 42"
    for old, fresh in ((PASSWORD, new), (new, PASSWORD)):
        answer = olive.post("/settings/password", password=old, new_password=fresh, repeat=fresh)
        assert answer.status_code == 303
        assert olive.get("/mailboxes").status_code == 200
    assert elsewhere.get("/mailboxes").status_code == 303
    assert [entry.action for entry in audit()] == ["owner.password_changed"] * 2
