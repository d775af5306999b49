"""No page keeps anybody waiting for longer than ten seconds, whatever the mail servers do."""

import math

from flask import Response, request

from mail import patience
from pages.mail import blueprint

# For all that a page asks; the rest is for putting it together. What is uploaded may take its time.
PAGE_SECONDS = 9.0


@blueprint.before_request
def begin() -> None:
    patience.limit(PAGE_SECONDS if request.method in ("GET", "HEAD") else math.inf)


@blueprint.after_request
def end(answer: Response) -> Response:
    """What is downloaded after this takes as long as it takes, piece by piece."""
    patience.limit(math.inf)
    return answer
