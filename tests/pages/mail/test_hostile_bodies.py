"""eve opens what strangers made to hurt her, in Chromium: each layer that keeps it harmless holds alone."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from mail.html import sanitize
from mail.html.sanitize import Sanitised
from tests.cast import EVE
from tests.pages.mail.browser import visit
from tests.pages.mail.hostile_mail import HostileMail, with_html
from tests.pages.mail.stage import IN_A_FRAME, Stage, listen, staged, watch
from tests.pages.mail.trap import Trap
from tests.servers.harness import World
from tests.visitor import Visitor


@pytest.fixture(scope="module")
def bodies(app: Flask, world: World, hostile: HostileMail) -> dict[str, str]:
    """Every hostile message with HTML: its name, and the URL of the document that shows it."""
    found = with_html(Visitor(app, EVE).come_back(world.sign_in(EVE)), hostile.pages)
    assert len(found) > 230
    return found


@pytest.fixture
def stage(app: Flask) -> Iterator[Stage]:
    with staged(app) as stage:
        yield stage


@pytest.fixture
def page(browser: Browser, site: str, world: World) -> Iterator[Page]:
    context, page = visit(browser, site, world.sign_in(EVE), broken_scripts=True)
    yield page
    context.close()


@pytest.fixture
def unsanitised(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the sanitiser had let everything through."""
    monkeypatch.setattr(sanitize, "html", lambda document, **_: Sanitised(document))
    monkeypatch.setattr(sanitize, "document", lambda fragment: fragment)


def test_with_the_sanitiser_alone_nothing_runs_or_loads(
    page: Page, stage: Stage, trap: Trap, bodies: dict[str, str]
) -> None:
    """No policy, no sandbox: every body as a plain page of our own origin."""
    stage.without_policy = True
    seen = watch(page, stage, trap, bodies.values(), "")
    assert seen.harmless, seen


@pytest.mark.usefixtures("unsanitised")
def test_with_the_policy_alone_nothing_runs_or_loads(
    page: Page, stage: Stage, trap: Trap, bodies: dict[str, str]
) -> None:
    """As it came, outside any sandboxed frame, as when the body's address is opened on its own."""
    trying = [url for name, url in bodies.items() if name.startswith(("run-", "mutation-", "load-", "sheet-", "mime-"))]
    seen = watch(page, stage, trap, trying, "")
    assert (seen.owned, seen.asked, seen.left) == ([], [], [])
    # A policy can't keep Chromium from opening a connection early for a link or a frame; nothing is said over it.
    assert [caught.said for caught in seen.caught if caught.said] == []


@pytest.mark.usefixtures("unsanitised")
def test_with_the_frame_alone_nothing_runs(page: Page, stage: Stage, trap: Trap, bodies: dict[str, str]) -> None:
    stage.without_policy = True
    trying = [url for name, url in bodies.items() if name.startswith(("run-", "mutation-"))]
    seen = watch(page, stage, trap, trying, IN_A_FRAME)
    assert seen.owned == []


@pytest.mark.usefixtures("unsanitised")
def test_with_nothing_at_all_they_do_harm(page: Page, stage: Stage, trap: Trap, bodies: dict[str, str]) -> None:
    """The others look at the right thing: they would see scripts, requests elsewhere and requests to us."""
    stage.without_policy = True
    some = [url for name, url in bodies.items() if name.startswith(("run-", "load-"))][::2]
    seen = watch(page, stage, trap, some, "")
    assert len(seen.owned) > 10  # a script behind a style sheet that nobody answers for waits for it
    assert len([caught for caught in seen.caught if caught.said]) > 20
    assert seen.asked


@pytest.mark.usefixtures("unsanitised")
def test_what_eve_clicks_in_a_body_that_came_through_leads_to_no_script_and_not_out_of_the_frame(
    page: Page, stage: Stage, trap: Trap, bodies: dict[str, str]
) -> None:
    owned = listen(page)
    names = [
        name
        for name in bodies
        if name.startswith(("run-link-", "run-math-href", "load-form", "load-base", "load-isol"))
    ]
    stage.page = "".join(f'<iframe src="{bodies[name]}" {IN_A_FRAME}></iframe>' for name in names)
    page.goto("/stage")
    trap.clear()
    for frame in page.main_frame.child_frames:
        frame.evaluate(
            """() => {
              for (const link of document.links) {
                link.removeAttribute("download");
                link.target = "_top";
                link.click();
              }
              for (const button of document.querySelectorAll("button, input")) button.click();
              for (const form of document.forms) HTMLFormElement.prototype.submit.call(form);
            }"""
        )
    page.wait_for_timeout(500)
    assert owned == []
    assert page.url.endswith("/stage")
    assert trap.asked == []
    assert "/logout" not in stage.asked
