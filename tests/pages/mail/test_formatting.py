"""Writing with formatting: what the buttons say and do, and where a screenshot goes."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.cast import ANA, SUPPORT
from tests.pages.mail.browser import visit
from tests.servers.harness import World

COPY_A_PICTURE = """async () => {
  const canvas = new OffscreenCanvas(20, 20);
  canvas.getContext("2d").fillRect(0, 0, 20, 20);
  const picture = await canvas.convertToBlob({ type: "image/png" });
  await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
}"""


@pytest.fixture
def page(browser: Browser, site: str, world: World) -> Iterator[Page]:
    context, page = visit(browser, site, world.sign_in(ANA))
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/mail/{SUPPORT}/compose")
    yield page
    context.close()


def formatted(page: Page) -> Locator:
    page.get_by_role("button", name="Formatted").click()
    editor = page.frame_locator("#compose iframe").locator("body")
    expect(editor).to_be_focused()
    return editor


def test_a_link_is_added_with_the_keyboard_alone(page: Page) -> None:
    editor = formatted(page)
    page.keyboard.type("our shop")
    for _letter in "shop":
        page.keyboard.press("Shift+ArrowLeft")
    page.get_by_role("button", name="Link", exact=True).press("Enter")
    expect(page.get_by_label("Web address")).to_be_focused()
    page.keyboard.type("shop.example")
    page.keyboard.press("Enter")
    expect(editor.get_by_role("link", name="shop")).to_have_attribute("href", "https://shop.example")
    expect(page.locator("#link-menu")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    page.keyboard.type(" today")
    expect(editor).to_contain_text("our shop today")


def test_a_link_without_words_shows_its_address(page: Page) -> None:
    editor = formatted(page)
    page.get_by_role("button", name="Link", exact=True).click()
    page.keyboard.type("https://shop.example/<b>")
    page.keyboard.press("Enter")
    link = editor.get_by_role("link", name="https://shop.example/<b>")
    expect(link).to_have_attribute("href", re.compile(r"^https://shop\.example/"))


@pytest.mark.parametrize("name", ["Bold", "Italic", "List", "Quote"])
def test_a_button_says_how_the_words_at_the_cursor_look(page: Page, name: str) -> None:
    formatted(page)
    button = page.get_by_role("button", name=name, exact=True)
    page.keyboard.type("Plain ")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.keyboard.type("dressed up")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("dressed", [False, True])
def test_a_screenshot_that_is_pasted_is_attached(page: Page, dressed: bool) -> None:
    page.evaluate(COPY_A_PICTURE)
    editor = formatted(page) if dressed else page.get_by_role("textbox", name="Message")
    if not dressed:
        editor.focus()
    page.keyboard.press("Control+v")
    expect(page.locator("#attachments")).to_contain_text("image.png")
    expect(editor.locator("img")).to_have_count(0)
