"""The search box holds the whole question: what is looked for is what one sees in it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cast import DAN
from tests.pages.mail.browser import visit
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.letters import letter
from tests.servers.harness import World
from tests.visitor import folder_url
from webmail.reading import searching

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


@pytest.fixture(scope="module")
def names(world: World) -> None:
    """dan has letters of people with apostrophes, and some whose HTML hides a word from the mail server."""
    with world.imap(DAN) as raw:
        raw.create("Names")
        for subject, sender in (
            ("plain", "Pat O'Brien <pat@x.test>"),
            ("typographic", "Pat O’Brien <pat@x.test>"),
            ("encoded", "=?utf-8?Q?Sofia_D=E2=80=99Angelo?= <sofia@x.test>"),
            ("address", "p.o'brien@x.test"),
        ):
            raw.append("Names", "", "", f"From: {sender}\r\nSubject: {subject}\r\n\r\nHi\r\n".encode())
        for subject, html in (
            ("codes", "<p>Herr M&uuml;ller wants a K&#252;chenschrank and <b>par</b>celservice</p>"),
            (
                "capitals",
                "<p>M&#220;LLER, K&#xDC;CHENSCHRANK, O&rsquo;Brien, &#1055;&#1088;&#1080;&#1074;&#1077;&#1090;</p>",
            ),
            ("halves", "<p>parcel for you, no ser<i>v</i>ice"),
            ("soft", "<p>Parcel&shy;service, an old<span>er</span> phrase, &Eacute;lo&iuml;se</p>"),
        ):
            top = f"From: kim@customer.test\r\nSubject: {subject}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
            raw.append("Names", "", "", f"{top}{html}\r\n".encode())


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("from:O'Brien", {"plain", "typographic", "address"}),
        ("from:o’brien", {"plain", "typographic", "address"}),
        ("from:D'Angelo", {"encoded"}),
        ("o'brien", {"plain", "typographic", "address", "capitals"}),
        ("Müller", {"codes", "capitals"}),
        ("müller parcelservice", {"codes"}),
        ("Küchenschrank", {"codes", "capitals"}),
        ("parcelservice", {"codes", "soft"}),
        ("Привет", {"capitals"}),
        ("Éloïse", {"soft"}),
        ('"older phrase"', {"soft"}),
        ("subject:codes müller", {"codes"}),
        ("from:pat müller", set()),
        ("parcelserfice", set()),
    ],
)
def test_what_html_hides_from_the_mail_server_is_found(sign_in: SignIn, typed: str, found: set[str]) -> None:
    answer = sign_in(DAN).client.get(folder_url(DAN, "Names"), query_string={"q": typed}).text
    assert set(re.findall('class="row-subject">([^<]*)', answer)) == found
    assert "at most" not in answer


@pytest.mark.usefixtures("names")
def test_the_page_says_when_not_all_html_was_looked_through(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "LOOKED_THROUGH", 3)
    answer = sign_in(DAN).client.get(folder_url(DAN, "Names"), query_string={"q": "müller"}).text
    assert re.findall('class="row-subject">([^<]*)', answer) == ["capitals"]
    assert "messages at most" in answer


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
