"""What the tests in a browser do with the webmail: letters that are just in, a network that takes its time."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP

from playwright.sync_api import Locator, Page, Route

from tests.cast import KIM, SUPPORT
from tests.pages.mail.letters import letter
from tests.servers.harness import World
from tests.visitor import folder_url
from tests.waiting import until

INBOX = folder_url(SUPPORT)
OPENING = re.compile(r"/f/INBOX/[0-9.]+(\?[^/]*)?$")
ACTING = re.compile(r"/f/INBOX/(archive|delete|star|unstar|read|unread|move)$")
POLLING = re.compile(r"/sidebar(\?|$)")
NEWSLETTER = """<table width="600" style="width:600px"><tr><td style="width:600px;color:#b00020" width="600">
<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" width="600" height="20"><p>Our autumn papers, all on one page</p>
</td></tr></table><p>Second paragraph</p><a href="https://shop.example/">Shop</a>"""


def received(world: World, *subjects: str, text: str = "Hello!", raw: bytes = b"") -> None:
    """support@ has letters with these subjects, each newer than everything before it. `raw` is one ready to go."""
    for subject in subjects:
        world.deliver(SUPPORT, raw or letter(subject, text=text), sender=KIM)


def newsletter(world: World, subject: str) -> None:
    """support@ has an HTML message of some layout, newer than everything before it."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = KIM, SUPPORT, subject
    message.set_content("As text.")
    message.add_alternative(NEWSLETTER, subtype="html")
    received(world, subject, raw=message.as_bytes(policy=SMTP))


def slow(page: Page, pattern: re.Pattern[str], seconds: float = 0.3) -> None:
    """What matches comes late from now on; everything else as ever."""

    def later(route: Route) -> None:
        page.wait_for_timeout(seconds * 1000)
        route.continue_()

    page.route(pattern, later)


@contextmanager
def held(page: Page, pattern: re.Pattern[str]) -> Iterator[None]:
    """What matches gets no further before the end of the block; everything else goes as ever."""
    waiting: list[Route] = []
    holds = True

    def wait(route: Route) -> None:
        if holds:
            waiting.append(route)
        else:
            route.continue_()

    page.route(pattern, wait)
    yield
    holds = False
    for route in waiting:
        route.continue_()


def happened(page: Page, condition: Callable[[], object]) -> None:
    """Return once `condition()` holds, while the page goes on; fails when it never does."""

    def holds() -> bool:
        page.wait_for_timeout(20)  # the browser's events are told meanwhile
        return bool(condition())

    until(holds)


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
