"""A file on its way into a letter over a slow line: whatever is done meanwhile, it gets there."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, FilePayload, Page, Route, expect

from tests.cast import ANA, KIM, SUPPORT
from tests.pages.mail.browser import visit
from tests.pages.mail.hands import INBOX, held
from tests.pages.mail.letters import arrived
from tests.servers.harness import World
from tests.visitor import folder_url

UPLOADING = re.compile(r"/drafts/attach$")


@pytest.fixture
def page(browser: Browser, site: str, world: World) -> Iterator[Page]:
    context, page = visit(browser, site, world.sign_in(ANA))
    yield page
    page.unroute_all(behavior="ignoreErrors")
    context.close()


def begin(page: Page, subject: str) -> None:
    page.locator("#compose-link").click()
    page.get_by_label("To", exact=True).fill(KIM)
    page.get_by_label("Subject").fill(subject)
    expect(page.locator("#draft-status")).to_contain_text("Draft saved")


def choose(page: Page, name: str) -> None:
    chosen: FilePayload = {"name": name, "mimeType": "application/octet-stream", "buffer": b"x" * 1000}
    page.locator("#compose-files").set_input_files(chosen)


def files(world: World, address: str, subject: str, folder: str = "INBOX") -> list[str | None]:
    return [part.get_filename() for part in arrived(world, address, subject, folder).iter_attachments()]


def test_ana_goes_to_her_own_mailbox_once_the_file_is_there(world: World, page: Page) -> None:
    page.goto(INBOX)
    begin(page, "Left during an upload")
    with held(page, UPLOADING):
        choose(page, "plan.bin")
        page.get_by_role("textbox", name="Message").press_sequentially("Written meanwhile.")
        page.locator("#banner").get_by_role("link", name="Back to my inbox").click()
        expect(page.locator("#draft-status")).to_contain_text("Still uploading")
    expect(page.locator("#compose")).to_have_count(0)
    expect(page).to_have_url(re.compile(re.escape(folder_url(ANA)) + "$"))
    assert files(world, SUPPORT, "Left during an upload", "Drafts") == ["plan.bin"]
    assert "Written meanwhile." in arrived(world, SUPPORT, "Left during an upload", "Drafts").as_string()


def test_a_reload_during_an_upload_is_asked_about(page: Page) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(INBOX)
    begin(page, "Reloaded during an upload")
    with held(page, UPLOADING):
        choose(page, "plan.bin")
        page.evaluate("location.reload()")
        assert asked == ["beforeunload"]
    expect(page.locator("#attachments")).to_contain_text("plan.bin")


def test_a_letter_goes_out_with_both_files_that_were_on_their_way(world: World, page: Page) -> None:
    page.goto(INBOX)
    begin(page, "Sent during an upload")
    with held(page, UPLOADING):
        choose(page, "one.bin")
        page.wait_for_timeout(200)
        choose(page, "two.bin")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#draft-status")).to_contain_text("Still uploading")
    expect(page.locator("#toasts")).to_contain_text("Message sent.")
    assert files(world, KIM, "Sent during an upload") == ["one.bin", "two.bin"]


def test_an_upload_that_fails_keeps_ana_where_she_is(page: Page) -> None:
    page.goto(INBOX)
    begin(page, "An upload that fails")

    def fail_late(route: Route) -> None:
        page.wait_for_timeout(500)
        route.abort()

    page.route(UPLOADING, fail_late)
    choose(page, "plan.bin")
    page.locator("#banner").get_by_role("link", name="Back to my inbox").click()
    expect(page.locator("#draft-status")).to_contain_text("Not attached")
    expect(page.locator("#notice")).to_contain_text("Postroom can't be reached.")
    expect(page.locator("#compose")).to_have_count(1)


def test_an_upload_that_ends_after_ana_went_back_leaves_the_address_alone(world: World, page: Page) -> None:
    page.goto(INBOX)
    page.locator("#sidebar").get_by_role("link", name="Archive").click()
    expect(page.locator("#list")).to_have_attribute("aria-label", "Archive")
    begin(page, "Back during an upload")
    with page.expect_response(UPLOADING), held(page, UPLOADING):
        choose(page, "plan.bin")
        page.evaluate("history.go(-2)")
        expect(page.locator("#compose")).to_have_count(0)
    assert files(world, SUPPORT, "Back during an upload", "Drafts") == ["plan.bin"]
    expect(page).to_have_url(re.compile(re.escape(INBOX) + "$"))
