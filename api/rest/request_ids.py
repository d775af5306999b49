"""The id by which a caller, our log and we speak of the same request."""

import re
import secrets
from typing import cast

from flask import g, request

HEADER = "X-Request-Id"
_GIVEN = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}", re.ASCII)


def request_id() -> str:
    """The caller's own when it is a plain word, else one made here; the same for the whole request."""
    if "request_id" not in g:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _GIVEN.fullmatch(given) else new_request_id()
    return cast(str, g.request_id)


def new_request_id() -> str:
    return f"req_{secrets.token_hex(12)}"
