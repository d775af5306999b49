"""Where to go after signing in."""

import unicodedata
from urllib.parse import urlsplit

_LONGEST = 2000


def safe_target(wanted: str | None, fallback: str, below: str = "") -> str:
    """`wanted` when it is a path on this host, below `below`, and can't be read as anything else; else `fallback`.

    Browsers read `\\` as `/` and drop tabs and line breaks before they look: `/\\evil.test` and `/<tab>/evil.test`
    are other hosts to them (WHATWG URL, "path or authority state").
    """
    if not wanted or len(wanted) > _LONGEST or not wanted.startswith("/") or wanted.startswith("//"):
        return fallback
    if "\\" in wanted or any(unicodedata.category(sign)[0] in "CZ" for sign in wanted):
        return fallback
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return fallback
    if parts.scheme or parts.netloc or not f"{parts.path}/".startswith(f"{below}/"):
        return fallback
    first = parts.path.removeprefix(below).strip("/").split("/")[0]
    return fallback if first in ("login", "logout", "forgot", "reset") else wanted
