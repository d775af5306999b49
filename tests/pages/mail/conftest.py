"""The demo world with its mail, the app on top of it, and people at their browsers."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Playwright

from tests.apps import made
from tests.cast import ANA
from tests.pages.mail.browser import launch, serving, visit
from tests.pages.mail.hostile_mail import HostileMail, delivered
from tests.pages.mail.trap import Trap
from tests.servers.harness import World
from tests.visitor import Visitor

SignIn = Callable[[str], Visitor]
Window = Callable[..., Page]


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Everybody and their mail, on SQLite. A test leaves the memberships as it found them."""
    with World() as world:
        yield world


@pytest.fixture(scope="session")
def app(world: World) -> Iterator[Flask]:
    with made(world.config) as app:
        yield app


@pytest.fixture
def sign_in(world: World, app: Flask) -> SignIn:
    """A person with a session, as after signing in."""
    return lambda address: Visitor(app, address).come_back(world.sign_in(address))


@pytest.fixture(scope="session")
def site(world: World, app: Flask) -> Iterator[str]:
    """The app, served; the base URL."""
    with serving(app, world.config.port) as url:
        yield url


@pytest.fixture(scope="session")
def trap() -> Iterator[Trap]:
    """What the browser finds in the place of every host but ours."""
    with Trap() as trap:
        yield trap


@pytest.fixture(scope="session")
def browser(playwright: Playwright, trap: Trap) -> Iterator[Browser]:
    browser = launch(playwright, trap)
    yield browser
    browser.close()


@pytest.fixture
def window(browser: Browser, site: str, world: World) -> Iterator[Window]:
    """Opens a window of somebody's browser, ana's unless said otherwise."""
    opened = []

    def open_window(address: str = ANA, *, width: int = 1440) -> Page:
        context, page = visit(browser, site, world.sign_in(address), width=width)
        opened.append(context)
        return page

    yield open_window
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def hostile(world: World) -> HostileMail:
    """The whole hostile set: eve has all of it but the bombs, which are in help@."""
    return delivered(world)
