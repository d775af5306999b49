"""What somebody is writing outlives what happens around it: a sign-in that ends, a line that breaks, a reload."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.cast import ANA, BEN, KIM, SUPPORT
from tests.pages.mail.conftest import Window
from tests.pages.mail.hands import held
from tests.pages.mail.letters import arrived, copies, letter
from tests.servers.harness import World

SECONDS = 1000
SENDING = re.compile(r"/send$")


def begin(page: Page, subject: str, text: str = "The first words.", mailbox: str = SUPPORT) -> None:
    page.goto(f"/mail/{mailbox}/compose")
    page.get_by_label("To", exact=True).fill(KIM)
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Message", exact=True).fill(text)


def sign_in_in_another_tab(page: Page, world: World, address: str = ANA) -> None:
    """Through the sign-in page, as a person does it: what the browser held before is over."""
    tab = page.context.new_page()
    tab.goto("/login")
    tab.get_by_label("Email address").fill(address)
    tab.get_by_label("Password").fill("postroom-demo-1")
    tab.get_by_role("button", name="Sign in").click()
    tab.wait_for_url("**/mail/**")
    tab.close()


def test_ana_signs_in_again_in_another_tab_and_her_letter_goes_out_once(window: Window, world: World) -> None:
    page = window()
    begin(page, "Written across two sign-ins")
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")
    world.sign_out(ANA)
    page.get_by_label("Message", exact=True).fill("And some more.")
    expect(page.locator("#notice")).to_contain_text("Sign in again in another tab")
    sign_in_in_another_tab(page, world)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#toasts")).to_contain_text("Message sent")
    assert "And some more." in arrived(world, KIM, "Written across two sign-ins").get_content()
    assert copies(world, KIM, "Written across two sign-ins") == 1
    assert copies(world, SUPPORT, "Written across two sign-ins", "Drafts") == 0


def test_what_is_kept_while_writing_goes_on_after_signing_in_again(window: Window, world: World) -> None:
    page = window()
    begin(page, "Kept across two sign-ins")
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")
    world.sign_out(ANA)
    sign_in_in_another_tab(page, world)
    with page.expect_response(lambda answer: answer.url.endswith("/drafts") and answer.ok):
        page.get_by_label("Message", exact=True).fill("Kept all the same.")
    assert any(b"Kept all the same." in raw for raw in world.folder(SUPPORT, "Drafts"))


def test_a_letter_never_goes_out_as_somebody_else_who_signed_in_meanwhile(window: Window, world: World) -> None:
    page = window()
    begin(page, "Not from ben", text="From ana alone.")
    world.sign_out(ANA)
    sign_in_in_another_tab(page, world, BEN)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#notice")).to_contain_text(f"Sign in again as {ANA}")
    expect(page.get_by_label("Message", exact=True)).to_have_value("From ana alone.")
    assert copies(world, KIM, "Not from ben") == 0
    world.sign_out(BEN)
    sign_in_in_another_tab(page, world, ANA)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#toasts")).to_contain_text("Message sent")
    arrived(world, KIM, "Not from ben")


def test_a_reload_finds_the_draft_and_so_do_back_and_forward(window: Window) -> None:
    page = window()
    page.goto(f"/mail/{SUPPORT}/f/INBOX/")
    page.locator("#compose-link").click()
    page.get_by_label("Subject").fill("Found after a reload")
    page.get_by_label("Message", exact=True).fill("Still here.")
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")
    page.reload()
    expect(page.get_by_label("Message", exact=True)).to_have_value(re.compile(r"^Still here\.\s*$"))
    first = page.url
    page.get_by_label("Message", exact=True).fill("Changed since.")
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")
    page.go_back()
    expect(page.locator("#compose")).to_have_count(0)
    page.go_forward()
    expect(page.get_by_label("Message", exact=True)).to_have_value(re.compile(r"^Changed since\.\s*$"))
    page.goto(first)  # a version that is gone by now
    expect(page.get_by_label("Message", exact=True)).to_have_value(re.compile(r"^Changed since\.\s*$"))


def test_nothing_can_be_written_any_more_while_it_is_sent(window: Window, world: World) -> None:
    page = window()
    begin(page, "Sent as it was", text="All of it.")
    with held(page, SENDING):
        page.keyboard.press("Control+Enter")
        page.keyboard.type(" And more.")
        expect(page.locator("#draft-status")).to_have_text("Sending…")
        expect(page.get_by_label("Message", exact=True)).to_have_value("All of it.")
    expect(page.locator("#toasts")).to_contain_text("Message sent")
    assert arrived(world, KIM, "Sent as it was").get_content().strip() == "All of it."


def test_nor_with_formatting(window: Window, world: World) -> None:
    page = window()
    begin(page, "Sent formatted as it was", text="")
    page.get_by_role("button", name="Formatted").click()
    editor = page.frame_locator("#compose iframe").locator("body")
    expect(editor).to_be_focused()
    page.keyboard.type("All of it.")
    with held(page, SENDING):
        page.keyboard.press("Control+Enter")
        page.keyboard.type(" And more.")
        expect(editor).to_have_text("All of it.")
    expect(page.locator("#toasts")).to_contain_text("Message sent")


def test_what_could_not_be_sent_is_written_on_where_the_cursor_was(window: Window) -> None:
    page = window()
    begin(page, "Not sent over a broken line", text="So far.")
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")  # by now the scripts are there
    page.route(SENDING, lambda route: route.abort())
    page.keyboard.press("Control+Enter")
    expect(page.locator("#notice")).to_contain_text("Postroom can't be reached.")
    expect(page.locator("#draft-status")).to_contain_text("Perhaps not sent. Press Send to find out")
    page.keyboard.type(" And on.")
    expect(page.get_by_label("Message", exact=True)).to_have_value("So far. And on.")


@pytest.mark.parametrize("edited", [False, True])
def test_after_an_answer_that_was_lost_send_tells_what_became_of_it(window: Window, world: World, edited: bool) -> None:
    page, about = window(), f"Its answer was lost, edited: {edited}"
    begin(page, about, text="So far.")
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")

    def lose(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort()

    page.route(SENDING, lose, times=1)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#draft-status")).to_contain_text("Perhaps not sent. Press Send to find out")
    arrived(world, KIM, about)
    if edited:
        page.keyboard.type(" And on.")
    page.get_by_role("button", name="Send").click()
    if edited:
        expect(page.get_by_text("Not sent: this message went out already, with other words.")).to_be_visible()
        expect(page.get_by_label("Message", exact=True)).to_have_value(re.compile("So far. And on."))
    else:
        expect(page.locator("#toasts")).to_contain_text("Message sent")
    assert copies(world, KIM, about) == 1


def test_a_save_that_failed_is_made_good_by_itself(window: Window, world: World) -> None:
    page = window()
    begin(page, "Saved by itself in the end")
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")
    page.context.set_offline(True)
    page.get_by_label("Message", exact=True).fill("Written without a line.")
    expect(page.locator("#draft-status")).to_contain_text("Not saved")
    expect(page.locator("#draft-status")).to_contain_text("again")
    page.context.set_offline(False)
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")
    assert any(b"Written without a line." in raw for raw in world.folder(SUPPORT, "Drafts"))


def test_a_save_the_server_failed_is_tried_again(window: Window, world: World) -> None:
    page = window()
    begin(page, "Saved at the second try", text="")
    page.route("**/drafts", lambda route: route.fulfill(status=503, body=""), times=1)
    page.get_by_label("Message", exact=True).fill("Twice tried.")
    expect(page.locator("#draft-status")).to_contain_text("Not saved")
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")
    assert any(b"Twice tried." in raw for raw in world.folder(SUPPORT, "Drafts"))


def test_plain_text_keeps_the_marks_of_what_is_quoted(window: Window, world: World) -> None:
    newsletter = letter("A letter with layout", sender=f"Kim <{KIM}>", to=ANA)
    html = "<p>Dear Ana,</p><blockquote><p>Said before</p></blockquote><p>Bye</p>"
    body = newsletter.replace(b"text/plain", b"text/html").replace(b"Hello!", html.encode())
    world.deliver(ANA, body, sender=KIM)
    page = window()
    page.goto(find_in(page, ANA, "A letter with layout") + "/reply")
    page.frame_locator("#compose iframe").locator("blockquote").first.wait_for()
    page.get_by_role("button", name="Plain text").click()
    text = page.get_by_label("Message", exact=True).input_value()
    lines = [line.rstrip() for line in text.splitlines()]
    assert "> Dear Ana," in lines
    assert "> > Said before" in lines
    assert "> Bye" in lines
    assert any(line.endswith("wrote:") and not line.startswith(">") for line in lines)


def test_what_is_quoted_looks_as_it_came_and_the_browser_refuses_nothing(window: Window, world: World) -> None:
    html = (
        '<div style="display:none">Seen by nobody</div><p style="color:#c80000">Red words</p>'
        '<p style="background-image:url(/logout)">Plain words</p>'
    )
    body = (
        letter("A letter with colours", to=ANA).replace(b"text/plain", b"text/html").replace(b"Hello!", html.encode())
    )
    world.deliver(ANA, body, sender=KIM)
    page = window()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    page.goto(find_in(page, ANA, "A letter with colours") + "/reply")
    quoted = page.frame_locator("#compose iframe")
    expect(quoted.get_by_text("Red words")).to_have_css("color", "rgb(200, 0, 0)")
    expect(quoted.get_by_text("Seen by nobody")).to_be_hidden()
    page.emulate_media(color_scheme="dark")
    expect(quoted.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    assert refused == []


def test_a_message_marked_as_unread_stays_unread(window: Window, world: World) -> None:
    world.deliver(ANA, letter("Unread once more", to=ANA), sender=KIM)
    page = window()
    page.goto(find_in(page, ANA, "Unread once more"))
    page.locator("#pane").get_by_role("button", name="Mark as unread").click()
    row = page.locator("#list .row", has_text="Unread once more")
    expect(row).to_have_class(re.compile(r"\bunread\b"))
    expect(page.locator("#pane[data-ref]")).to_have_count(0)
    page.reload()
    expect(row).to_have_class(re.compile(r"\bunread\b"))


def find_in(page: Page, mailbox: str, subject: str) -> str:
    """The URL of a message, once it has arrived."""
    for _attempt in range(30):
        page.goto(f"/mail/{mailbox}/f/INBOX/")
        row = page.locator("a.row-link", has_text=subject)
        if row.count():
            return row.first.get_attribute("href") or ""
        page.wait_for_timeout(100)
    raise AssertionError(f"no {subject!r}")
