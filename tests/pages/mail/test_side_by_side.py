"""Two people look at the same thing in two windows, and each sees what the other one did to it."""

import pytest
from playwright.sync_api import expect

from tests.cast import ANA, BEN, KIM, SUPPORT
from tests.pages.mail.conftest import Window
from tests.pages.mail.hands import INBOX, heading, look_for_news, open_row, received, row
from tests.servers.harness import World
from webmail.reading.folders import PAGE_SIZE


def test_ana_reads_what_ben_archives_and_brings_back(window: Window, world: World) -> None:
    received(world, "Read while it was moved", "Newer than what was moved")
    ana, ben = window(ANA), window(BEN)
    for page in (ana, ben):
        page.goto(INBOX)
        open_row(page, "Read while it was moved")
        expect(heading(page)).to_have_text("Read while it was moved")
    reply = ana.locator("#pane").get_by_role("button", name="Reply", exact=True)
    place = heading(ana).bounding_box()

    ben.locator("#pane").get_by_role("button", name="Archive").click()
    expect(ben.locator("#toasts")).to_contain_text("Archived 1 message.")
    look_for_news(ana)
    expect(ana.locator("#pane").get_by_role("status")).to_have_text(
        "Somebody on the team moved or deleted this message."
    )
    expect(reply).not_to_be_visible()
    expect(heading(ana)).to_have_text("Read while it was moved")
    assert heading(ana).bounding_box() == place

    ben.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(row(ben, "Read while it was moved")).to_have_count(1)
    look_for_news(ana)
    open_row(ana, "Read while it was moved")
    expect(reply).to_be_visible()


def test_a_message_that_newer_mail_pushes_off_the_page_has_not_left(window: Window, world: World) -> None:
    received(world, *(f"Page filler {number:02}" for number in range(PAGE_SIZE)))
    ana = window(ANA)
    ana.goto(INBOX)
    oldest = ana.locator("#list .row").last
    subject = oldest.locator(".row-subject").inner_text()
    oldest.locator(".row-link").click()
    expect(heading(ana)).to_have_text(subject)
    received(world, "Pushes one off the page")
    look_for_news(ana)
    expect(row(ana, "Pushes one off the page")).to_have_count(1)
    expect(row(ana, subject)).to_have_count(0)
    expect(ana.locator("#pane").get_by_role("button", name="Reply", exact=True)).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_ana_looks_at_what_ben_made_of_her_draft(window: Window, width: int) -> None:
    ana, ben = window(ANA, width=width), window(BEN)
    ana.goto(f"/mail/{SUPPORT}/compose")
    ana.get_by_label("To", exact=True).fill(KIM)
    ana.get_by_label("Subject").fill(f"Open in two windows, {width} wide")
    expect(ana.locator("#draft-status")).to_contain_text("Draft saved")
    ben.goto(ana.url)
    ben.get_by_label("Message", exact=True).fill("By ben.")
    expect(ben.locator("#draft-status")).to_contain_text("Draft saved")

    ana.get_by_label("Message", exact=True).fill("By ana.")
    expect(ana.get_by_text("Somebody changed this draft meanwhile.")).to_be_in_viewport(ratio=1)
    with ana.expect_response(lambda answer: answer.url.endswith("/drafts") and answer.ok):
        ana.get_by_label("Message", exact=True).fill("By ana, who writes on.")
    with ana.expect_popup() as other:
        ana.get_by_role("link", name="look at the other").click()
    expect(other.value.get_by_label("Message", exact=True)).to_have_value("By ben.\n")
