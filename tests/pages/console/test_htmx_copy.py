"""htmx starts on every page, whenever and from wherever it comes: olive types, and the table follows."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.apps import made
from tests.cast import OWNER
from tests.pages.mail.browser import serving
from tests.servers.harness import World, free_ports
from web.headers import HTMX_ON_CDN

COPY = Path(__file__).parents[3] / "static" / "vendor" / "htmx.min.js"


@pytest.fixture(scope="module")
def cdn_site(world: World) -> Iterator[str]:
    """The app as it is by default: htmx comes from the CDN."""
    with made(dataclasses.replace(world.config, assets="cdn")) as app, serving(app, free_ports(1)[0]) as url:
        yield url


@pytest.fixture
def page(browser: Browser, cdn_site: str, world: World) -> Iterator[Page]:
    context = browser.new_context(base_url=cdn_site, viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "postroom-console", "value": world.sign_in(OWNER, "owner"), "url": cdn_site}])
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def answer(page: Page, decide: Callable[[Route], None]) -> None:
    """What the CDN does. `decide` is a function of Python's own: the driver marks it as asked."""
    page.route(HTMX_ON_CDN, decide)


def send_htmx(route: Route) -> None:
    route.fulfill(body=COPY.read_bytes(), content_type="text/javascript", headers={"Access-Control-Allow-Origin": "*"})


def search(page: Page) -> list[str]:
    """Type into the search box; the requests that followed, once the table shows what was asked for."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "q=sales" in request.url:
            asked.append(request.url)

    page.on("request", note)
    page.get_by_role("searchbox", name="Search mailboxes").press_sequentially("sales")
    expect(page.get_by_role("row")).to_have_count(2)
    return asked


def test_from_the_cdn(page: Page) -> None:
    answer(page, send_htmx)
    page.goto("/console/mailboxes")
    page.wait_for_function("window.htmx")
    assert len(search(page)) == 1
    assert page.locator("script[src*=vendor]").count() == 0


def test_from_the_cdn_when_the_page_has_been_there_for_a_while(page: Page) -> None:
    """The window between the end of parsing and the end of loading: every first visit over a real network is in it."""
    waiting: list[Route] = []
    answer(page, lambda route: waiting.append(route))
    page.goto("/console/mailboxes", wait_until="domcontentloaded")
    page.wait_for_timeout(500)
    send_htmx(waiting[0])
    page.wait_for_function("window.htmx")
    assert len(search(page)) == 1


@pytest.mark.parametrize("spoiled", ["refused", "other bytes"])
def test_our_own_copy_when_the_cdn_sends_nothing_good(page: Page, spoiled: str) -> None:
    if spoiled == "refused":
        answer(page, lambda route: route.abort())
    else:
        answer(page, lambda route: route.fulfill(body="alert(1)", content_type="text/javascript"))
    page.goto("/console/mailboxes")
    page.wait_for_function("window.htmx")
    assert len(search(page)) == 1


def test_our_own_copy_when_the_cdn_lets_people_wait_and_only_that(page: Page) -> None:
    waiting: list[Route] = []
    answer(page, lambda route: waiting.append(route))
    with page.expect_response("**/vendor/htmx.min.js*"):
        page.goto("/console/mailboxes")  # which has loaded, whatever the CDN does
    page.wait_for_function("window.htmx")
    assert len(search(page)) == 1
    send_htmx(waiting[0])
    page.wait_for_timeout(500)
    page.get_by_role("searchbox").fill("")
    expect(page.get_by_role("row")).not_to_have_count(2)
    assert len(search(page)) == 1


def test_another_script_from_that_host_does_not_run(page: Page) -> None:
    """Anybody may publish there."""
    answer(page, send_htmx)
    page.goto("/console/mailboxes")
    other = HTMX_ON_CDN.replace("htmx.org@2.0.10", "somebody-elses@1.0.0")
    page.route(other, lambda route: route.fulfill(body="window.ran = true", content_type="text/javascript"))
    refused = page.evaluate(
        """url => new Promise(done => {
            const script = document.createElement("script");
            script.onload = () => done("ran");
            script.onerror = () => done("refused");
            script.src = url;
            document.head.append(script);
        })""",
        other,
    )
    assert refused == "refused"
    assert page.evaluate("window.ran") is None
