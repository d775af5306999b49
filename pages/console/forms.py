"""The console's forms. They carry; the law decides."""

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import AnyOf, InputRequired, Length

from auth.passwords import check_strength, generate_password
from mailboxes.models import MAX_NAME
from pages.settings.forms import PasswordForm

GENERATED = "generated"
SET = "set"


class GeneralForm(FlaskForm):  # type: ignore[misc]
    display_name = StringField("Display name", [Length(max=MAX_NAME, message=f"Use at most {MAX_NAME} characters.")])


class PasswordChoice(FlaskForm):  # type: ignore[misc]
    """A password: made for them and shown once, or set by the owner."""

    password_mode = StringField("Password", [AnyOf((GENERATED, SET), "Choose one of the two.")], default=GENERATED)
    password = PasswordField("New password")

    def chosen(self, address: str) -> tuple[str, bool]:
        """The password, and whether it was made here. Raises WeakPassword."""
        if self.password_mode.data == GENERATED:
            return generate_password(), True
        password = self.password.data or ""
        check_strength(password, address)
        return password, False


class _NewMailbox(FlaskForm):  # type: ignore[misc]
    local_part = StringField("Name", [InputRequired("Enter what stands before the @.")])
    # Whose domain it is, the law says: one of another account's is no wrong choice, it is not there.
    domain_id = StringField("Domain", [InputRequired("Choose a domain.")])
    display_name = StringField("Display name", [Length(max=MAX_NAME, message=f"Use at most {MAX_NAME} characters.")])


class NewPersonalForm(_NewMailbox, PasswordChoice):
    pass


class NewSharedForm(_NewMailbox):
    pass


class DomainForm(FlaskForm):  # type: ignore[misc]
    name = StringField("Domain name", [InputRequired("Enter a domain name.")])


class DeleteForm(FlaskForm):  # type: ignore[misc]
    address = StringField("Address of the mailbox", [InputRequired("Type the address.")])


class NewOwnerForm(PasswordForm):
    """Somebody who may do everything here: asked for once more with one's own password."""

    email = StringField("Email address", [InputRequired("Enter an email address.")])
    display_name = StringField("Name", [Length(max=MAX_NAME, message=f"Use at most {MAX_NAME} characters.")])


class TokenForm(FlaskForm):  # type: ignore[misc]
    """A new API token; scopes and domains are tick boxes beside it."""

    name = StringField(
        "Name", [InputRequired("Give it a name."), Length(max=100, message="Use at most 100 characters.")]
    )
    life = StringField("How long it lives", [AnyOf(("30", "90", "365", ""), "Choose one.")], default="90")
