"""Every page of the webmail in a real browser: wide and narrow, light and dark, by keyboard, looked at by axe-core."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from tests.cast import ANA, BEN, CLEO, KIM, SUPPORT
from tests.pages.console.test_pages import violations
from tests.pages.mail.browser import visit
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.hands import received
from tests.pages.mail.letters import arrived, copies, deliver, find
from tests.servers.harness import World

INBOX = f"/mail/{SUPPORT}/f/INBOX/"
CONTRAST = ["color-contrast"]
PAGES = [
    f"/mail/{ANA}/f/INBOX/",
    INBOX,
    *(f"/mail/{SUPPORT}/f/{folder}/" for folder in ("Drafts", "Sent", "Archive", "Junk", "Trash")),
    f"{INBOX}?q=nothing-has-this-word",
    f"/mail/{SUPPORT}/compose",
    f"/mail/{SUPPORT}/folders",
    f"/mail/{SUPPORT}/folders/empty-trash",
    "{message}",
    "{message}/reply",
    "{message}/forward",
    "{message}/print",
    "{message}/source",
]


@pytest.fixture
def page(browser: Browser, site: str, world: World) -> Iterator[Page]:
    """ana's window; what a script or the content policy trips over fails the test."""
    context, page = visit(browser, site, world.sign_in(ANA))
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if "Content Security Policy" in message.text else None)
    yield page
    context.close()
    assert said == []


@pytest.fixture(scope="module")
def paths(world: World) -> list[str]:
    received(world, "A letter for every page", text="Hello,\n\n> quoted\n\nand https://example.test/ a link.")
    return PAGES


def message_url(sign_in: SignIn, subject: str = "A letter for every page") -> str:
    return find(sign_in(ANA), SUPPORT, subject)


def row(page: Page, subject: str) -> Locator:
    return page.locator("#list .row", has_text=subject)


def letters(world: World, page: Page, *subjects: str) -> None:
    """These letters, in front of ana; the last one is the newest."""
    received(world, *subjects)
    page.goto(INBOX)
    for subject in subjects:
        expect(row(page, subject)).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_at_both_widths(page: Page, paths: list[str], sign_in: SignIn, width: int) -> None:
    message = message_url(sign_in)
    page.set_viewport_size({"width": width, "height": 900})
    wrong: list[Any] = []
    for path in paths:
        page.goto(path.format(message=message))
        assert page.locator("h1").count() == 1, path
        wrong += [(path, found) for found in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append((path, "scrolls sideways"))
    assert wrong == []


def test_every_page_can_be_read_in_the_dark(page: Page, paths: list[str], sign_in: SignIn) -> None:
    message = message_url(sign_in)
    page.emulate_media(color_scheme="dark")
    urls = [path.format(message=message) for path in paths]
    contrast = {url: found for url in urls if page.goto(url) and (found := violations(page, CONTRAST))}
    assert contrast == {}


def test_ana_walks_opens_and_closes_by_keyboard(world: World, page: Page) -> None:
    letters(world, page, "Second on the walk", "First on the walk")
    page.keyboard.press("j")
    expect(page.locator(":focus")).to_contain_text("First on the walk")
    page.keyboard.press("j")
    expect(page.locator(":focus")).to_contain_text("Second on the walk")
    page.keyboard.press("k")
    page.keyboard.press("o")
    expect(page.locator("#pane .message-subject")).to_have_text("First on the walk")
    page.keyboard.press("Escape")
    expect(page.locator("#pane .message-subject")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    page.keyboard.press("c")
    expect(page.locator("#compose")).to_be_visible()


def test_ana_answers_archives_and_deletes_by_keyboard(world: World, page: Page) -> None:
    letters(world, page, "Key hash", "Key e", "Key r")
    row(page, "Key r").click()
    expect(page.locator("#pane .message-subject")).to_have_text("Key r")
    page.keyboard.press("r")
    expect(page.get_by_label("Subject")).to_have_value("Re: Key r")
    page.goto(INBOX)
    for key, subject, folder in (("e", "Key e", "Archive"), ("#", "Key hash", "Trash")):
        row(page, subject).click()
        expect(page.locator("#pane .message-subject")).to_have_text(subject)
        page.keyboard.press(key)
        expect(row(page, subject)).to_have_count(0)
        assert copies(world, SUPPORT, subject, folder) == 1


def test_the_u_key_leaves_a_message_unread(world: World, page: Page) -> None:
    letters(world, page, "Key u")
    row(page, "Key u").click()
    expect(row(page, "Key u")).not_to_have_class(re.compile(r"\bunread\b"))
    page.keyboard.press("u")
    expect(row(page, "Key u")).to_have_class(re.compile(r"\bunread\b"))
    expect(page.locator("#pane .message-subject")).to_have_count(0)


def test_undo_brings_a_deleted_message_back(world: World, page: Page) -> None:
    letters(world, page, "Deleted by mistake")
    row(page, "Deleted by mistake").click()
    page.locator("#pane").get_by_role("button", name="Delete").click()
    expect(row(page, "Deleted by mistake")).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(row(page, "Deleted by mistake")).to_be_visible()
    assert copies(world, SUPPORT, "Deleted by mistake") == 1
    assert copies(world, SUPPORT, "Deleted by mistake", "Trash") == 0


def test_move_and_report_spam_put_messages_where_they_belong(world: World, page: Page) -> None:
    letters(world, page, "To be moved", "Buy now")
    row(page, "To be moved").click()
    page.locator("#pane").get_by_role("button", name="Move").click()
    page.locator("#message-move").get_by_role("button", name="Archive").click()
    expect(row(page, "To be moved")).to_have_count(0)
    assert copies(world, SUPPORT, "To be moved", "Archive") == 1
    row(page, "Buy now").click()
    page.locator("#pane").get_by_role("button", name="Report spam").click()
    expect(row(page, "Buy now")).to_have_count(0)
    assert copies(world, SUPPORT, "Buy now", "Junk") == 1


def test_search_by_sender_and_by_subject(world: World, page: Page) -> None:
    letters(world, page, "Zeppelin timetable")
    page.get_by_role("searchbox").fill("Zeppelin")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("#list .row")).to_have_count(1)
    for label, text, count in (("About", "timetable", 1), ("Sender", "nobody-of-this-name", 0)):
        page.goto(INBOX)
        page.get_by_role("button", name="More ways to search").click()
        page.get_by_label(label, exact=True).fill(text)
        page.get_by_label(label, exact=True).press("Enter")
        expect(page.locator("#list .row")).to_have_count(count)
    page.goto(INBOX)
    page.get_by_role("button", name="More ways to search").click()
    page.get_by_label("Sender", exact=True).fill(KIM)
    page.get_by_label("Sender", exact=True).press("Enter")
    expect(row(page, "Zeppelin timetable")).to_be_visible()


def test_what_ana_writes_is_kept_by_itself_and_sent_with_its_file(world: World, page: Page) -> None:
    page.goto(f"/mail/{SUPPORT}/compose")
    page.get_by_label("To", exact=True).fill(KIM)
    page.get_by_label("Subject").fill("With a plan in it")
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")
    page.evaluate(
        """() => new MutationObserver(() => { if (!upload.hidden) window.sawProgress = true; })
          .observe(upload, { attributes: true })"""
    )
    plan: FilePayload = {"name": "plan.bin", "mimeType": "application/octet-stream", "buffer": b"x" * 3_000_000}
    page.locator("#compose-files").set_input_files(plan)
    expect(page.locator("#attachments")).to_contain_text("plan.bin")
    assert page.evaluate("window.sawProgress")
    expect(page.locator("#upload")).to_be_hidden()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#toasts")).to_contain_text("Message sent")
    names = [part.get_filename() for part in arrived(world, KIM, "With a plan in it").iter_attachments()]
    assert names == ["plan.bin"]


def test_the_switcher_counts_what_is_unread(world: World, page: Page) -> None:
    page.goto(f"/mail/{ANA}/f/INBOX/")
    entry = page.locator(".switcher li", has_text=SUPPORT)

    def count() -> int:
        said = entry.locator(".count")
        return int(re.sub(r"\D", "", said.inner_text())) if said.count() else 0

    before = count()
    deliver(world, "One more to count")
    page.reload()
    assert count() == before + 1
    page.goto(INBOX)
    row(page, "One more to count").click()
    expect(page.locator("#pane .message-subject")).to_have_text("One more to count")
    page.goto(f"/mail/{ANA}/f/INBOX/")
    assert count() == before


@pytest.mark.parametrize(("who", "read_only"), [(BEN, False), (CLEO, True)])
def test_the_banner_says_whose_mailbox_it_is(
    browser: Browser, site: str, world: World, who: str, read_only: bool
) -> None:
    context, page = visit(browser, site, world.sign_in(who), width=390)
    page.goto(INBOX)
    banner = page.locator("#banner")
    expect(banner).to_have_role("status")
    expect(banner).to_contain_text(f"You're in {SUPPORT}")
    expect(banner).to_contain_text("Read-only" if read_only else "Support")
    assert page.get_by_role("button", name="Compose").count() == (0 if read_only else 1)
    context.close()
