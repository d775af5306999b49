"""What does the webmail look like over HTTP? Five-line views: who, what, do, show."""

from flask import Blueprint

blueprint = Blueprint("webmail", __name__)

# The views register themselves on the blueprint.
from webmail.views import actions, bodies, compose, folder, folders, message, outbox, submitting  # noqa: E402, F401
