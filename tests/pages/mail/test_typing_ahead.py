"""Answering with the keyboard: the cursor is where one writes; what is typed too early is written, never acted on."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.cast import ANA
from tests.pages.mail.browser import visit
from tests.pages.mail.hands import ACTING, INBOX, OPENING, heading, newsletter, open_row, received, row, slow
from tests.servers.harness import World

REPLYING = re.compile(r"/(reply|reply-all|forward|compose)(\?|$)")
EDITOR = re.compile(r"/editor$")


@pytest.fixture
def page(browser: Browser, site: str, world: World) -> Iterator[Page]:
    context, page = visit(browser, site, world.sign_in(ANA))
    yield page
    page.unroute_all(behavior="ignoreErrors")
    context.close()


@pytest.fixture
def acted(page: Page) -> list[str]:
    """What was done to mail, as the server was told."""
    told: list[str] = []
    page.on("request", lambda asked: told.append(asked.url) if ACTING.search(asked.url) else None)
    return told


def formatted(page: Page) -> Locator:
    return page.frame_locator('iframe[title="Message, formatted"]').locator("body")


def plain(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


def test_r_on_a_row_puts_the_cursor_before_the_quoted_newsletter(world: World, page: Page, acted: list[str]) -> None:
    newsletter(world, "Answered from its row")
    page.goto(INBOX)
    open_row(page, "Answered from its row")
    expect(heading(page)).to_have_text("Answered from its row")
    expect(row(page, "Answered from its row").locator(".row-link")).to_be_focused()
    page.keyboard.press("r")
    expect(formatted(page)).to_be_focused()
    page.keyboard.type("Here she is")
    expect(formatted(page)).to_have_text(re.compile(r"^\s*Here she is"))
    assert acted == []


def test_a_click_on_reply_puts_the_cursor_before_the_quoted_newsletter(world: World, page: Page) -> None:
    newsletter(world, "Answered by mouse")
    page.goto(INBOX)
    open_row(page, "Answered by mouse")
    page.locator("#pane").get_by_role("button", name="Reply", exact=True).click()
    expect(formatted(page)).to_be_focused()


def test_a_draft_with_formatting_opens_with_the_cursor_in_it(world: World, page: Page) -> None:
    newsletter(world, "Gone on with")
    page.goto(INBOX)
    open_row(page, "Gone on with")
    page.keyboard.press("r")
    expect(formatted(page)).to_be_focused()
    page.keyboard.type("To be gone on with")
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")
    page.locator("#sidebar").get_by_role("link", name=re.compile("Drafts")).click()
    expect(page.locator("#list")).to_have_attribute("aria-label", "Drafts")
    page.locator("#list .row-link", has_text="Gone on with").focus()
    page.keyboard.press("o")
    expect(formatted(page)).to_be_focused()


def test_hands_quicker_than_a_slow_answer_lose_no_word(world: World, page: Page, acted: list[str]) -> None:
    received(world, "Answered over a slow line")
    page.goto(INBOX)
    open_row(page, "Answered over a slow line")
    expect(heading(page)).to_have_text("Answered over a slow line")
    slow(page, REPLYING, 0.6)
    page.keyboard.press("r")
    page.keyboard.type("Hellp", delay=30)
    page.keyboard.press("Backspace")
    page.keyboard.type("o, see you", delay=30)
    expect(plain(page)).to_be_focused()
    page.keyboard.type("!")
    expect(plain(page)).to_have_value(re.compile(r"^Hello, see you!\n"))
    assert acted == []


def test_nor_does_an_editor_that_is_slow_to_load(world: World, page: Page, acted: list[str]) -> None:
    newsletter(world, "Written before the editor")
    page.goto(INBOX)
    open_row(page, "Written before the editor")
    expect(heading(page)).to_have_text("Written before the editor")
    slow(page, EDITOR, 0.6)
    page.locator("#pane").get_by_role("button", name="Reply", exact=True).click()
    page.keyboard.type("Seen, thanks", delay=30)
    expect(formatted(page)).to_have_text(re.compile(r"^\s*Seen, thanks"))
    assert acted == []


def test_what_is_typed_after_f_is_who_it_goes_to(world: World, page: Page, acted: list[str]) -> None:
    received(world, "Forwarded over a slow line")
    page.goto(INBOX)
    open_row(page, "Forwarded over a slow line")
    expect(heading(page)).to_have_text("Forwarded over a slow line")
    slow(page, REPLYING, 0.6)
    page.keyboard.press("f")
    page.keyboard.type("sue", delay=30)
    expect(page.get_by_label("To", exact=True)).to_have_value("sue")
    assert acted == []


def test_keys_act_again_when_no_answer_comes(world: World, page: Page, acted: list[str]) -> None:
    received(world, "Archived after all")
    page.route(REPLYING, lambda route: route.abort())
    page.goto(INBOX)
    open_row(page, "Archived after all")
    expect(heading(page)).to_have_text("Archived after all")
    page.keyboard.press("r")
    expect(page.locator("#notice")).to_contain_text("Postroom can't be reached.")
    page.keyboard.press("e")
    expect(page.locator("#toasts")).to_contain_text("Archived 1 message.")
    assert len(acted) == 1


def test_r_answers_the_message_under_the_cursor(world: World, page: Page) -> None:
    received(world, "Under the cursor", "Open meanwhile")
    page.goto(INBOX)
    open_row(page, "Open meanwhile")
    expect(heading(page)).to_have_text("Open meanwhile")
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page.get_by_label("Subject")).to_have_value("Re: Under the cursor")


def test_r_opens_what_it_answers_and_hands_may_go_on(world: World, page: Page, acted: list[str]) -> None:
    received(world, "Answered unopened", "Walked past")
    page.goto(INBOX)
    slow(page, OPENING, 0.3)
    slow(page, REPLYING, 0.3)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.keyboard.type("See above", delay=30)
    expect(page.get_by_label("Subject")).to_have_value("Re: Answered unopened")
    expect(plain(page)).to_have_value(re.compile(r"^See above\n"))
    assert acted == []
