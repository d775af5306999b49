"""Small things that people who live in the webmail all day would miss."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from sqlalchemy import select

from core.db import now
from mailboxes.models import Mailbox, Submission
from tests.cast import ANA, CLEO, SUPPORT
from tests.pages.mail.browser import visit
from tests.pages.mail.hands import INBOX, heading, newsletter, open_row, received, row
from tests.pages.mail.letters import copies
from tests.servers.harness import World


@pytest.fixture
def page(browser: Browser, site: str, world: World) -> Iterator[Page]:
    context, page = visit(browser, site, world.sign_in(ANA))
    yield page
    context.close()


@pytest.fixture
def phone(browser: Browser, site: str, world: World) -> Iterator[Page]:
    context, page = visit(browser, site, world.sign_in(ANA), width=390)
    yield page
    context.close()


def test_keys_work_after_a_click_into_an_html_message(world: World, page: Page) -> None:
    newsletter(world, "Clicked into")
    page.goto(INBOX)
    open_row(page, "Clicked into")
    body = page.frame_locator(".message-frame")
    body.get_by_text("Second paragraph").click()
    page.wait_for_timeout(400)
    page.keyboard.press("r")
    expect(page.get_by_label("Subject")).to_have_value("Re: Clicked into")


def test_ana_copies_from_an_html_message(world: World, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read"])
    newsletter(world, "Copied from")
    page.goto(INBOX)
    open_row(page, "Copied from")
    page.frame_locator(".message-frame").get_by_text("Second paragraph").click(click_count=3)
    page.wait_for_timeout(400)
    page.mouse.move(100, 700)
    page.keyboard.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()").strip() == "Second paragraph"


def test_somebody_with_a_keyboard_only_scrolls_in_the_frame(world: World, page: Page) -> None:
    newsletter(world, "Tabbed into")
    page.goto(INBOX)
    open_row(page, "Tabbed into")
    page.frame_locator(".message-frame").get_by_text("Second paragraph").wait_for()
    page.get_by_role("button", name="View source").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(".message-frame")).to_be_focused()


def test_a_newsletter_fits_a_phone(world: World, phone: Page) -> None:
    newsletter(world, "Made for a wide window")
    phone.goto(INBOX)
    open_row(phone, "Made for a wide window")
    body = phone.frame_locator(".message-frame").locator("body")
    body.get_by_text("autumn papers").wait_for()
    assert body.evaluate("body => document.documentElement.scrollWidth") <= 390
    pane = phone.locator("#pane")
    assert pane.evaluate("pane => pane.scrollHeight - pane.clientHeight") == 0


def test_quoting_colours_breaks_no_policy_and_keeps_them(world: World, page: Page) -> None:
    said: list[ConsoleMessage] = []
    page.on("console", lambda message: said.append(message))
    newsletter(world, "Quoted in colour")
    page.goto(INBOX)
    open_row(page, "Quoted in colour")
    page.keyboard.press("r")
    quoted = page.frame_locator('iframe[title="Message, formatted"]').locator("td").first
    expect(quoted).to_have_css("color", "rgb(176, 0, 32)")
    assert [message.text for message in said if message.type == "error"] == []


def test_an_extension_that_touches_attributes_writes_no_draft(world: World, page: Page) -> None:
    newsletter(world, "Not written in")
    page.goto(INBOX)
    open_row(page, "Not written in")
    page.keyboard.press("r")
    editor = page.frame_locator('iframe[title="Message, formatted"]').locator("body")
    expect(editor).to_have_attribute("contenteditable", "true")
    editor.evaluate("body => { body.firstElementChild.setAttribute('data-dark', '1'); }")
    page.wait_for_timeout(2500)
    expect(page.locator("#draft-status")).not_to_contain_text("saved")


def test_z_undoes_and_the_words_do_not_pile_up(world: World, page: Page) -> None:
    received(world, "Back with z one", "Back with z two")
    page.goto(INBOX)
    for subject in ("Back with z one", "Back with z two"):
        row(page, subject).locator(".row-link").focus()
        page.keyboard.press("e")
        expect(row(page, subject)).not_to_be_visible()
    for subject in ("Back with z two", "Back with z one"):
        page.keyboard.press("z")
        expect(row(page, subject)).to_be_visible()
    expect(page.locator("#toasts").get_by_text("Undone.")).to_have_count(1)


def test_arrows_walk_the_list(world: World, page: Page) -> None:
    received(world, "Walked to second", "Walked to first")
    page.goto(INBOX)
    page.keyboard.press("ArrowDown")
    expect(row(page, "Walked to first").locator(".row-link")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(row(page, "Walked to second").locator(".row-link")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(row(page, "Walked to first").locator(".row-link")).to_be_focused()


def test_a_hebrew_subject_reads_from_the_right_and_an_english_preview_from_the_left(world: World, page: Page) -> None:
    received(world, "שלום Postroom, הזמנה", text="An English preview.")
    page.goto(INBOX)
    subject = row(page, "הזמנה").locator(".row-subject")
    assert subject.evaluate("one => [one.localName, getComputedStyle(one).direction]") == ["bdi", "rtl"]
    preview = row(page, "הזמנה").locator(".row-preview bdi")
    assert preview.evaluate("one => getComputedStyle(one).direction") == "ltr"
    who = row(page, "הזמנה").locator(".row-who")
    assert who.evaluate("one => getComputedStyle(one).direction") == "ltr"


def test_an_arabic_preview_shows_how_it_begins(world: World, page: Page) -> None:
    received(
        world,
        "Preview in Arabic",
        text="مرحبا، أكتب إليكم بخصوص طلبي الأخير الذي لم يصل بعد إلى عنواني في القاهرة " * 3,
    )
    page.goto(INBOX)
    preview = row(page, "Preview in Arabic").locator(".row-preview bdi")
    first_word = """one => {
      const range = document.createRange();
      range.setStart(one.firstChild, 0);
      range.setEnd(one.firstChild, 5);
      const [word, place] = [range.getBoundingClientRect(), one.closest(".row-preview").getBoundingClientRect()];
      return word.left >= place.left && word.right <= place.right;
    }"""
    assert preview.evaluate(first_word)
    assert preview.evaluate("one => one.scrollWidth > one.clientWidth")


def test_a_folder_that_only_holds_others_stands_in_the_tree(world: World, page: Page) -> None:
    with world.imap(ANA, mailbox=SUPPORT) as imap:
        for name in ("Projects/Autumn", "Projects/Winter"):
            assert imap.create(name)[0] == "OK"
    page.goto(INBOX)
    sidebar = page.locator("#sidebar")
    expect(sidebar.get_by_text("Projects", exact=True)).to_be_visible()
    expect(sidebar.get_by_role("link", name="Projects")).to_have_count(0)
    expect(sidebar.get_by_role("link", name="Autumn", exact=True)).to_be_visible()
    sidebar.get_by_role("link", name="Winter", exact=True).click()
    expect(page.locator("#list")).to_have_attribute("aria-label", "Winter")


def test_ana_moves_a_letter_into_one_of_two_folders_of_the_same_name(world: World, page: Page) -> None:
    received(world, "Into the right one")
    with world.imap(ANA, mailbox=SUPPORT) as imap:
        for name in ("Shop/Done", "Fair/Done"):
            assert imap.create(name)[0] == "OK"
    page.goto(INBOX)
    row(page, "Into the right one").get_by_role("checkbox").check()
    page.locator(".list-actions").get_by_role("button", name="Move", exact=True).click()
    page.get_by_role("button", name="Fair/Done").click()
    expect(page.locator("#toasts")).to_contain_text("Moved 1 message to Fair/Done.")
    assert copies(world, SUPPORT, "Into the right one", "Fair/Done") == 1
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(row(page, "Into the right one")).to_have_count(1)


@pytest.mark.parametrize("width", [1440, 1024, 768, 390])
def test_the_banner_keeps_to_its_lines(browser: Browser, site: str, world: World, width: int) -> None:
    context, page = visit(browser, site, world.sign_in(ANA), width=width)
    page.goto(INBOX)
    first = page.locator("#banner p").first
    expect(first).to_have_text(f"You're in {SUPPORT}")
    box = first.bounding_box()
    assert box
    assert box["height"] < 32
    if width > 700:
        assert first.evaluate("one => one.scrollWidth <= one.clientWidth")
    else:
        back = page.get_by_role("link", name="Back to my inbox").bounding_box()
        assert back
        assert back["height"] >= 40
    context.close()


def test_cleo_sees_which_mailbox_she_only_reads(browser: Browser, site: str, world: World) -> None:
    context, page = visit(browser, site, world.sign_in(CLEO))
    page.goto(INBOX)
    expect(page.get_by_role("link", name=re.compile("Support.*read-only"))).to_be_visible()
    title, first = page.locator(".list-title h2").bounding_box(), page.locator(".row-who").first.bounding_box()
    assert title
    assert first
    assert title["x"] == first["x"]
    context.close()


def test_another_mailbox_is_one_tap_away_on_a_small_phone(phone: Page) -> None:
    phone.set_viewport_size({"width": 390, "height": 664})
    phone.goto(f"/mail/{ANA}/f/INBOX/")
    phone.get_by_role("button", name="Mailboxes and folders").click()
    support = phone.locator("#sidebar").get_by_role("link", name="Support")
    expect(support).to_be_in_viewport(ratio=1)
    phone.get_by_role("button", name="Close").focus()
    phone.keyboard.press("Tab")
    expect(phone.locator("#switch-own")).to_be_focused()
    support.click()
    expect(phone.locator("#banner")).to_contain_text(SUPPORT)


def test_nothing_scrolls_sideways_on_a_phone(world: World, phone: Page) -> None:
    newsletter(world, "Printed on a phone")
    phone.goto(INBOX)
    open_row(phone, "Printed on a phone")
    expect(heading(phone)).to_have_text("Printed on a phone")
    url = phone.url
    phone.add_init_script("window.print = () => {}")
    for address in (INBOX, url, f"{url}/print", f"{url}/source", f"/mail/{SUPPORT}/compose"):
        phone.goto(address)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390, address
    assert (phone.get_by_role("button", name="Send").bounding_box() or {"height": 0})["height"] >= 40
    phone.goto(INBOX)
    phone.get_by_role("button", name="More ways to search").click()
    sheet = phone.locator("#search-more").bounding_box()
    assert sheet
    assert (sheet["x"], sheet["width"]) == (0, 390)


def test_a_way_out_that_holds_a_long_address_fits_a_small_phone(world: World, phone: Page) -> None:
    phone.set_viewport_size({"width": 320, "height": 600})
    phone.goto(f"/mail/{SUPPORT}/f/INBOX/1.999999")
    way_out = phone.get_by_role("link", name=f"Go to the inbox of {SUPPORT}")
    box = way_out.bounding_box()
    assert box
    assert box["x"] + box["width"] <= 320 - box["x"]


def test_on_a_phone_what_was_not_sent_is_said_at_the_list_and_hides_no_form(world: World, phone: Page) -> None:
    with world.db.write() as session:
        mailbox = session.scalars(select(Mailbox).where(Mailbox.address == SUPPORT)).one()
        unsent = Submission(
            mailbox_id=mailbox.id,
            login_id=world.login_id(ANA),
            key="not-sent",
            message_id="<not-sent@brand-a.test>",
            sent_by="Ana Almeida",
            state="stopped",
            recipients='["kim@customer.test"]',
            subject="The pens",
            created_at=now(),
            updated_at=now(),
        )
        session.add(unsent)
    phone.goto(f"/mail/{SUPPORT}/f/INBOX/")
    said = phone.get_by_text("Your message was not sent:")
    expect(said).to_be_visible()
    phone.goto(f"/mail/{SUPPORT}/compose")
    expect(phone.get_by_label("To", exact=True)).to_be_visible()
    expect(said).to_be_hidden()
    phone.goto(f"/mail/{SUPPORT}/f/INBOX/")
    phone.get_by_role("button", name="I know").click()
    expect(said).to_have_count(0)
