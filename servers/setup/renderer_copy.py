"""The renderer of the API document (Swagger UI 5.33.1, Apache 2.0), served by ourselves: no page needs a CDN for it."""

from pathlib import Path

from servers.setup.wheel_files import Wanted, fetch

WHEEL = "drf-spectacular-sidecar==2026.10.1"
_PLACE = "drf_spectacular_sidecar/static/drf_spectacular_sidecar/swagger-ui-dist"
FILES = (
    Wanted(
        member=f"{_PLACE}/swagger-ui-bundle.js",
        name="swagger-ui-bundle.js",
        sha384="ZPehFMQommnnuaZ4rpxgkgTT2DKFVp4hZC/7pLit+9Lek9T1YGSo23eHFbvNkXkw",
    ),
    Wanted(
        member=f"{_PLACE}/swagger-ui.css",
        name="swagger-ui.css",
        sha384="Ov4/wv3j2bmct8cDc5X4ngJZohVPzEmc6uDPH8WeljUxO5vtoykvMEfbu9Vh6RaW",
    ),
)


def fetch_renderer(python: Path, directory: Path) -> bool:
    """Put it into `directory`; False when it can't be had: the page then links to the document as it is."""
    done = fetch(python, WHEEL, FILES, directory)
    if not done:
        print("Swagger UI could not be fetched; /api/docs only links to the document.", flush=True)
    return done
