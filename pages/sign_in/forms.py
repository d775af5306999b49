"""The two forms of signing in. Nothing here says whether an address exists: the room decides, these only carry."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField

from auth.errors import (
    AuthError,
    TooManyAppPasswords,
    TooManyAttempts,
    WeakPassword,
    WrongCode,
    WrongCredentials,
    WrongPassword,
)


class SignInForm(FlaskForm):  # type: ignore[misc]
    # No "required" on our side: an empty password is a wrong password, in the same words and time.
    address = StringField("Email address")
    password = PasswordField("Password")
    next = HiddenField()


class CodeForm(FlaskForm):  # type: ignore[misc]
    code = StringField("Authentication code")
    next = HiddenField()


# What is said in the form itself, so that one can try again; everything else gets a page of its own.
REFUSALS = (WrongCredentials, WrongPassword, WrongCode, WeakPassword, TooManyAttempts, TooManyAppPasswords)
# Beside which field a refusal is said; without one of them, at the top of the form.
_PLACES = ((WrongPassword, "password"), (WrongCode, "code"), (WeakPassword, "new_password"))


def refuse(form: FlaskForm, error: AuthError) -> tuple[int, dict[str, str]]:
    """Say the refusal in the form; the status and headers of the answer that shows it."""
    place = next((name for kind, name in _PLACES if isinstance(error, kind) and name in form), None)
    if place:
        form[place].errors = [*form[place].errors, error.public]
    else:
        form.form_errors.append(error.public)
    # RFC 6585 §4: how long to wait, for programs.
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooManyAttempts) else {}
    return error.status, headers
