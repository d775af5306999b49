"""Pages, styles and scripts travel compressed (gzip, RFC 1952) to whoever takes them so (RFC 9110 section 12.5.3).

A page holds secrets, such as its form token, next to words that strangers sent. Whoever sees only how long answers are
could try guesses of the one through the other; so each answer is longer by a random part, a name in its gzip header
that everybody skips.
"""

import gzip
import secrets

from flask import Flask, Response, request

_WORDS = frozenset(
    {
        "text/html",
        "text/css",
        "text/javascript",
        "application/javascript",
        "image/svg+xml",
    }
)
_LEAST = 600  # octets: less fits a packet as it is
_LEVEL = 4  # a list of mail in half a millisecond, to a seventh
_LONGEST_NAME = 100
_HAS_NAME = b"\x08"


def install(app: Flask) -> None:
    """Before whatever else looks at answers: what is asked for first is done last."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    is_file = request.endpoint == "static"
    if response.mimetype not in _WORDS or response.status_code in (204, 206, 304):
        return response
    if response.is_streamed and not is_file:
        return response
    response.vary.add("Accept-Encoding")
    if "Content-Encoding" in response.headers or not request.accept_encodings["gzip"]:
        return response
    if is_file:
        response.direct_passthrough = False  # it is read here, not sent as it lies there
        response.headers.pop("Accept-Ranges", None)  # of the file, not of what is sent
    words = response.get_data()
    if len(words) < _LEAST:
        return response
    response.set_data(_packed(words))
    response.headers["Content-Encoding"] = "gzip"
    if etag := response.get_etag()[0]:
        response.set_etag(etag, weak=True)  # the same words, not the same octets
    return response


def _packed(words: bytes) -> bytes:
    packed = gzip.compress(words, _LEVEL, mtime=0)
    name = b"-" * (1 + secrets.randbelow(_LONGEST_NAME))
    # ID1 ID2 CM FLG MTIME XFL OS, then the name and a zero (RFC 1952 section 2.3).
    return packed[:3] + _HAS_NAME + packed[4:10] + name + b"\0" + packed[10:]
