"""What does the webmail look like over HTTP? Five-line views: who, what, do, show."""

from flask import Blueprint

blueprint = Blueprint("webmail", __name__)

# The views register themselves on the blueprint.
from pages.mail import (  # noqa: E402
    actions,  # noqa: F401
    bodies,  # noqa: F401
    compose,  # noqa: F401
    folder,  # noqa: F401
    folders,  # noqa: F401
    message,  # noqa: F401
    outbox,  # noqa: F401
    page_time,  # noqa: F401
    submitting,  # noqa: F401
)
