"""The search box holds the whole question: what is looked for is what one sees in it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cast import DAN
from tests.servers.harness import World
from tests.visitor import folder_url
from tests.webmail.browser import visit
from tests.webmail.conftest import SignIn
from tests.webmail.letters import letter

PARCELS = folder_url(DAN, "Parcels")
LATE, LOST, THANKS = "Late parcel", "Lost parcel", "Thank you"


@pytest.fixture(scope="module", autouse=True)
def parcels(world: World) -> None:
    """dan has three letters about parcels, of two people; the one that says thank you is starred and read."""
    kim, kai = "Kim Keller <kim@customer.test>", "Kai Keller <kai@customer.test>"
    with world.imap(DAN) as raw:
        raw.create("Parcels")
        for subject, sender, text, flags in (
            (LATE, kim, "Where is it? It was to be here on Monday.", ""),
            (LOST, kai, "Kim says that on Monday here it was to be.", ""),
            (THANKS, kim, "The parcel is here.", r"(\Seen \Flagged)"),
        ):
            raw.append("Parcels", flags, "", letter(subject, sender=sender, to=DAN, text=text))


@pytest.fixture
def page(browser: Browser, site: str, world: World) -> Iterator[Page]:
    context, page = visit(browser, site, world.sign_in(DAN))
    yield page
    context.close()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("kim", {LATE, LOST, THANKS}),
        ("from:kim", {LATE, THANKS}),
        ('FROM: "Kim Keller"', {LATE, THANKS}),
        ("from:kim from:keller", {LATE, THANKS}),
        ("from:kim from:kai", set()),
        ("subject:parcel", {LATE, LOST}),
        ("from:kim subject:parcel monday", {LATE}),
        ("on Monday here", {LATE, LOST}),
        ('"on Monday here"', {LOST}),
        ('"on Monday here', {LOST}),
        (f"to:{DAN} is:unread", {LATE, LOST}),
        ("is:starred", {THANKS}),
        ("is:late", {LATE}),
        ('""', {LATE, LOST, THANKS}),
    ],
)
def test_dan_types_what_he_looks_for(sign_in: SignIn, typed: str, found: set[str]) -> None:
    answer = sign_in(DAN).client.get(PARCELS, query_string={"q": typed}).text
    assert set(re.findall('class="row-subject">([^<]*)', answer)) == found


def rows(page: Page, *subjects: str) -> None:
    expect(page.locator("#list .row-subject")).to_have_text(list(subjects))


def test_what_dan_adds_beside_the_box_is_seen_in_it(page: Page) -> None:
    page.goto(PARCELS)
    box = page.get_by_role("searchbox", name="Search Parcels")
    box.fill("monday")
    page.get_by_role("button", name="More ways to search").click()
    page.get_by_label("Sender", exact=True).fill("Kim Keller")
    page.get_by_label("Sender", exact=True).press("Enter")
    rows(page, LATE)
    expect(box).to_have_value('monday from:"Kim Keller"')
    page.reload()
    rows(page, LATE)
    expect(box).to_have_value('monday from:"Kim Keller"')

    box.fill("")
    box.press("Enter")
    rows(page, THANKS, LOST, LATE)
    assert page.url.endswith(PARCELS)
