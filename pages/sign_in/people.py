"""People: sign in, the second step, sign out."""

from flask import Blueprint

from auth.models import PERSON
from pages.sign_in.steps import Way, add_sign_in

blueprint = Blueprint("auth", __name__)
add_sign_in(blueprint, Way(PERSON, home="webmail.home", below="", template="auth/login.html"))
