"""The people's doors: sign in, the second step, sign out."""

from flask import Blueprint

from auth.models import PERSON
from auth.views_doors import Way, add_doors

blueprint = Blueprint("auth", __name__)
add_doors(blueprint, Way(PERSON, home="webmail.home", below="", template="auth/login.html"))
