"""axe-core, which the tests look at every page with: from a pinned wheel, checked, never committed or served."""

from pathlib import Path

from servers.setup.wheel_files import Wanted, fetch

WHEEL = "axe-playwright-python==0.1.8"
AXE = Wanted(
    member="axe_playwright_python/axe.min.js",
    name="axe.min.js",
    sha384="BdMxweAM6a5IkRxVOGXhKT5nagnyiRc1i78hWgYKq7oOcHRcKBNtbeufhvCSqldt",
)


def fetch_axe(python: Path, directory: Path) -> bool:
    """Put axe.min.js into `directory`; False when it can't be had: the tests that need it then fail."""
    done = fetch(python, WHEEL, (AXE,), directory)
    if not done:
        print("axe-core could not be fetched; the tests of the console's pages will fail.", flush=True)
    return done
