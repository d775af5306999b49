"""A message on paper: all of it, and still nothing in it runs."""

import re

from playwright.sync_api import Browser

from tests.cast import ANA, KIM
from tests.pages.mail.browser import visit
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.letters import find, letter
from tests.servers.harness import World

LINES = 400


def test_every_line_of_a_long_letter_is_printed(browser: Browser, site: str, world: World, sign_in: SignIn) -> None:
    html = "".join(f"<p>Line {number} of {LINES}</p>\n" for number in range(1, LINES + 1))
    plain = letter("A long one, <b>on paper</b>", to=ANA)
    world.deliver(ANA, plain.replace(b"text/plain", b"text/html").replace(b"Hello!", html.encode()), sender=KIM)
    url = find(sign_in(ANA), ANA, "A long one")
    context, page = visit(browser, site, world.sign_in(ANA))
    answer = page.goto(f"{url}/print")
    assert answer
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert page.get_by_role("heading", name="A long one, <b>on paper</b>").is_visible()
    assert page.get_by_text("kim@customer.test").first.is_visible()
    assert page.get_by_text(f"Line {LINES} of {LINES}").is_visible()
    sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf()))
    assert sheets > 8
    context.close()
