"""Our own copy of htmx, for when the CDN can't be reached."""

from pathlib import Path

from servers.setup.wheel_files import Wanted, fetch

WHEEL = "django-htmx==1.29.0"
HTMX = Wanted(
    member="django_htmx/static/django_htmx/htmx-2.min.js",
    name="htmx.min.js",
    # The same hash stands in the page that loads it from the CDN.
    sha384="H5SrcfygHmAuTDZphMHqBJLc3FhssKjG7w/CeCpFReSfwBWDTKpkzPP8c+cLsK+V",
)


def fetch_htmx(python: Path, directory: Path) -> bool:
    """Put htmx.min.js into `directory`; False when it can't be had, which the CDN makes up for."""
    done = fetch(python, WHEEL, (HTMX,), directory)
    if not done:
        print("htmx could not be fetched for ASSETS=local; pages load it from the CDN.", flush=True)
    return done
