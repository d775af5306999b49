"""The sanitised body opened as an ordinary page, with scripts on and no policy to help: nothing runs, nothing loads."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import pytest
from playwright.sync_api import Browser, Playwright

from mail.html import plaintext, sanitize
from tests.hostile import bomb_names, messages
from tests.hostile.reading import html_of
from tests.pages.mail.browser import FLAGS, program


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=program(), args=FLAGS)
    yield browser
    browser.close()


class Server(ThreadingHTTPServer):
    """Serves one page after the other and remembers everything it is asked for."""

    page = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        data = self.server.page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def open_all(browser: Browser, server: Server, pages: dict[str, str]) -> dict[str, str]:
    """Open each page, click and hover what can be; return what went wrong by name."""
    wrong: dict[str, str] = {}
    context = browser.new_context()
    page = context.new_page()
    loads: list[str] = []
    context.on("request", lambda request: loads.append(request.url))
    for name, fragment in pages.items():
        server.page = sanitize.document(fragment)
        server.asked.clear()
        loads.clear()
        address = f"http://127.0.0.1:{server.server_port}/{name}"
        page.goto(address)
        page.mouse.move(60, 40)
        page.wait_for_timeout(100)
        others = [url for url in loads if url not in {address} and not url.startswith("data:image/")]
        others += [path for path in server.asked if path not in {f"/{name}", "/favicon.ico"}]
        others = [url for url in others if not url.endswith("/favicon.ico")]
        if page.title() != "Message" or others or page.url != address:
            wrong[name] = f"title {page.title()!r}, asked {others}, at {page.url}"
        if page.locator("script, iframe, object, embed, form, input, svg, math, link, base, [onerror]").count():
            wrong[name] = "has an element it must not have"
    context.close()
    return wrong


def bundled(pages: dict[str, str], size: int = 20) -> dict[str, str]:
    """Pages put together: each fragment is closed in itself, and opening a page costs more than showing it."""
    names = list(pages)
    groups = [names[at : at + size] for at in range(0, len(names), size)]
    return {"+".join(group): "\n<hr>\n".join(pages[name] for name in group) for group in groups}


def test_nothing_runs_and_nothing_loads_without_any_policy(browser: Browser, server: Server) -> None:
    bombs = set(bomb_names())
    pages = {name: sanitize.html(html_of(raw)).html for name, raw in messages() if name not in bombs}
    assert len(pages) > 300
    assert open_all(browser, server, bundled(pages)) == {}


def test_plain_text_runs_nothing_either(browser: Browser, server: Server) -> None:
    pages = {
        name: "".join(plaintext.to_html(segment.text) for segment in plaintext.segments(html_of(raw)))
        for name, raw in messages()
        if name.startswith(("text-", "run-"))
    }
    assert open_all(browser, server, bundled(pages)) == {}


LETTER = (
    "<style><!-- p.MsoNormal{margin:0cm} .hide{display:none} td.big{background:#0b5;padding:20px} --></style>"
    "<div class=hide>PREHEADER</div><p class=MsoNormal>Line one</p><p class=MsoNormal>Line two</p>"
    "<table><tr><td class=big>Cell</table>"
)
BOTH = "<style>div{background:white}@media (prefers-color-scheme:dark){div{background:#222}}</style><div>Cell</div>"


@pytest.mark.parametrize(
    ("scheme", "grounds"),
    [
        ("light", {"plain": "rgb(255, 255, 255)", "letter": "rgb(255, 255, 255)", "both": "rgb(255, 255, 255)"}),
        ("dark", {"plain": "rgb(22, 24, 28)", "letter": "rgb(255, 255, 255)", "both": "rgb(34, 34, 34)"}),
    ],
)
def test_a_letter_looks_as_its_style_element_says_and_only_one_with_colours_stays_light(
    browser: Browser, scheme: Literal["light", "dark"], grounds: dict[str, str]
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    ground = "place => getComputedStyle(document.querySelector(place)).backgroundColor"
    page.set_content(sanitize.document(sanitize.html("<p>Hello</p>").html))
    assert page.evaluate(ground, "html") == grounds["plain"]
    page.set_content(sanitize.document(sanitize.html(BOTH).html))
    assert page.evaluate(ground, "div") == grounds["both"]
    page.set_content(sanitize.document(sanitize.html(LETTER).html))
    assert page.evaluate(ground, "body" if scheme == "dark" else "html") == grounds["letter"]
    assert page.evaluate(ground, "td") == "rgb(0, 187, 85)"
    assert not page.get_by_text("PREHEADER").is_visible()
    one, two = (page.get_by_text(f"Line {number}").bounding_box() for number in ("one", "two"))
    assert one
    assert two
    assert abs(one["y"] + one["height"] - two["y"]) < 1
    context.close()


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WHITE_TABLE = "<table bgcolor=#ffffff><tr><td>Papers, <a href='https://shop.example/'>all of them</a></table>"
DARK = "@media (prefers-color-scheme:dark)"
# What people are sent, and whether it is dark where all else is: what was made for light lies on a card.
NEWSLETTERS = {
    "dark page, light tables": (
        f"<style>{DARK}{{body{{background:#111;color:#eee}}}}</style><body>{WHITE_TABLE}",
        False,
    ),
    "dark words, light tables": (f"<style>{DARK}{{td{{color:#eee!important}}}}</style>{WHITE_TABLE}", False),
    "dark by and by": (
        f"<style>.b{{background:#fff;color:#222}}a{{color:#00f}}{DARK}{{.b{{background:#222}}.b{{color:#eee}}"
        f"a{{color:#9cf!important}}}}</style><body style='background:#f2f2f2'>"
        "<div class=b>Papers, <a href='https://shop.example/'>all</a></div>",
        True,
    ),
    "dark alone": (f"<style>{DARK}{{p{{background:#123;color:#fff}}}}</style><p>Papers</p>", True),
    "dark, and light besides": (
        f"<style>{DARK.replace('dark', 'light')}{{p{{color:#333}}}}{DARK}{{p{{color:#eee}}}}</style><p>Papers</p>",
        True,
    ),
    "light besides, and half dark": (
        f"<style>p{{color:#fff;background:#000}}{DARK.replace('dark', 'light')}{{p{{color:#333;background:#fff}}}}"
        f"{DARK}{{p{{color:#111}}}}</style><p>Papers</p>",
        False,
    ),
    "attributes": (f"<body bgcolor=#eeeeee>{WHITE_TABLE}", False),
    "body alone": ("<body style='background:#fff7e6'>Papers, <a href='https://shop.example/'>all</a>", False),
    "light on dark": ("<table width='100%' bgcolor=#102040><tr><td style='color:#fff'>Papers</table>", False),
    "coloured links": ("<p>See <a href='https://shop.example/' style='color:#15c'>all papers</a></p>", False),
    "no colours": ("<p>See <a href='https://shop.example/'>all papers</a></p><blockquote>Before</blockquote>", True),
    "transparent": ("<div style='background:transparent;color:inherit'><p style='color:windowtext'>Papers</div>", True),
    "pictures": ("<table><tr><td><img src=cid:a alt=Sale></table>", False),
    "a picture in a letter": ("<p>My hat:</p><img src=cid:a alt=Hat>", True),
}
LOWEST_CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [[r, .2126], [g, .7152], [b, .0722]].reduce((sum, [part, weight]) => {
    const c = part / 255;
    return sum + weight * (c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
  }, 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = rgba(getComputedStyle(at).backgroundColor);
      if (found[3]) return found;
    }
    return rgba("Canvas");
  };
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [21];
  while (words.nextNode()) {
    const { parentElement: holder, data } = words.currentNode;
    if (!data.trim() || holder.matches("style")) continue;
    const [low, high] = [light(rgba(getComputedStyle(holder).color)), light(ground(holder))].sort((a, b) => a - b);
    found.push((high + .05) / (low + .05));
  }
  return Math.min(...found);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_words_of_a_newsletter_can_be_read_in_the_light_and_in_the_dark(
    browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    for name, (letter, is_dark) in NEWSLETTERS.items():
        page.set_content(sanitize.document(sanitize.html(letter).html))
        assert page.evaluate(LOWEST_CONTRAST) >= 3, name
        assert page.locator("html").get_attribute("class") == ("plain" if is_dark else "card"), name
    context.close()


def test_on_paper_a_letter_is_light_whatever_rules_it_has() -> None:
    letter, _ = NEWSLETTERS["dark alone"]
    assert "prefers-color-scheme:dark" in sanitize.html(letter).html
    assert "prefers-color-scheme:dark" not in sanitize.html(letter, dark=False).html


def test_the_words_of_a_letter_stand_off_the_edge_of_their_ground(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(sanitize.document(sanitize.html(NEWSLETTERS["body alone"][0]).html))
    assert page.evaluate("document.body.getBoundingClientRect().left") == 0
    words = page.get_by_role("link", name="all").bounding_box()
    assert words
    assert words["y"] >= 16
    page.close()


def test_a_picture_that_cannot_be_fetched_says_so_beside_its_words(browser: Browser) -> None:
    page = browser.new_page()
    broken = '<img src="data:image/png;base64,AAAA" alt="The hat">'
    whole = f'<img src="data:image/png;base64,{PIXEL}" alt="The coat">'

    def width(html: str) -> float:
        page.set_content(sanitize.document(sanitize.html(html).html))
        page.locator("img").evaluate("image => image.decode().catch(() => 0)")
        box = page.locator("img").bounding_box()
        assert box
        return box["width"]

    assert width(whole) == 1
    assert width(broken) > 200
    assert width(broken.replace("alt", 'height="1" alt')) < 100  # it counts readers, and nobody misses it
    page.close()


def test_the_trap_works(browser: Browser, server: Server) -> None:
    """The same check finds a script and a load when they are there."""
    wrong = open_all(browser, server, {"bad": "<img src=/stray><script>document.title='owned'</script>"})
    assert "owned" in wrong["bad"] or "must not have" in wrong["bad"]
    wrong = open_all(browser, server, {"load": "<img src=/stray>"})
    assert "/stray" in wrong["load"]
