"""What every room's tests share."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Playwright, sync_playwright


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of the browsers: one a process, since two of them in one thread get in each other's way."""
    with sync_playwright() as playwright:
        yield playwright
