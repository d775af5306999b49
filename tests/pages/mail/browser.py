"""People at a real browser, with scripts: Chromium against a server that is really there."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Playwright
from waitress.server import create_server

from servers.setup.provision import BROWSERS
from tests.pages.mail.trap import Trap

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Hostile mail that manages to run a script sets a title; in whatever frame it does, the console says so.
ALARM = """{
  const kept = Object.getOwnPropertyDescriptor(Document.prototype, "title");
  const set = function (title) {
    if (title === "owned") console.log(`owned ${location.href}`);
    kept.set.call(this, title);
  };
  Object.defineProperty(Document.prototype, "title", { ...kept, set });
}"""


@contextmanager
def serving(app: Flask, port: int) -> Iterator[str]:
    """The app on a port of this machine, as `make run` serves it; the base URL."""
    server = create_server(app, host="127.0.0.1", port=port, threads=8)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()
        server.task_dispatcher.shutdown()
        thread.join(5)


def program() -> str:
    """The browser that the set-up brought."""
    return next(path for path in map(shutil.which, BROWSERS) if path)


def launch(playwright: Playwright, trap: Trap) -> Browser:
    """Chromium for which every other host of the world, at any port, is the trap."""
    # What the browser wants of its maker by itself finds no host at all.
    nowhere = ", ".join(f"MAP *.{name}.com ~NOTFOUND" for name in ("google", "googleapis", "gstatic"))
    everywhere = f"--host-resolver-rules={nowhere}, MAP * 127.0.0.1:{trap.port}, EXCLUDE 127.0.0.1"
    return playwright.chromium.launch(executable_path=program(), args=[*FLAGS, everywhere])


def visit(
    browser: Browser, site: str, token: str, *, width: int = 1440, broken_scripts: bool = False
) -> tuple[BrowserContext, Page]:
    """A window of somebody who is signed in. Nothing may go wrong in it unseen: script errors fail the test.

    With `broken_scripts` they don't, because scripts of strangers are meant to try.
    """
    context = browser.new_context(base_url=site, viewport={"width": width, "height": 900})
    context.add_cookies([{"name": "postroom", "value": token, "url": site}])
    context.add_init_script(ALARM)
    page = context.new_page()
    if not broken_scripts:
        page.on("pageerror", _fail)
    page.set_default_timeout(20_000)
    return context, page


def _fail(error: Exception) -> None:
    raise AssertionError(f"a script failed: {error}")
