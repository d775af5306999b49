"""The second factor: codes by time (RFC 6238), each of them good for one use."""

import hmac
from dataclasses import dataclass

import pyotp
import segno
from sqlalchemy import update
from sqlalchemy.orm import Session

from auth.models import Login
from core.vault import Vault

ISSUER = "Postroom"
STEP_SECONDS = 30
DIGITS = 6
# One step to either side (RFC 6238 §5.2): clocks differ, and typing takes a while.
_TOLERANCE = (-1, 0, 1)


@dataclass(frozen=True)
class Enrolment:
    """What an authenticator app needs: the seed to type, and the same as a QR code (a `data:` URI of an SVG)."""

    seed: str
    uri: str
    qr: str


def new_secret() -> str:
    """A seed of 160 bits in base 32 (RFC 4226 §4 R6)."""
    return pyotp.random_base32(32)


def provisioning_uri(secret: str, address: str) -> str:
    """The `otpauth:` URI that authenticator apps read."""
    return pyotp.TOTP(secret).provisioning_uri(name=address, issuer_name=ISSUER)


def enrolment(secret: str, address: str) -> Enrolment:
    """The seed as a person sees it: in groups of four, and as a picture that is white in the dark theme too."""
    uri = provisioning_uri(secret, address)
    seed = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return Enrolment(seed, uri, segno.make(uri, error="m").svg_data_uri(scale=4, border=4, light="#fff"))


def code_at(secret: str, step: int) -> str:
    """The six digits of a time step (RFC 4226 §5.3)."""
    return pyotp.TOTP(secret).generate_otp(step)


def matching_step(secret: str, code: str, at: int) -> int | None:
    """The time step whose code this is, or None. Takes as long for a wrong code as for a right one."""
    if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
        return None
    steps = [at // STEP_SECONDS + offset for offset in _TOLERANCE]
    found = [step for step in steps if hmac.compare_digest(code_at(secret, step), code)]
    return max(found, default=None)


def verify_and_burn(session: Session, vault: Vault, login: Login, code: str, at: int) -> bool:
    """True for a right code, and for the first one who brings it: of many at the same moment, one.

    No code of this step or an earlier one is taken again (RFC 6238 §5.2).
    """
    if login.totp_secret is None:
        return False
    step = matching_step(vault.decrypt(login.totp_secret), code, at)
    if step is None:
        return False
    burnt = session.execute(
        update(Login)
        .where(Login.id == login.id, Login.totp_secret == login.totp_secret, Login.totp_last_step < step)
        .values(totp_last_step=step)
        .execution_options(synchronize_session=False)
        .returning(Login.id)
    )
    return burnt.scalar() is not None
