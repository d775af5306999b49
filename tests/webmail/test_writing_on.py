"""What somebody is writing outlives what happens around it: a sign-in that ends, a line that breaks, a reload."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cast import ANA, BEN, KIM, SUPPORT
from tests.servers.harness import World
from tests.webmail.browser import visit
from tests.webmail.letters import arrived, copies

Window = Callable[..., Page]
SECONDS = 1000


@pytest.fixture
def window(browser: Browser, site: str, world: World) -> Iterator[Window]:
    """Opens a window of somebody's browser, ana's unless said otherwise."""
    opened = []

    def open_window(address: str = ANA, *, width: int = 1440) -> Page:
        context, page = visit(browser, site, world.sign_in(address), width=width)
        opened.append(context)
        return page

    yield open_window
    for context in opened:
        context.close()


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
