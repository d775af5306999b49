"""Hands that are quicker than the network: what was asked for last is shown, and nothing that was done is lost."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Response, Route, expect

from tests.cast import ANA, KIM, SUPPORT
from tests.pages.mail.browser import visit
from tests.pages.mail.hands import (
    ACTING,
    INBOX,
    OPENING,
    POLLING,
    happened,
    heading,
    held,
    look_for_news,
    open_row,
    received,
    row,
    slow,
)
from tests.pages.mail.letters import arrived, messages
from tests.servers.harness import World
from tests.visitor import folder_url


@pytest.fixture
def page(browser: Browser, site: str, world: World) -> Iterator[Page]:
    context, page = visit(browser, site, world.sign_in(ANA))
    yield page
    page.unroute_all(behavior="ignoreErrors")
    context.close()


def test_ana_opens_one_and_then_another_and_reads_the_other(world: World, page: Page) -> None:
    received(world, "Opened first", "Opened second")
    page.goto(INBOX)
    slow(page, OPENING)
    open_row(page, "Opened first")
    page.wait_for_timeout(100)
    open_row(page, "Opened second")
    wanted = row(page, "Opened second").locator(".row-link").get_attribute("href")
    page.wait_for_timeout(900)
    expect(heading(page)).to_have_text("Opened second")
    assert wanted
    assert page.url.endswith(wanted)
    expect(page).to_have_title(re.compile("Opened second"))
    expect(page.locator("#list .row.open")).to_contain_text("Opened second")


def test_ana_answers_right_after_opening_the_one_she_opened(world: World, page: Page) -> None:
    received(world, "Not answered", "Answered at once")
    page.goto(INBOX)
    open_row(page, "Not answered")
    expect(heading(page)).to_have_text("Not answered")
    slow(page, OPENING)
    open_row(page, "Answered at once")
    page.keyboard.press("r")
    expect(page.get_by_label("Subject")).to_have_value("Re: Answered at once")


def test_ana_archives_while_the_list_asks_for_news(world: World, page: Page) -> None:
    received(world, "Archived during a poll")
    page.goto(INBOX)
    slow(page, POLLING, 1)
    slow(page, re.compile(r"/f/INBOX/$"), 1)
    look_for_news(page)
    row(page, "Archived during a poll").get_by_role("checkbox").check()
    page.locator(".list-actions").get_by_role("button", name="Archive").click()
    expect(page.locator("#toasts")).to_contain_text("Archived 1 message.")
    page.wait_for_timeout(1500)
    expect(row(page, "Archived during a poll")).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").last.click()
    expect(row(page, "Archived during a poll")).to_have_count(1)


def test_what_ana_ticks_and_types_while_the_list_asks_for_news_stays(world: World, page: Page) -> None:
    received(world, "Ticked during a poll")
    page.goto(INBOX)
    slow(page, POLLING, 0.6)
    slow(page, re.compile(r"/f/INBOX/$"), 0.6)
    tick = row(page, "Ticked during a poll").get_by_role("checkbox")
    look_for_news(page)
    tick.check()
    page.wait_for_timeout(1000)
    expect(tick).to_be_checked()
    tick.uncheck()
    look_for_news(page)
    page.get_by_role("searchbox").press_sequentially("parcel")
    page.wait_for_timeout(1000)
    expect(page.get_by_role("searchbox")).to_have_value("parcel")


def test_news_that_ana_waits_for_are_not_lost_to_news_on_their_way(world: World, page: Page) -> None:
    received(world, "Opened before the news")
    page.goto(INBOX)
    slow(page, POLLING, 1)
    with page.expect_request(POLLING):  # reading it changes the counts
        open_row(page, "Opened before the news")
    received(world, "Came during a poll")
    look_for_news(page)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('counts-changed'))")
    expect(row(page, "Came during a poll")).to_have_count(1)


def test_what_went_wrong_stays_said_while_the_tab_asks_for_news(world: World, page: Page) -> None:
    received(world, "Out of reach")
    page.goto(INBOX)
    page.route(OPENING, lambda route: route.abort())
    open_row(page, "Out of reach")
    expect(page.locator("#notice")).to_contain_text("Postroom can't be reached.")
    with page.expect_response(POLLING):
        look_for_news(page)
    page.wait_for_timeout(300)
    expect(page.locator("#notice")).to_contain_text("Postroom can't be reached.")


def test_ana_stars_two_in_a_row(world: World, page: Page) -> None:
    received(world, "Star one", "Star two")
    page.goto(INBOX)
    starred: list[Response] = []
    page.on("response", lambda answer: starred.append(answer) if ACTING.search(answer.url) else None)
    with held(page, ACTING):
        for subject in ("Star one", "Star two"):
            row(page, subject).get_by_role("switch", name=f"Star: {subject}").click()
            expect(row(page, subject).get_by_role("switch")).to_be_checked()
    happened(page, lambda: len(starred) == 2)
    page.reload()
    for subject in ("Star one", "Star two"):
        expect(row(page, subject).get_by_role("switch")).to_be_checked()


def test_ana_sends_while_her_draft_is_being_saved(world: World, page: Page) -> None:
    page.goto(f"/mail/{SUPPORT}/compose")
    slow(page, re.compile(r"/drafts$"), 0.8)
    page.get_by_label("To", exact=True).fill(KIM)
    page.get_by_label("Subject").fill("Sent during a save")
    with page.expect_request(re.compile(r"/drafts$")):
        page.get_by_role("textbox", name="Message").fill("Once.")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("Message sent.")
    arrived(world, KIM, "Sent during a save")
    subjects = [raw for raw in world.folder(KIM) if b"Subject: Sent during a save" in raw]
    assert len(subjects) == 1
    assert not [raw for raw in world.folder(SUPPORT, "Drafts") if b"Sent during a save" in raw]


def test_ana_sends_and_reads_on_meanwhile(world: World, page: Page) -> None:
    received(world, "Read meanwhile", "Answered slowly")
    page.goto(INBOX)
    open_row(page, "Answered slowly")
    page.keyboard.press("r")
    page.get_by_role("textbox", name="Message").fill("Slowly but surely.")
    slow(page, re.compile(r"/send$"), 0.8)
    page.keyboard.press("Control+Enter")
    open_row(page, "Read meanwhile")
    expect(heading(page)).to_have_text("Read meanwhile")
    expect(page.locator("#toasts")).to_contain_text("Message sent.")
    expect(row(page, "Answered slowly").get_by_text("Answered", exact=True)).to_have_count(1)
    expect(heading(page)).to_have_text("Read meanwhile")
    expect(page).to_have_title(re.compile("Read meanwhile"))
    page.keyboard.press("Escape")
    assert page.url.endswith(INBOX)


def test_ana_archives_three_with_three_keys(world: World, page: Page) -> None:
    received(world, "Fourth of four", "Third of four", "Second of four", "First of four")
    page.goto(INBOX)
    slow(page, ACTING)
    open_row(page, "First of four")
    expect(heading(page)).to_have_text("First of four")
    slow(page, OPENING)
    for _ in range(3):
        page.keyboard.press("e")
    expect(heading(page)).to_have_text("Fourth of four")
    acted_on = ("First of four", "Second of four", "Third of four")
    happened(page, lambda: all(messages(world, SUPPORT, subject, "Archive") for subject in acted_on))
    assert not messages(world, SUPPORT, "Fourth of four", "Archive")


def test_counts_and_titles_follow_every_click(world: World, page: Page) -> None:
    received(world, "Counted one", "Counted two")
    page.goto(INBOX)
    before = unread(page)
    open_row(page, "Counted two")
    expect(heading(page)).to_have_text("Counted two")
    expect_unread(page, before - 1)
    page.locator("#pane").get_by_role("button", name="Mark as unread").click()
    expect_unread(page, before)
    row(page, "Counted one").get_by_role("checkbox").check()
    page.locator(".list-actions").get_by_role("button", name="Mark as read").click()
    expect_unread(page, before - 1)


def test_what_ana_marks_as_unread_stays_in_the_list(world: World, page: Page) -> None:
    received(world, "Unread beside", "Unread and open", "Open and left alone")
    page.goto(INBOX)
    for subject in ("Unread beside", "Unread and open", "Open and left alone"):
        open_row(page, subject)
        expect(heading(page)).to_have_text(subject)
    with page.expect_response(ACTING), held(page, ACTING):
        mark_as_unread(page, "Unread beside")
        expect(row(page, "Unread beside")).to_have_class(re.compile(r"\bunread\b"))
        expect(row(page, "Unread beside")).to_be_visible()
        expect(heading(page)).to_have_text("Open and left alone")
    open_row(page, "Unread and open")
    expect(heading(page)).to_have_text("Unread and open")
    with held(page, ACTING):
        mark_as_unread(page, "Unread and open")
        expect(row(page, "Unread and open")).to_have_class(re.compile(r"\bunread\b"))
        expect(heading(page)).to_have_count(0)


def mark_as_unread(page: Page, subject: str) -> None:
    row(page, subject).get_by_role("checkbox").check()
    page.locator(".list-actions").get_by_role("button", name="Mark as unread").click()


def unread(page: Page) -> int:
    return int(page.locator('#sidebar [data-role="inbox"] ~ .count').inner_text())


def expect_unread(page: Page, count: int) -> None:
    expect(page.locator('#sidebar [data-role="inbox"] ~ .count')).to_have_text(str(count))
    expect(page).to_have_title(re.compile(rf"^\({count}\) "))


def test_a_failed_action_puts_everything_back(world: World, page: Page) -> None:
    received(world, "Comes back")
    page.goto(INBOX)
    page.route(ACTING, lambda route: route.abort())
    row(page, "Comes back").get_by_role("checkbox").check()
    page.locator(".list-actions").get_by_role("button", name="Archive").click()
    expect(page.locator("#notice")).to_contain_text("Postroom can't be reached.")
    expect(row(page, "Comes back")).to_be_visible()


@pytest.mark.parametrize("comes", [True, False])
def test_what_ana_asked_for_is_seen_to_be_on_its_way(page: Page, comes: bool) -> None:
    page.goto(INBOX)
    waiting: list[Route] = []
    page.route(re.compile(r"/f/(Sent/|INBOX/\?q=refund.*)$"), lambda route: waiting.append(route))
    box, shown = page.get_by_role("searchbox"), page.locator("#list")
    here, there = (page.locator("#sidebar .folders").get_by_role("link", name=name) for name in ("Inbox", "Sent"))

    def answer() -> None:
        happened(page, lambda: waiting)  # the page shows it before the network has it
        if comes:
            waiting.pop().continue_()
        else:
            waiting.pop().abort()
        expect(shown).not_to_have_attribute("aria-busy", "true")

    box.fill("refund")
    box.press("Enter")
    expect(shown).to_have_attribute("aria-busy", "true")
    expect(page.locator("#list-form")).to_have_css("opacity", "0.5")
    answer()
    there.click()
    expect(there).to_have_attribute("aria-current", "page")
    expect(here).not_to_have_attribute("aria-current", "page")
    expect(shown).to_have_attribute("aria-busy", "true")
    answer()
    arrived_at, left = (there, here) if comes else (here, there)
    expect(arrived_at).to_have_attribute("aria-current", "page")
    expect(left).not_to_have_attribute("aria-current", "page")


def test_an_answer_that_comes_after_ana_left_does_not_bring_the_old_list_back(world: World, page: Page) -> None:
    received(world, "Archived in passing")
    page.goto(INBOX)
    row(page, "Archived in passing").get_by_role("checkbox").check()
    with held(page, ACTING):
        page.locator(".list-actions").get_by_role("button", name="Archive").click()
        page.locator("#sidebar").get_by_role("link", name="Sent", exact=True).click()
        expect(page.locator("#list")).to_have_attribute("aria-label", "Sent")
    expect(page.locator("#toasts")).to_contain_text("Archived 1 message.")
    expect(page.locator("#list")).to_have_attribute("aria-label", "Sent")
    assert page.url.endswith(folder_url(SUPPORT, "Sent"))
