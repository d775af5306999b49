"""What only a browser shows: keys, the address bar, what moves and what fits."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from mailboxes.models import Mailbox
from tests.cast import ANA, BEN, CLEO, DAN, SUPPORT
from tests.pages.console.console import Desk
from tests.pages.console.test_pages import page
from tests.servers.harness import World

__all__ = ["page"]


def test_space_presses_what_is_called_a_button(page: Page) -> None:
    page.goto("/console/mailboxes")
    page.get_by_role("button", name="Add mailbox").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="Add mailbox")).to_be_visible()
    page.goto(f"/console/mailboxes?q={ANA}")
    page.get_by_role("button", name=f"Manage {ANA}").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name=ANA)).to_be_visible()


def test_and_in_webmail(page: Page) -> None:
    page.goto(f"/mail/{ANA}/f/INBOX/")
    page.get_by_role("button", name="Compose").first.focus()
    page.keyboard.press("Space")
    expect(page.get_by_label("Subject")).to_be_visible()
    page.get_by_role("button", name="Close").focus()
    page.keyboard.press("Space")
    expect(page.get_by_label("Subject")).to_be_hidden()


def test_typing_in_the_search_leaves_one_step_back(page: Page) -> None:
    page.goto("/console/plan")
    page.goto("/console/mailboxes")
    search = page.get_by_role("searchbox", name="Search mailboxes")
    for text in ("sa", "les"):
        search.press_sequentially(text)
        expect(page).to_have_url(re.compile("q=sa"))
        page.wait_for_timeout(400)  # a pause, as people make one
    expect(page).to_have_url(re.compile("q=sales"))
    page.go_back()
    expect(page).to_have_url(re.compile("/console/plan"))


def test_adding_people_is_at_hand_however_many_have_access(
    page: Page, olive: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.console.access.MANY_MEMBERS", 1)
    shared = olive.make_shared("many", ANA, BEN)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"/console{olive.path(shared)}/access")
    inside = page.get_by_role("heading", name="People with access").bounding_box()
    adding = page.get_by_role("heading", name="Add people").bounding_box()
    assert inside is not None
    assert adding is not None
    assert abs(inside["y"] - adding["y"]) < inside["height"]
    page.get_by_role("searchbox", name="Search members").fill("brandt")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove Ana")).to_be_hidden()
    expect(page.get_by_role("button", name="Remove Ben")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    page.get_by_role("link", name="Add people").click()
    expect(page.get_by_role("searchbox", name="Search people")).to_be_in_viewport()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_long_name_leaves_the_list_where_it_is(page: Page, olive: Desk, width: int) -> None:
    address = olive.make(f"long{width}", name="Ben" + "jamin" * 19)
    shared = olive.make_shared(f"longest{width}", ANA, address)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/console{olive.path(shared)}/access")
    inside = page.get_by_role("listitem").filter(has_text=address).first.bounding_box()
    adding = page.get_by_role("heading", name="Add people").bounding_box()
    assert inside is not None
    assert adding is not None
    assert inside["x"] + inside["width"] <= width
    assert inside["x"] + inside["width"] <= adding["x"] or inside["y"] + inside["height"] <= adding["y"]


def test_that_nobody_is_ticked_is_said_where_people_are_ticked(page: Page, olive: Desk) -> None:
    shared = olive.make_shared("unticked", ANA)
    page.goto(f"/console{olive.path(shared)}/access")
    page.get_by_role("button", name="Add selected").click()
    search = page.get_by_role("searchbox", name="Search people")
    expect(search).to_be_focused()
    expect(search).to_have_accessible_description("Nobody is ticked. Choose who to add.")
    page.get_by_role("checkbox", name=re.compile("Dan")).check()
    expect(page.get_by_text("Nobody is ticked")).to_have_count(0)
    page.get_by_role("button", name="Add selected").click()
    expect(page.get_by_role("button", name="Remove Dan")).to_be_visible()


def test_who_is_ticked_stays_ticked_while_a_member_is_changed(page: Page, olive: Desk) -> None:
    shared = olive.make_shared("ticks", ANA, BEN)
    page.goto(f"/console{olive.path(shared)}/access")
    page.get_by_role("checkbox", name=re.compile("Dan")).check()
    page.get_by_role("group", name=re.compile("Ana")).get_by_role("button", name="Read-only").click()
    expect(page.get_by_text("Ana Almeida can only read now.")).to_be_visible()
    page.get_by_role("button", name="Remove Ben").click()
    expect(page.get_by_text("has no access any more")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 person has access now.")).to_be_visible()
    expect(page.get_by_role("checkbox", name=re.compile("Dan"))).to_be_checked()
    page.get_by_role("button", name="Add selected").click()
    expect(page.get_by_role("button", name="Remove Dan")).to_be_visible()
    assert set(olive.members(shared)) == {ANA, BEN, DAN}


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_moves_when_a_member_is_changed(page: Page, olive: Desk, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/console{olive.path(olive.make_shared(f'still{width}', ANA, BEN, CLEO))}/access")

    def places() -> list[float]:
        boxes = [one.bounding_box() for one in page.locator(".members li, #add-people").all()]
        return [box["y"] for box in boxes if box]

    before = places()
    page.get_by_role("group", name=re.compile("Cleo")).get_by_role("button", name="Read-only").click()
    expect(page.get_by_text("Cleo Castellanos can only read now.")).to_be_visible()
    assert places() == before


@pytest.mark.parametrize("path", ["/console/settings/owners", "/console/plan", "/settings/shared-mailboxes/"])
def test_on_a_phone_the_navigation_shows_where_one_is(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(path)
    for place in page.locator(".settings-nav a[aria-current]").all():
        box = place.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    assert page.locator(".settings-nav ul").evaluate("list => list.scrollWidth <= list.clientWidth")


@pytest.mark.parametrize("width", [700, 850, 900, 1050, 1440])
def test_the_table_has_room_for_names(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/console/mailboxes?q={ANA}")
    cell = page.locator("td.col-name").bounding_box()
    assert cell
    assert cell["width"] >= 80
    assert page.evaluate("document.querySelector('td.col-address bdi').clientWidth") > 100


def test_on_a_phone_rows_are_equally_high_and_can_be_sorted(page: Page, olive: Desk, world: World) -> None:
    lone = olive.make("lone")
    olive.make_shared("alone", lone)
    olive.post(f"{olive.path(lone)}/delete", address=lone)
    with world.db.write() as session:
        session.execute(update(Mailbox).where(Mailbox.address == DAN).values(used_bytes=10**9))
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto("/console/mailboxes")
    heights = {box["height"] for row in page.locator("#table tbody tr").all() if (box := row.bounding_box())}
    assert len(heights) == 1
    page.get_by_role("link", name="Storage").click()
    page.get_by_role("link", name="Storage").click()
    expect(page.locator("#table tbody tr").first).to_contain_text(DAN)
    with world.db.write() as session:
        session.execute(update(Mailbox).where(Mailbox.address == DAN).values(used_bytes=0))


def test_on_a_phone_no_plan_is_broken_over_two_lines(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto("/console/plan")
    for name in ("Nano", "Starter", "Pro", "Agency"):
        lines = """label => {
          const words = document.createRange();
          words.selectNodeContents(label.lastChild);
          return words.getClientRects().length;
        }"""
        assert page.locator("label.pick", has_text=name).evaluate(lines) == 1, name


def test_what_is_shown_once_can_be_copied(page: Page, site: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site)
    page.goto("/console/mailboxes/add/personal")
    page.get_by_label("Name", exact=True).fill("copied")
    page.get_by_role("button", name="Create mailbox").click()
    secret = page.locator(".secret").inner_text()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret


def test_times_in_the_log_are_the_readers_own(page: Page) -> None:
    page.goto("/console/audit")
    time = page.locator(".entries time").first
    expect(time).not_to_contain_text("UTC")
    assert "UTC" in (time.get_attribute("title") or "")


def test_the_badge_stands_beside_the_address(page: Page, olive: Desk) -> None:
    page.goto(f"/console{olive.path(SUPPORT)}")
    heading, badge = page.locator("h1").bounding_box(), page.locator(".page-head .badge").bounding_box()
    assert heading
    assert badge
    assert 0 <= badge["x"] - (heading["x"] + heading["width"]) < 30
    page.goto("/console/mailboxes")
    page.get_by_role("button", name=f"More for {ANA}").click()
    aligned = page.locator(".menu:popover-open .menu-title").evaluate("one => getComputedStyle(one).textAlign")
    assert aligned in ("start", "left")
