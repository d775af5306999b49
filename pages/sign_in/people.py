"""The people's doors: sign in, the second step, sign out."""

from flask import Blueprint

from auth.models import PERSON
from pages.sign_in.steps import Way, add_doors

blueprint = Blueprint("auth", __name__)
add_doors(blueprint, Way(PERSON, home="webmail.home", below="", template="auth/login.html"))
