"""Two people look at the same thing in two windows, and each sees what the other one did to it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cast import ANA, BEN, KIM, SUPPORT
from tests.servers.harness import World
from tests.webmail.browser import visit

Window = Callable[..., Page]


@pytest.fixture
def window(browser: Browser, site: str, world: World) -> Iterator[Window]:
    """Opens a window of somebody's browser."""
    opened = []

    def open_window(address: str, *, width: int = 1440) -> Page:
        context, page = visit(browser, site, world.sign_in(address), width=width)
        opened.append(context)
        return page

    yield open_window
    for context in opened:
        context.close()


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
