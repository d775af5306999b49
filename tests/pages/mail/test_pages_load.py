"""What a page is made of comes once, and stays in the browser until it changes."""

from playwright.sync_api import Browser, Request

from tests.cast import ANA
from tests.pages.mail.browser import visit
from tests.servers.harness import World
from tests.visitor import folder_url


def test_every_script_runs_once_whoever_asks_for_it(browser: Browser, site: str, world: World) -> None:
    context, page = visit(browser, site, world.sign_in(ANA))
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.goto(folder_url(ANA))
    page.wait_for_load_state("networkidle")
    scripts = [request for request in asked if "/static/" in request.url and request.resource_type == "script"]
    names = [request.url.partition("?")[0].rpartition("/")[2] for request in scripts]
    assert len(names) > 10
    assert sorted(names) == sorted(set(names))
    for request in scripts:
        answer = request.response()
        assert answer
        assert "immutable" in answer.headers["cache-control"], request.url
    context.close()
