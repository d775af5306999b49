"""The forms of the settings. Dangerous steps ask for the password again, in the same form."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, StringField, TextAreaField
from wtforms.validators import EqualTo, InputRequired, Length

from auth import app_passwords
from mailboxes.models import MAX_LABEL
from mailboxes.signatures import MAX_SIGNATURE


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """One more time the password, before a step that whoever sits there must not make."""

    password = PasswordField("Your password", [InputRequired("Enter your password.")])


class ConfirmForm(FlaskForm):  # type: ignore[misc]
    code = StringField("Authentication code", [InputRequired("Enter the six digits your app shows.")])


class SwitchOffForm(PasswordForm):
    code = StringField("Authentication code", [InputRequired("Enter a code from your app, or a recovery code.")])


class NewAppPasswordForm(PasswordForm):
    label = StringField(
        "Device or app",
        [InputRequired("Say which device it is for."), Length(max=app_passwords.MAX_LABEL, message="Shorten it.")],
    )


class ForgottenForm(FlaskForm):  # type: ignore[misc]
    address = StringField("Email address", [InputRequired("Enter your email address.")])


class NewPasswordForm(FlaskForm):  # type: ignore[misc]
    new_password = PasswordField("New password", [InputRequired("Enter a new password.")])
    repeat = PasswordField(
        "New password again",
        [InputRequired("Enter the new password again."), EqualTo("new_password", "The two new passwords differ.")],
    )


class PasswordChangeForm(NewPasswordForm):
    password = PasswordField("Current password", [InputRequired("Enter your current password.")])
    revoke_app_passwords = BooleanField("Revoke my app passwords too")


class SignatureForm(FlaskForm):  # type: ignore[misc]
    signature = TextAreaField(
        "Signature", [Length(max=MAX_SIGNATURE, message=f"Use at most {MAX_SIGNATURE} characters.")]
    )


class LabelForm(FlaskForm):  # type: ignore[misc]
    label = StringField("Your label", [Length(max=MAX_LABEL, message=f"Use at most {MAX_LABEL} characters.")])
