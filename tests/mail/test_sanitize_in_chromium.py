"""The sanitised body opened as an ordinary page, with scripts on and no policy to help: nothing runs, nothing loads."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import pytest
from playwright.sync_api import Browser, Playwright

from mail import plaintext, sanitize
from tests.hostile import bomb_names, messages
from tests.hostile.reading import html_of

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=FLAGS)
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


def test_the_trap_works(browser: Browser, server: Server) -> None:
    """The same check finds a script and a load when they are there."""
    wrong = open_all(browser, server, {"bad": "<img src=/stray><script>document.title='owned'</script>"})
    assert "owned" in wrong["bad"] or "must not have" in wrong["bad"]
    wrong = open_all(browser, server, {"load": "<img src=/stray>"})
    assert "/stray" in wrong["load"]
