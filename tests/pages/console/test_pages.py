"""Every page of the console in a real browser: wide and narrow, by keyboard alone, looked at by axe-core."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.cast import ANA, BEN, DAN, OWNER, SALES, SUPPORT, TESS
from tests.pages.console.console import Desk
from tests.servers.harness import World

AXE = Path(__file__).parents[3] / ".venv" / "share" / "axe.min.js"
PAGES = [
    "/mailboxes",
    "/mailboxes?show=no-members",
    "/mailboxes?q=zzz",
    "/mailboxes/add",
    "/mailboxes/add/personal",
    "/mailboxes/add/shared",
    "/mailboxes/bin",
    "{ana}",
    "{ana}/security",
    "{tess}/security/second-factor/off",
    "{ana}/convert-to-shared",
    "{ana}/delete",
    "{support}",
    "{support}/access",
    "{support}/convert-to-regular",
    "/domains",
    "/api",
    "/audit",
    "/audit?mailbox=zzz",
    "/plan",
    "/settings/owners",
    "/settings/password",
    "/settings/second-factor",
    "/settings/sessions",
]
DOORS = ["/console/login", "/console/forgot", "/console/reset/nothing"]
OWN = ["/settings/shared-mailboxes/", "/settings/shared-mailboxes/{share}/leave"]


@pytest.fixture(scope="module")
def paths(world: World, app: Flask) -> list[str]:
    """Every page with something on it: an empty team, something in the bin."""
    olive = Desk(world, app)
    for name in ("binned", "lone"):
        olive.make(name)
    olive.make_shared("empty", "lone@brand-a.test")
    for name in ("binned", "lone"):
        address = f"{name}@brand-a.test"
        olive.post(f"{olive.path(address)}/delete", address=address)
    known = {"ana": olive.path(ANA), "support": olive.path(SUPPORT), "tess": olive.path(TESS)}
    return [f"/console{path.format(**known)}" for path in PAGES]


@pytest.fixture
def page(browser: Browser, site: str, world: World) -> Iterator[Page]:
    """olive's window; a script that fails, or one that the content policy refuses, fails the test."""
    context = browser.new_context(base_url=site, viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "postroom-console", "value": world.sign_in(OWNER, "owner"), "url": site}])
    context.add_cookies([{"name": "postroom", "value": world.sign_in(ANA), "url": site}])
    page = context.new_page()
    page.set_default_timeout(20_000)
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if "Content Security Policy" in message.text else None)
    yield page
    context.close()
    assert said == []


def violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """What axe-core calls serious or worse, by all of its rules or these. It runs outside the page's own policy."""
    assert AXE.exists(), "axe-core is missing: `make test` fetches it with npm"
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    # What is still fading in has another contrast for a moment.
    page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")
    asked = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found = page.evaluate("asked => axe.run(document, asked)", asked)["violations"]
    return [
        f"{one['id']}: {node['target']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_at_both_widths(page: Page, olive: Desk, paths: list[str], width: int) -> None:
    wrong = []
    own = [path.format(share=olive.membership(ANA, SUPPORT)) for path in OWN]
    page.set_viewport_size({"width": width, "height": 900})
    for path in [*paths, *own]:
        page.goto(path)
        assert page.locator("h1").count() == 1, path
        wrong += [(path, found) for found in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append((path, "scrolls sideways"))
    assert wrong == []


def test_every_page_can_be_read_in_the_dark(page: Page, paths: list[str]) -> None:
    page.emulate_media(color_scheme="dark")
    contrast = {path: found for path in paths if page.goto(path) and (found := violations(page, ["color-contrast"]))}
    assert contrast == {}


def test_the_looking_glass_is_clear(page: Page) -> None:
    page.goto("/console/plan")
    page.evaluate("document.querySelector('h1').insertAdjacentHTML('afterend', '<button></button><img src=x>')")
    assert {found.partition(":")[0] for found in violations(page)} == {"button-name", "image-alt"}


def test_the_doors_at_both_widths(page: Page) -> None:
    page.context.clear_cookies()
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for path in DOORS:
            page.goto(path)
            assert violations(page) == [], path
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


# What Tab must reach, and what the focus is on; a search box is outlined as a whole, a date by its parts.
REACHABLE = "a[href]:not(.skip), button:not(:disabled), input:not([type=hidden], [type=radio]), select, textarea"
CONTROLS = (
    f"[...document.querySelectorAll('{REACHABLE}')].filter(one => one.checkVisibility() && !one.closest('[popover]'))"
)
FOCUSED = """() => {
  const one = document.activeElement, box = one.closest('.search');
  one.dataset.seen = '';
  const shown = box ?? one;
  return getComputedStyle(shown).outlineStyle !== 'none' || one.matches('body, [type=date]') ? '' : one.outerHTML;
}"""


def walk(page: Page) -> list[str]:
    """Once around with Tab: the controls that it didn't reach, and those that didn't show it."""
    unseen: list[str] = []
    for _ in range(page.evaluate(f"{CONTROLS}.length") + 12):
        page.keyboard.press("Tab")
        unseen += [where] if (where := page.evaluate(FOCUSED)) else []
    missed = f"{CONTROLS}.filter(one => !('seen' in one.dataset)).map(one => one.outerHTML.slice(0, 120))"
    return [*unseen, *page.evaluate(missed)]


def test_tab_reaches_every_control_and_shows_where_it_is(page: Page, paths: list[str]) -> None:
    assert {path: found for path in paths if page.goto(path) and (found := walk(page))} == {}


def press_until(page: Page, name: str, *, key: str = "Tab", most: int = 120) -> None:
    """Go on with Tab until the control of this name has the focus."""
    for _ in range(most):
        page.keyboard.press(key)
        words = page.evaluate(
            """() => {
              const one = document.activeElement;
              const words = one.getAttribute('aria-label') ?? (one.labels?.[0] ?? one).innerText ?? '';
              return words.replace(/\\s+/g, ' ').trim();
            }"""
        )
        if words and re.search(name, words):
            return
    raise AssertionError(f"{name} was not reached")


def test_a_team_is_changed_by_keyboard_alone(page: Page, olive: Desk) -> None:
    shared = olive.make_shared("keys", ANA, BEN)
    page.goto("/console/mailboxes?q=keys")
    press_until(page, f"Manage {shared}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="People with access")).to_be_visible()
    press_until(page, "Read-only")
    page.keyboard.press("Space")
    expect(page.get_by_text("Ana Almeida can only read now.")).to_be_visible()
    press_until(page, "Remove Ben")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ben Brandt has no access any more.")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 person has access now.")).to_be_visible()
    press_until(page, "Search people")
    page.keyboard.type("dvo")
    expect(page.locator("#people li")).to_have_count(1)
    press_until(page, "Dan Dvořák")
    page.keyboard.press("Space")
    press_until(page, "Search people", key="Shift+Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("cleo")
    expect(page.locator("#people li")).to_have_count(2)
    page.keyboard.press("Enter")
    press_until(page, "Cleo")
    page.keyboard.press("Space")
    press_until(page, "Add selected")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 people have access now.")).to_be_visible()
    assert olive.members(shared).keys() >= {ANA, BEN, DAN}


def test_a_row_menu_opens_and_closes_by_keyboard(page: Page) -> None:
    page.goto("/console/mailboxes?q=ana@")
    press_until(page, "More for ana")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Convert to shared mailbox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Convert to shared mailbox")).to_be_hidden()
    page.keyboard.press("Enter")
    press_until(page, "Delete")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Delete ana@brand-a.test")).to_be_visible()


def test_typing_searches_and_the_address_bar_follows(page: Page) -> None:
    page.goto("/console/mailboxes")
    page.get_by_role("searchbox", name="Search mailboxes").press_sequentially("sales")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("cell", name=f"{SALES} Shared")).to_be_visible()
    expect(page).to_have_url(re.compile(r"q=sales"))
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.reload()
    expect(page.get_by_role("row")).to_have_count(2)


def test_the_address_is_checked_while_one_types(page: Page) -> None:
    page.goto("/console/mailboxes/add/shared")
    page.get_by_label("Domain").select_option(label="brand-a.test")
    page.get_by_label("Name", exact=True).press_sequentially("support")
    expect(page.get_by_text("support@brand-a.test is taken already")).to_be_visible()
    page.get_by_label("Domain").select_option(label="brand-b.test")
    expect(page.get_by_text("support@brand-b.test is free.")).to_be_visible()


def test_a_password_field_is_there_when_one_is_set(page: Page) -> None:
    page.goto("/console/mailboxes/add/personal")
    expect(page.get_by_label("New password")).to_be_hidden()
    page.get_by_label("Set a password").check()
    expect(page.get_by_label("New password")).to_be_visible()


def test_removing_the_last_member_is_refused_where_one_is(page: Page, olive: Desk) -> None:
    page.goto(f"/console{olive.path(SALES)}/access")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("alert")).to_contain_text("always needs at least one member")
    expect(page.get_by_text(ANA)).to_be_visible()
