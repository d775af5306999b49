"""What every room's tests share."""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Playwright, expect, sync_playwright

from core.logs import JsonFormatter
from tests.servers.harness import TOKEN

# A busy machine proves nothing wrong: no property has a deadline, and a browser may take its time.
settings.register_profile("postroom", parent=settings(), deadline=None)
settings.load_profile("postroom")
expect.set_options(timeout=20_000)


class TokenWatch(logging.Handler):
    """Reads every record as it would be written; `leaks` are the loggers that told an API token."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonFormatter())
        self.leaks: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if TOKEN.search(self.format(record).encode()):
            self.leaks.add(record.name)


@pytest.fixture(scope="session", autouse=True)
def _no_token_in_any_log() -> Iterator[None]:
    """What the applications in the tests' own processes log. The files of the servers are read when each world ends."""
    watch, root = TokenWatch(), logging.getLogger()
    root.addHandler(watch)
    before = root.level
    root.setLevel(logging.INFO)
    yield
    root.setLevel(before)
    root.removeHandler(watch)
    assert watch.leaks == set()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of the browsers: one a process, since two of them in one thread get in each other's way."""
    with sync_playwright() as playwright:
        yield playwright
