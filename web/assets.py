"""Styles and scripts: named by their content, so that browsers may keep them for good.

A style carries its version in the query. Scripts import each other by relative addresses, so theirs is a folder in the
path and one for all of them: a script is one script, whether a page or another script asks for it.
"""

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, g, request

from web.context import services

_VERSIONED = re.compile(r"^v-[0-9a-f]{12}/")
_LONG = "public, max-age=31536000, immutable"


def install(app: Flask) -> None:
    root = Path(app.static_folder or "static")

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, object]) -> None:
        name = str(values.get("filename", ""))
        if endpoint != "static" or not name:
            return
        if name.startswith("js/"):
            values["filename"] = f"v-{version('js')}/{name}"
        else:
            values["v"] = version(name)

    def version(name: str) -> str:
        """Of a file, or of all in a folder. Looked for once a request: a page names two dozen of them."""
        known: dict[str, str] = g.setdefault("asset_versions", {})
        if name not in known:
            path = root / name
            known[name] = _version(*_changed(path.iterdir() if path.is_dir() else [path]))
        return known[name]

    @app.url_value_preprocessor
    def find(endpoint: str | None, values: dict[str, str] | None) -> None:
        if endpoint == "static" and values:
            values["filename"], versioned = _VERSIONED.subn("", values["filename"], count=1)
            g.keep_for_good = bool(versioned) or "v" in request.args

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint == "static" and g.get("keep_for_good") and response.status_code in (200, 304):
            response.headers["Cache-Control"] = _LONG
        return response

    @app.context_processor
    def choose() -> dict[str, object]:
        return {"assets": services().config.assets}


def _changed(paths: Iterable[Path]) -> list[tuple[Path, int]]:
    return sorted((path, path.stat().st_mtime_ns) for path in paths)


@lru_cache(maxsize=256)
def _version(*files: tuple[Path, int]) -> str:
    content = b"".join(path.read_bytes() for path, _changed in files)
    return hashlib.sha256(content).hexdigest()[:12]
