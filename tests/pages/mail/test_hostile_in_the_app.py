"""eve goes through her hostile mail in the app itself, in Chromium: opens, clicks, saves, shows images, leaves."""

import dataclasses
import re
import socket
from collections.abc import Iterator
from functools import partial
from ipaddress import ip_address

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from mail.html import sanitize
from mail.html.sanitize import Sanitised
from mail.images.remote import Network, fetch
from mail.images.turns import ImageTurns
from pages.mail import bodies
from tests.cast import ANA, EVE
from tests.pages.mail.browser import visit
from tests.pages.mail.hostile_mail import HostileMail, with_html
from tests.pages.mail.stage import IN_A_FRAME, Stage, listen, staged, watch
from tests.pages.mail.test_hostile_views import FILE
from tests.pages.mail.trap import Trap
from tests.servers.harness import World
from tests.visitor import Visitor, folder_url
from web.context import EXTENSION, Services

FRAGMENT = {"HX-Request": "true"}
OPEN_EACH = """async (urls) => {
  const odd = [];
  for (const url of urls) {
    await htmx.ajax("GET", url, { target: "#pane", swap: "outerHTML" });
    const frame = document.querySelector("iframe.message-frame");
    if (frame) await new Promise((go) => { frame.onload = go; setTimeout(go, 300); });
    if (document.querySelector("[onerror], [onload], script:not([src]), [src=x], base, #pane style")) odd.push(url);
  }
  return odd;
}"""


@pytest.fixture
def stage(app: Flask) -> Iterator[Stage]:
    with staged(app) as stage:
        yield stage


@pytest.fixture
def window(browser: Browser, site: str, world: World) -> Iterator[tuple[BrowserContext, Page]]:
    context, page = visit(browser, site, world.sign_in(EVE), broken_scripts=True)
    page.goto(folder_url(EVE))
    yield context, page
    context.close()


@pytest.fixture
def page(window: tuple[BrowserContext, Page]) -> Page:
    return window[1]


@pytest.fixture
def eve(app: Flask, world: World) -> Visitor:
    return Visitor(app, EVE).come_back(world.sign_in(EVE))


@pytest.fixture
def unsanitised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sanitize, "html", lambda document, **_: Sanitised(document))
    monkeypatch.setattr(sanitize, "document", lambda fragment: fragment)


def test_every_message_with_something_in_it_opens_beside_the_list_and_does_nothing(
    page: Page, stage: Stage, trap: Trap, hostile: HostileMail
) -> None:
    """The others are odd by headers, names and charsets alone; test_hostile_views.py opens every one of them."""
    owned = listen(page)
    trap.clear()
    where = page.url
    acting = hostile.of("run", "mutation", "load", "sheet", "cover", "cid", "content", "text", "mime")
    odd = page.evaluate(OPEN_EACH, list(acting.values()))
    page.wait_for_timeout(500)
    assert (owned, odd, trap.caught) == ([], [], [])
    assert page.url == where
    strays = [path for path in stage.asked if not path.startswith((f"/mail/{EVE}/f/INBOX/", "/static/"))]
    assert strays == []


def test_nothing_is_painted_outside_the_frame(page: Page, hostile: HostileMail) -> None:
    covers = list(hostile.of("cover").values())
    page.evaluate(OPEN_EACH, covers)  # once, so that none of them is unread any more
    page.goto(folder_url(EVE))
    box = page.locator("#sidebar").bounding_box()
    assert box
    page.mouse.move(700, 890)

    def beside() -> bytes:
        return page.screenshot(clip={"x": 0, "y": 0, "width": box["width"], "height": 900})

    before = beside()
    for url in covers:
        assert page.evaluate(OPEN_EACH, [url]) == []
        assert beside() == before, url


def test_a_link_opens_a_tab_that_knows_nothing_of_where_it_came_from(
    page: Page, trap: Trap, hostile: HostileMail
) -> None:
    page.goto(hostile.pages["cover-link-says-other"])
    trap.clear()
    with page.expect_popup() as opened:
        page.frame_locator("iframe.message-frame").get_by_role("link").click()
    expect(opened.value).to_have_title("opener null, referrer []")
    asked = trap.asked[0]
    assert (asked.header("referer"), asked.header("cookie"), asked.header("host")) == ("", "", "evil.test")
    expect(page.frame_locator("iframe.message-frame").locator("body")).to_contain_text("This link opens evil.test")


@pytest.mark.usefixtures("unsanitised")
@pytest.mark.parametrize(
    "name", ["run-script", "load-meta-refresh", "load-meta-refresh-javascript", "load-form-autosubmit", "load-base"]
)
def test_a_body_opened_on_its_own_stays_shut_in(page: Page, trap: Trap, hostile: HostileMail, name: str) -> None:
    owned = listen(page)
    trap.clear()
    page.goto(hostile.pages[name] + "/body")
    assert page.evaluate("window.origin") == "null"
    page.wait_for_timeout(300)
    assert page.url.endswith(hostile.pages[name] + "/body")
    assert (owned, trap.asked) == ([], [])


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trap]:
    """Where our own fetching of images ends up, whatever host it asks for."""
    with Trap() as remote:
        network = Network(
            admits=lambda _address: True,
            resolve=lambda _host, _port: [ip_address("127.0.0.1")],
            connect=lambda _address, _port, timeout: socket.create_connection(("127.0.0.1", remote.port), timeout),
        )
        monkeypatch.setattr(bodies, "fetch", partial(fetch, network=network))
        yield remote


def test_with_images_on_only_our_proxy_is_asked(
    page: Page, stage: Stage, trap: Trap, elsewhere: Trap, eve: Visitor, hostile: HostileMail
) -> None:
    shown = with_html(eve, hostile.of("load", "content"))
    seen = watch(page, stage, trap, [f"{url}?images=1" for url in shown.values()], IN_A_FRAME)
    assert (seen.owned, seen.caught, seen.left) == ([], [], [])
    assert len(seen.asked) > 5
    assert [path for path in seen.asked if not path.startswith("/image/")] == []
    fetched = [asked for asked in elsewhere.asked if asked.said.startswith(b"GET ")]
    assert len(fetched) > 3
    for asked in fetched:
        given = {
            name: asked.header(name) for name in ("cookie", "referer", "accept-language", "origin", "x-forwarded-for")
        }
        assert set(given.values()) == {""}, asked
        assert "127.0.0.1" not in asked.said.decode("latin-1")


def test_show_images_is_one_click_and_shows_them(page: Page, trap: Trap, elsewhere: Trap, hostile: HostileMail) -> None:
    page.goto(hostile.pages["load-img"])
    trap.clear()
    assert elsewhere.caught == []
    page.get_by_role("link", name="Show images").click()
    picture = page.frame_locator("iframe.message-frame").locator("img[src]")
    expect(picture).to_have_js_property("naturalWidth", 1)
    assert trap.caught == []
    assert len(elsewhere.asked) == 1


def test_an_image_url_is_good_for_this_image_and_this_hour_only(
    app: Flask, eve: Visitor, elsewhere: Trap, hostile: HostileMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = eve.get(hostile.pages["load-img"] + "/body?images=1").text
    found = re.search(r'src="https?://[^/"]+(/image/([^/"]+)/(\d+)/(\d+)/([^"]+))"', html)
    assert found
    url, signature, number, expires, token = found.groups()
    nobody = app.test_client()
    answer = nobody.get(url)
    assert (answer.status_code, answer.content_type) == (200, "image/png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(elsewhere.asked) == 1
    other = "aHR0cDovL290aGVyLmV2aWwudGVzdC9pLnBuZw=="
    for path in (
        f"{signature[:-1]}{'1' if signature[-1] != '1' else '2'}/{number}/{expires}/{token}",
        f"{signature}/{number}/{int(expires) + 3600}/{token}",
        f"{signature}/{number}/{expires}/{other}",
        f"{signature}/{number}/{expires}/%ff",
        f"é/{number}/{expires}/{token}",
        f"{signature}/{number}/{'9' * 400}/{token}",
        f"{signature}/{int(number) + 1}/{expires}/{token}",
    ):
        assert nobody.get(f"/image/{path}").status_code == 404, path
    monkeypatch.setattr(bodies, "now", lambda: int(expires) + 1)
    assert nobody.get(url).status_code == 404
    assert len(elsewhere.asked) == 1


def test_an_image_url_ends_with_the_session_it_was_made_for(
    world: World, app: Flask, elsewhere: Trap, hostile: HostileMail
) -> None:
    """Whoever it was passed on to; and it is never another's, also not whose session has its number later."""
    once = Visitor(app, EVE).come_back(world.sign_in(EVE))
    html = once.get(hostile.pages["load-img"] + "/body?images=1").text
    found = re.search(r'src="https?://[^/"]+(/image/[^"]+)"', html)
    assert found
    assert app.test_client().get(found[1]).status_code == 200
    assert once.post("/logout", {}).status_code == 303
    world.sign_in(ANA)
    assert app.test_client().get(found[1]).status_code == 404
    assert len(elsewhere.asked) == 1


def test_pictures_of_a_slow_server_leave_the_threads_to_people(
    app: Flask, eve: Visitor, elsewhere: Trap, hostile: HostileMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = eve.get(hostile.pages["load-img"] + "/body?images=1").text
    found = re.search(r'src="https?://[^/"]+(/image/[^"]+)"', html)
    assert found
    services: Services = app.extensions[EXTENSION]
    turns = ImageTurns(at_once=1, waiting=0)
    monkeypatch.setitem(app.extensions, EXTENSION, dataclasses.replace(services, image_turns=turns))
    nobody = app.test_client()
    with turns.turn():
        assert nobody.get(found[1]).status_code == 503
        assert elsewhere.asked == []
    assert nobody.get(found[1]).status_code == 200


def test_attachments_are_saved_under_harmless_names_and_never_shown(
    page: Page, trap: Trap, eve: Visitor, hostile: HostileMail
) -> None:
    owned, saved = listen(page), 0
    trap.clear()
    for name, url in hostile.of("name", "type").items():
        for link in FILE.findall(eve.get(url, **FRAGMENT).text):
            if "/part/" in link:
                with page.expect_download() as download:
                    page.evaluate("url => { location.href = url }", link.replace("&amp;", "&"))
                assert not re.search(r"[/\\\x00-\x1f\u202e]|^\.|^$", download.value.suggested_filename), name
                saved += 1
            else:
                page.goto(link)
                page.go_back()
    assert saved > 40
    assert (owned, trap.caught) == ([], [])


def test_answering_quotes_nothing_that_runs_or_loads(
    window: tuple[BrowserContext, Page], trap: Trap, eve: Visitor, hostile: HostileMail
) -> None:
    _answer_some(window[0], trap, with_html(eve, hostile.of("run", "mutation", "load")), every=18)


@pytest.mark.usefixtures("unsanitised")
def test_the_editor_holds_also_when_the_sanitiser_does_not(
    window: tuple[BrowserContext, Page], trap: Trap, eve: Visitor, hostile: HostileMail
) -> None:
    _answer_some(window[0], trap, with_html(eve, hostile.of("run", "mutation", "load")), every=24)


def _answer_some(context: BrowserContext, trap: Trap, found: dict[str, str], every: int) -> None:
    """Each in a tab of its own, closed before the draft is kept. Where the HTML says nothing the answer is plain."""
    formatted = 0
    for number, (name, url) in enumerate(list(found.items())[::every]):
        page = context.new_page()
        owned = listen(page)
        trap.clear()
        view = ("reply", "forward")[number % 2]
        page.goto(url.removesuffix("body") + view)
        if page.locator("form.compose").get_attribute("data-format") == "html":
            editor = page.locator('iframe[title="Message, formatted"]')
            expect(editor).to_have_attribute("sandbox", "allow-same-origin")
            expect(editor.content_frame.locator("body")).to_have_attribute("contenteditable", "true")
            formatted += 1
        page.wait_for_timeout(100)
        assert (owned, trap.asked) == ([], []), name
        assert page.url.endswith(view), name
        page.close()
    assert formatted > 5


def test_after_signing_out_back_shows_nothing(page: Page, hostile: HostileMail) -> None:
    page.goto(hostile.pages["text-script"])
    expect(page.get_by_role("heading", name="text-script")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/login"))
    for _ in range(2):
        page.go_back()
        expect(page.get_by_label("Password")).to_be_visible()
        assert "text-script" not in page.content()
        assert "Inbox" not in page.content()
