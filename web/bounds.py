"""How much a request may bring, by route, before anything of it is read: kilobytes, unless the table below says more.

Only who has signed in sends megabytes, and only to where messages are written. A form's fields are counted before they
are taken apart: a field costs a hundred times its octets.
"""

from dataclasses import dataclass

from flask import Flask, request
from flask_login import current_user
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response

from web.context import in_api
from web.gate import ASKS_NOBODY, to_sign_in
from webmail.writing.drafting import MAX_ATTACHMENTS


@dataclass(frozen=True)
class Bound:
    """What the body of one request may hold. `words` are the octets of a form without its files, and of each field."""

    octets: int
    fields: int
    words: int


KB, MB = 1024, 1024 * 1024

SMALL = Bound(16 * KB, 50, 16 * KB)
# A signed-in person's: every field may be far too long, and still be told so in words of its own.
FORM = Bound(64 * KB, 100, 64 * KB)
# As many ticks as a list may have, each with its name and boundary.
LIST = Bound(256 * KB, 600, 256 * KB)
# The text twice and the boundaries, around what is attached.
LETTER = Bound(MAX_ATTACHMENTS + 4 * MB, 1000, 4 * MB)
# Whose session ended while they wrote is given their words back: of a longer letter, those that stand within this.
STRANGERS_LETTER = Bound(512 * KB, 100, 512 * KB)
PROGRAMS = Bound(1_000_000, 0, 1_000_000)

# Whatever isn't named here takes a FORM, and of strangers what is SMALL.
BOUNDS = {
    "webmail.send": LETTER,
    "webmail.save_draft": LETTER,
    "webmail.attach": LETTER,
    "webmail.discard": LETTER,
    "webmail.archive": LIST,
    "webmail.delete": LIST,
    "webmail.move": LIST,
    "webmail.spam": LIST,
    "webmail.not_spam": LIST,
    "webmail.delete_forever": LIST,
    "webmail.read": LIST,
    "webmail.unread": LIST,
    "webmail.star": LIST,
    "webmail.unstar": LIST,
    "console.add_shared": LIST,
    "console.convert_to_shared": LIST,
    "console.members_add": LIST,
    "console.agents": LIST,
}
# A letter with too much attached is received as far as this, so that its words can be given back.
LARGEST = 64 * MB


def install(app: Flask) -> None:
    """Before anybody looks into the form."""
    app.before_request(_hold)


def bound_of(endpoint: str | None, *, is_signed_in: bool) -> Bound:
    if endpoint is not None and endpoint.startswith("api."):
        return PROGRAMS  # by the token, which is looked at before the body
    bound = BOUNDS.get(endpoint or "", FORM)
    if is_signed_in:
        return bound
    return STRANGERS_LETTER if bound is LETTER else SMALL


def largest(app: Flask, method: str, path: str, has_key: bool) -> int:
    """The octets of body worth receiving for this route. `has_key`: a cookie or token came along, good or not."""
    try:
        endpoint, _ = app.url_map.bind("").match(path, method)
    except HTTPException:
        return SMALL.octets
    bound = bound_of(endpoint, is_signed_in=has_key)
    return LARGEST if bound is LETTER else bound.octets


def is_letter() -> bool:
    """Whether this request brings a message that is being written."""
    return BOUNDS.get(request.endpoint or "") is LETTER


def receive_in_spite_of_its_size() -> None:
    """From now on a letter is read whatever is attached to it."""
    request.max_content_length = LARGEST


def _hold() -> Response | None:
    asks = request.endpoint not in ASKS_NOBODY and not in_api()
    is_signed_in = asks and bool(current_user.is_authenticated)
    bound = bound_of(request.endpoint, is_signed_in=is_signed_in)
    request.max_content_length, request.max_form_parts = bound.octets, bound.fields
    request.max_form_memory_size = bound.words
    if request.routing_exception is not None:
        return None  # nobody reads what came with it
    if bound is STRANGERS_LETTER:
        return to_sign_in()  # how much came along changes nothing; its first words are given back (web/errors.py)
    if (request.content_length or 0) > bound.octets:
        raise RequestEntityTooLarge
    # Of this kind the parser bounds nothing by itself.
    if not in_api() and request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = bound.words
        if request.get_data().count(b"&") >= bound.fields:
            raise RequestEntityTooLarge
    return None
