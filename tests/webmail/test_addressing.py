"""ana writes an address: whom support@ writes with is offered, and nobody else."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.cast import ANA, KIM, SALES, SUPPORT
from tests.servers.harness import World
from tests.webmail.browser import visit
from tests.webmail.conftest import SignIn

KIM_IN_FULL = f"Kim Keller <{KIM}>"


@pytest.fixture
def page(browser: Browser, site: str, world: World) -> Iterator[Page]:
    context, page = visit(browser, site, world.sign_in(ANA))
    page.goto(f"/mail/{SUPPORT}/compose")
    yield page
    context.close()


def to(page: Page) -> Locator:
    return page.get_by_label("To", exact=True)


def test_ana_takes_two_people_with_the_keyboard(page: Page) -> None:
    to(page).press_sequentially("kell")
    offered = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(offered).to_have_count(1)
    expect(page.get_by_role("combobox", name="To")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Enter")
    expect(to(page)).to_have_value(f"{KIM_IN_FULL}, ")
    expect(offered).to_have_count(0)
    to(page).press_sequentially("nora")
    expect(offered).to_have_count(1)
    page.keyboard.press("Tab")
    expect(to(page)).to_have_value(f"{KIM_IN_FULL}, Nora Quinn <nora.quinn@stbrigids.example>, ")
    expect(to(page)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Cc", exact=True)).to_be_focused()


def test_nobody_is_offered_twice_and_a_click_takes_one(page: Page) -> None:
    page.get_by_label("Cc", exact=True).press_sequentially("keller")
    page.get_by_role("option", name="Kim Keller").click()
    expect(page.get_by_label("Cc", exact=True)).to_have_value(f"{KIM_IN_FULL}, ")
    page.get_by_label("Cc", exact=True).press_sequentially("keller")
    expect(page.get_by_role("listbox", name="Suggestions")).to_have_count(0)


def test_arrows_choose_and_escape_sends_the_list_away(page: Page) -> None:
    to(page).press_sequentially("e")
    options = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(options).to_have_count(6)
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    chosen = options.nth(1).get_attribute("id")
    assert chosen
    expect(to(page)).to_have_attribute("aria-activedescendant", chosen)
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(to(page)).to_have_value("e")
    expect(page.locator("#compose")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#compose")).to_have_count(0)


def test_each_mailbox_knows_its_own_people_only(sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    support, sales, own = (ana.get(f"/mail/{mailbox}/people").text for mailbox in (SUPPORT, SALES, ANA))
    assert KIM in support
    assert "nora.quinn@" in support
    assert "nora.quinn@" not in sales
    assert "nora.quinn@" not in own
    assert f'data-address="{SUPPORT}"' not in support
