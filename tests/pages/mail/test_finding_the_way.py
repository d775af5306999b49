"""In and out of messages: the list stays where ana left it, and every address leads back to what it showed."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cast import ANA, KIM, SUPPORT
from tests.pages.mail.browser import visit
from tests.pages.mail.hands import INBOX, heading, look_for_news, open_row, received, row
from tests.pages.mail.letters import arrived, copies
from tests.servers.harness import World
from tests.visitor import folder_url

SCROLLED = "document.querySelector('.list-scroll').scrollTop"


@pytest.fixture(scope="module")
def many(world: World) -> None:
    """support@ has more than one page of mail."""
    received(world, *(f"Order number {number:02}" for number in range(70)))


@pytest.fixture
def page(browser: Browser, site: str, world: World, many: None) -> Iterator[Page]:
    context, page = visit(browser, site, world.sign_in(ANA))
    yield page
    page.unroute_all(behavior="ignoreErrors")
    context.close()


@pytest.fixture
def phone(browser: Browser, site: str, world: World, many: None) -> Iterator[Page]:
    context, page = visit(browser, site, world.sign_in(ANA), width=390)
    yield page
    context.close()


def scroll(page: Page, to: int = 900) -> None:
    page.evaluate(f"{SCROLLED} = {to}")
    page.wait_for_timeout(100)


def first_in_sight(page: Page) -> str:
    """The subject of a row in the middle of the window."""
    middle = "document.elementFromPoint(innerWidth / 4, 500).closest('.row')"
    found = page.evaluate(f"{middle}.querySelector('.row-subject').textContent")
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize("way", ["browser", "link", "escape"])
def test_the_list_on_a_phone_is_where_ana_left_it(phone: Page, way: str) -> None:
    phone.goto(INBOX)
    scroll(phone)
    subject = first_in_sight(phone)
    open_row(phone, subject)
    expect(heading(phone)).to_have_text(subject)
    if way == "browser":
        phone.go_back()
    elif way == "link":
        phone.get_by_role("button", name="Back to the list").click()
    else:
        phone.keyboard.press("Escape")
    expect(phone.locator("#list")).to_be_visible()
    assert phone.evaluate(SCROLLED) == 900
    assert phone.url.endswith(INBOX)
    expect(phone).to_have_title(re.compile("Inbox"))


def test_back_beside_the_list_changes_only_the_pane(page: Page) -> None:
    page.goto(INBOX)
    scroll(page)
    subject = first_in_sight(page)
    open_row(page, subject)
    expect(heading(page)).to_have_text(subject)
    open_row(page, "Order number 20")
    expect(heading(page)).to_have_text("Order number 20")
    scroll(page)
    page.evaluate("document.querySelector('#list').dataset.same = 'yes'")
    page.go_back()
    expect(heading(page)).to_have_text(subject)
    page.go_back()
    expect(page.locator("#pane")).to_contain_text("Pick a message")
    assert page.evaluate(SCROLLED) == 900
    expect(page.locator("#list")).to_have_attribute("data-same", "yes")
    page.go_forward()
    expect(heading(page)).to_have_text(subject)


def test_reloading_keeps_the_page_and_the_place(page: Page) -> None:
    page.goto(f"{INBOX}?page=2")
    subject = first_in_sight(page)
    open_row(page, subject)
    expect(heading(page)).to_have_text(subject)
    page.reload()
    expect(heading(page)).to_have_text(subject)
    expect(page.locator(".list-range")).to_contain_text("51–")
    expect(page.locator("#list .row.open")).to_contain_text(subject)
    page.keyboard.press("Escape")
    assert page.url.endswith("?page=2")


def test_archiving_what_a_search_found_stays_in_the_search(world: World, page: Page) -> None:
    received(world, "Needle one", "Needle two", "Needle three")
    page.goto(f"{INBOX}?q=Needle")
    open_row(page, "Needle two")
    expect(heading(page)).to_have_text("Needle two")
    page.locator("#pane").get_by_role("button", name="Archive").click()
    expect(page.locator("#toasts")).to_contain_text("Archived")
    expect(page.get_by_role("searchbox")).to_have_value("Needle")
    expect(page.locator("#list .row")).to_have_count(2)
    expect(heading(page)).to_have_text("Needle one")
    assert page.url.endswith("?q=Needle")
    page.reload()
    expect(heading(page)).to_have_text("Needle one")
    expect(page.locator("#list .row")).to_have_count(2)


def test_a_phone_goes_back_to_the_list_after_archiving(world: World, phone: Page) -> None:
    received(world, "Archived on a phone")
    phone.goto(INBOX)
    open_row(phone, "Archived on a phone")
    expect(heading(phone)).to_have_text("Archived on a phone")
    phone.locator("#pane").get_by_role("button", name="Archive").click()
    expect(phone.locator("#list")).to_be_visible()
    expect(row(phone, "Archived on a phone")).not_to_be_visible()
    assert phone.url.endswith(INBOX)
    assert phone.evaluate("document.activeElement.className") == "row-link"


def test_back_closes_the_drawer(phone: Page) -> None:
    phone.goto(INBOX)
    phone.get_by_role("button", name="Mailboxes and folders").click()
    expect(phone.locator("#sidebar")).to_be_visible()
    phone.go_back()
    expect(phone.locator("#sidebar")).not_to_be_visible()
    assert phone.url.endswith(INBOX)


def test_new_mail_comes_in_above_and_the_rows_in_sight_stay(world: World, page: Page) -> None:
    page.goto(INBOX)
    scroll(page)
    subject = first_in_sight(page)
    box = row(page, subject).bounding_box()
    received(world, "Just in, above")
    look_for_news(page)
    expect(row(page, "Just in, above")).to_have_count(1)
    assert row(page, subject).bounding_box() == box
    count = page.locator('#sidebar [data-role="inbox"] ~ .count').inner_text()
    expect(page).to_have_title(re.compile(rf"^\({count}\) "))


def test_ana_closes_her_answer_and_is_at_the_message_again(world: World, page: Page) -> None:
    received(world, "Closed answer")
    page.goto(INBOX)
    open_row(page, "Closed answer")
    for close in ("button", "escape"):
        page.locator("#pane").get_by_role("button", name="Reply", exact=True).click()
        text = page.get_by_role("textbox", name="Message")
        text.fill(f"Left by {close}")
        if close == "button":
            page.get_by_role("button", name="Close").click()
        else:
            page.keyboard.press("Escape")
        expect(heading(page)).to_have_text("Closed answer")
        assert re.search(r"/INBOX/[0-9.]+$", page.url)
        arrived_draft = [raw for raw in world.folder(SUPPORT, "Drafts") if f"Left by {close}".encode() in raw]
        assert len(arrived_draft) == 1


def test_escape_leaves_a_new_message_for_the_list(page: Page) -> None:
    page.goto(INBOX)
    scroll(page)
    page.keyboard.press("c")
    expect(page.get_by_label("To", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#compose")).to_have_count(0)
    assert page.url.endswith(INBOX)
    assert page.evaluate(SCROLLED) == 900


def test_after_sending_ana_is_at_the_message_she_answered(world: World, page: Page) -> None:
    received(world, "Answered and shown")
    page.goto(INBOX)
    open_row(page, "Answered and shown")
    page.keyboard.press("r")
    page.get_by_role("textbox", name="Message").fill("Here you are.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("Message sent.")
    expect(heading(page)).to_have_text("Answered and shown")
    expect(page.locator(".message-team")).to_contain_text("Answered")
    expect(row(page, "Answered and shown").get_by_text("Answered", exact=True)).to_have_count(1)
    assert re.search(r"/INBOX/[0-9.]+$", page.url)
    assert arrived(world, KIM, "Re: Answered and shown")


def test_what_ana_throws_away_comes_back_with_undo(world: World, page: Page) -> None:
    received(world, "Thrown away")
    page.goto(INBOX)
    open_row(page, "Thrown away")
    page.keyboard.press("r")
    page.get_by_role("textbox", name="Message").fill("Too good to lose.")
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("#toasts")).to_contain_text("Draft discarded.")
    expect(heading(page)).to_have_text("Thrown away")
    assert not [raw for raw in world.folder(SUPPORT, "Drafts") if b"Too good to lose." in raw]
    assert len([raw for raw in world.folder(SUPPORT, "Trash") if b"Too good to lose." in raw]) == 1
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("textbox", name="Message")).to_have_value(re.compile("Too good to lose."))
    assert len([raw for raw in world.folder(SUPPORT, "Drafts") if b"Too good to lose." in raw]) == 1
    assert not [raw for raw in world.folder(SUPPORT, "Trash") if b"Too good to lose." in raw]


@pytest.mark.parametrize("way", ["button", "key", "back"])
def test_ana_undoes_from_another_folder(world: World, page: Page, way: str) -> None:
    subject = f"Archived before ana left, {way}"
    received(world, subject)
    page.goto(folder_url(SUPPORT, "Sent"))
    page.locator("#sidebar").get_by_role("link", name="Inbox").click()
    row(page, subject).get_by_role("checkbox").check()
    page.locator(".list-actions").get_by_role("button", name="Archive").click()
    said = page.locator("#toasts").get_by_text("Archived 1 message.")
    expect(said).to_be_visible()
    if way == "back":
        page.go_back()
    else:
        page.locator("#sidebar").get_by_role("link", name="Sent").click()
    expect(page.get_by_role("heading", name="Sent", exact=True)).to_be_visible()
    expect(said).to_be_visible()
    if way == "key":
        page.keyboard.press("z")
    else:
        page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Undone.")
    assert page.url.endswith("/f/Sent/")
    expect(page.get_by_role("heading", name="Sent", exact=True)).to_be_visible()
    assert copies(world, SUPPORT, subject) == 1


def test_the_title_counts_while_a_message_is_open_and_while_one_writes(page: Page) -> None:
    page.goto(INBOX)
    expect(page).to_have_title(re.compile(r"^\(\d+\) Inbox"))
    open_row(page, "Order number 69")
    expect(page).to_have_title(re.compile(r"^\(\d+\) Order number 69"))
    page.reload()
    expect(page).to_have_title(re.compile(r"^\(\d+\) Order number 69"))
    page.keyboard.press("r")
    expect(page).to_have_title(re.compile(r"^\(\d+\) Reply"))


def test_an_open_message_leaves_and_the_next_older_one_comes(world: World, page: Page) -> None:
    received(world, "The older one", "The one that leaves", "The newer one")
    page.goto(INBOX)
    open_row(page, "The one that leaves")
    expect(heading(page)).to_have_text("The one that leaves")
    page.locator("#pane").get_by_role("button", name="Delete").click()
    expect(heading(page)).to_have_text("The older one")
    expect(row(page, "The older one").locator(".row-link")).to_be_focused()
    page.go_back()
    assert page.url.endswith(folder_url(SUPPORT))


def test_the_list_says_which_draft_is_open_and_which_message_is_answered(world: World, page: Page) -> None:
    received(world, "Answered in the list")
    page.goto(INBOX)
    open_row(page, "Answered in the list")
    page.locator("#pane").get_by_role("button", name="Reply", exact=True).click()
    expect(page.locator("#compose")).to_be_visible()
    expect(page.locator("#list .row.open")).to_contain_text("Answered in the list")
    page.get_by_role("textbox", name="Message").press_sequentially("Begun.")
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")
    expect(page.locator("#list .row.open")).to_contain_text("Answered in the list")
    page.locator("#sidebar").get_by_role("link", name=re.compile("Drafts")).click()
    expect(page.locator("#list")).to_have_attribute("aria-label", "Drafts")
    open_row(page, "Answered in the list")
    expect(page.locator("#compose")).to_be_visible()
    expect(page.locator("#list .row.open")).to_contain_text("Answered in the list")
    page.get_by_role("textbox", name="Message").press_sequentially("Gone on. ")
    with page.expect_response(re.compile(r"/drafts$")):
        pass
    look_for_news(page)
    expect(page.locator("#list .row.open .row-preview")).to_contain_text("Gone on.")


def test_a_letter_stays_open_when_what_it_answers_is_archived(world: World, page: Page) -> None:
    received(world, "Archived while answered")
    page.goto(INBOX)
    open_row(page, "Archived while answered")
    page.locator("#pane").get_by_role("button", name="Reply", exact=True).click()
    page.get_by_role("textbox", name="Message").press_sequentially("Still here.")
    row(page, "Archived while answered").get_by_role("checkbox").check()
    page.locator(".list-actions").get_by_role("button", name="Archive").click()
    expect(page.locator("#toasts")).to_contain_text("Archived 1 message.")
    expect(page.get_by_role("textbox", name="Message")).to_have_value(re.compile("^Still here."))


def test_a_discarded_draft_is_back_in_the_list_as_soon_as_it_is_back(page: Page) -> None:
    page.goto(f"/mail/{SUPPORT}/compose")
    page.get_by_label("Subject").fill("Discarded by mistake")
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")
    page.goto(folder_url(SUPPORT, "Drafts"))
    open_row(page, "Discarded by mistake")
    page.get_by_role("button", name="Discard").click()
    expect(row(page, "Discarded by mistake")).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Subject")).to_have_value("Discarded by mistake")
    expect(row(page, "Discarded by mistake")).to_be_visible()


def test_one_step_back_from_an_answer_that_was_sent_is_the_list(world: World, page: Page) -> None:
    received(world, "Sent and left behind")
    page.goto(INBOX)
    open_row(page, "Sent and left behind")
    expect(heading(page)).to_have_text("Sent and left behind")
    page.keyboard.press("r")
    page.get_by_role("textbox", name="Message").press_sequentially("Off it goes.")
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("Message sent.")
    expect(heading(page)).to_have_text("Sent and left behind")
    expect(page).to_have_url(re.compile(r"/f/INBOX/[0-9.]+$"))
    page.go_back()
    expect(page).to_have_url(re.compile(re.escape(INBOX) + "$"))
    expect(heading(page)).to_have_count(0)
