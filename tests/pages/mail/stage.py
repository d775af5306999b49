"""Many bodies on one page, in a real browser: what they do when this or that layer of protection is missing."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import Flask
from playwright.sync_api import Dialog, Page

from tests.pages.mail.trap import Caught, Trap

STAGE = "/stage"
BATCH = 130
IN_A_FRAME = 'sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"'
QUIET = 500  # milliseconds for whatever wants to happen by itself


class Stage:
    """Stands before the app: answers one page itself, takes policies off when told to, notes what is asked."""

    def __init__(self, inner: object) -> None:
        self._inner = inner
        self.page = ""
        self.without_policy = False
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, str], start_response: object) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == STAGE:
            start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])  # type: ignore[operator]
            return [self.page.encode()]
        self.asked.append(path)

        def start(status: str, headers: list[tuple[str, str]], trouble: object = None) -> object:
            kept = (
                [pair for pair in headers if pair[0] != "Content-Security-Policy"] if self.without_policy else headers
            )
            return start_response(status, kept, trouble)  # type: ignore[operator]

        return self._inner(environ, start)  # type: ignore[no-any-return, operator]


@contextmanager
def staged(app: Flask) -> Iterator[Stage]:
    """Inside the block the app is asked through a stage."""
    inner = app.wsgi_app
    stage = Stage(inner)
    app.wsgi_app = stage  # type: ignore[method-assign]
    try:
        yield stage
    finally:
        app.wsgi_app = inner  # type: ignore[method-assign]


@dataclass
class Seen:
    """What happened: documents in which a script ran, paths of ours that were asked for, connections elsewhere."""

    owned: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    caught: list[Caught] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # frames that are somewhere else now

    @property
    def harmless(self) -> bool:
        return not (self.owned or self.asked or self.caught or self.left)


def watch(page: Page, stage: Stage, trap: Trap, urls: Iterable[str], attributes: str) -> Seen:
    """Show these documents in frames with these attributes, move the mouse over them, and see what happens."""
    seen, waiting = Seen(owned=listen(page)), list(urls)
    while waiting:
        batch, waiting = waiting[:BATCH], waiting[BATCH:]
        frames = "".join(f'<iframe src="{url}" width=100 height=50 {attributes}></iframe>' for url in batch)
        stage.page = f"<!doctype html><meta charset=utf-8><title>Stage</title>{frames}"
        stage.asked.clear()
        trap.clear()
        page.goto(STAGE, timeout=60_000)
        shown = page.main_frame.child_frames
        assert len(shown) == len(batch)
        for y in range(30, 780, 54):
            page.mouse.move(1400, y)
            page.mouse.move(10, y, steps=13)
        page.wait_for_timeout(QUIET)
        seen.left += [frame.url for frame in shown if "/mail/" not in frame.url]
        expected = {"/favicon.ico", *(url.partition("?")[0] for url in batch)}
        seen.asked += [path for path in stage.asked if path not in expected]
        seen.caught += trap.caught
        assert page.url.endswith(STAGE), page.url
    return seen


def listen(page: Page) -> list[str]:
    """Where scripts of strangers run from now on, as it becomes known."""
    owned: list[str] = []
    page.on("console", lambda said: owned.append(said.text) if said.text.startswith("owned ") else None)

    def asked(dialog: Dialog) -> None:
        owned.append(f"{dialog.type} {dialog.message}")
        dialog.dismiss()

    page.on("dialog", asked)
    return owned
