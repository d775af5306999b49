"""What every room's tests share."""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Playwright, expect, sync_playwright

from core.logs import JsonFormatter
from tests.servers.harness import TOKEN

# The files that take longest begin first, so that at the end of a run nobody waits for one of them alone.
LONGEST = (
    "tests/servers/run/test_supervisor.py",
    "tests/mail/test_bombs.py",
    "tests/pages/mail/test_hostile_views.py",
    "tests/pages/mail/test_hostile_bombs.py",
    "tests/pages/mail/test_hostile_in_the_app.py",
    "tests/pages/mail/test_hostile_bodies.py",
    "tests/commands/test_doctor.py",
    "tests/pages/console/test_races.py",
    "tests/pages/console/test_pages.py",
    "tests/pages/mail/test_pages.py",
    "tests/api/rest/test_document.py",
    "tests/mailboxes/test_names.py",
)

# A busy machine proves nothing wrong: no property has a deadline, and a browser may take its time.
settings.register_profile("postroom", parent=settings(), deadline=None)
settings.load_profile("postroom")
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whole files, in an order of our own: where a test stands in its file stays as it is."""
    ranks = {config.rootpath / name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


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
