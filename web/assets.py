"""Styles and scripts: named by their content, so that browsers may keep them for good."""

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, request

from web.context import services

_LONG = "public, max-age=31536000, immutable"


def install(app: Flask) -> None:
    root = Path(app.static_folder or "static")

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, object]) -> None:
        if endpoint == "static" and "v" not in values:
            path = root / str(values.get("filename", ""))
            if path.is_file():
                values["v"] = _version(path, path.stat().st_mtime_ns)

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint == "static" and "v" in request.args and response.status_code in (200, 304):
            response.headers["Cache-Control"] = _LONG
        return response

    @app.context_processor
    def choose() -> dict[str, object]:
        return {"assets": services().config.assets}


@lru_cache(maxsize=256)
def _version(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
