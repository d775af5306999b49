"""What the tests in a browser do with the webmail: letters that are just in, a network that takes its time."""

import re
import time

from playwright.sync_api import Locator, Page, Route

from tests.cast import SUPPORT
from tests.servers.harness import World
from tests.visitor import folder_url
from tests.webmail.letters import letter

INBOX = folder_url(SUPPORT)
OPENING = re.compile(r"/f/INBOX/[0-9.]+(\?[^/]*)?$")
ACTING = re.compile(r"/f/INBOX/(archive|delete|star|unstar|read|unread|move)$")
POLLING = re.compile(r"/sidebar(\?|$)")
_last = 0  # when the newest of these letters arrived


def received(world: World, *subjects: str, text: str = "Hello!", raw: bytes = b"") -> None:
    """support@ has letters with these subjects, each newer than everything before it. `raw` is one ready to go."""
    global _last
    for subject in subjects:
        # Hardly ever ahead of the clock: what is delivered for real later must be newer again.
        _last = max(int(time.time()), _last + 1)
        world.deposit(SUPPORT, raw or letter(subject, text=text), at=_last)


def slow(page: Page, pattern: re.Pattern[str], seconds: float = 0.3) -> None:
    """What matches comes late from now on; everything else as ever."""

    def later(route: Route) -> None:
        page.wait_for_timeout(seconds * 1000)
        route.continue_()

    page.route(pattern, later)


def row(page: Page, subject: str) -> Locator:
    return page.locator("#list .row", has_text=subject)


def open_row(page: Page, subject: str) -> None:
    row(page, subject).locator(".row-link").click()


def heading(page: Page) -> Locator:
    """The subject of the message that is open."""
    return page.locator("#pane .message-subject")


def look_for_news(page: Page) -> None:
    """What a tab does by itself every few seconds, now."""
    page.evaluate("document.body.dispatchEvent(new CustomEvent('tab-shown'))")
