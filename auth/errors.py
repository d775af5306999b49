"""What can go wrong while someone proves who they are."""

from core.errors import PostroomError


def _wait(seconds: int) -> str:
    """A waiting time in words, rounded up: never promise an earlier moment."""
    minutes = -(-max(seconds, 1) // 60)
    if minutes <= 90:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    return f"{-(-minutes // 60)} hours"


class AuthError(PostroomError):
    """The root of this room's errors; none of them says whether an address exists."""

    code = "auth_error"
    status = 403


class WrongCredentials(AuthError):
    """Address and password don't open anything together: for whatever reason, in the same words."""

    code = "wrong_credentials"
    public = "That email address and password don't match. Check both and try again."


class WrongPassword(AuthError):
    """A signed-in person gave another password than theirs."""

    code = "wrong_password"
    public = "That isn't your current password."


class WrongCode(AuthError):
    """Neither the code of this moment nor an unused recovery code."""

    code = "wrong_code"
    public = "That code isn't right, or it was used already. Wait for the next one and try again."


class SignInExpired(AuthError):
    """The password step is too long ago, or was never made in this browser."""

    code = "sign_in_expired"
    public = "That took too long. Sign in again."


class ResetExpired(AuthError):
    """The link of a forgotten password was used, ran out, or never was one."""

    code = "reset_expired"
    status = 410
    public = "This link was used already, or it is older than 30 minutes. Ask for a new one."


class TooManyAttempts(AuthError):
    """Nothing is checked before `retry_after` seconds have passed, not even the right answer."""

    code = "too_many_attempts"
    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            f"blocked for {retry_after} s",
            public=f"Too many attempts. Wait {_wait(retry_after)}, then try again.",
        )
        self.retry_after = retry_after


class WeakPassword(AuthError):
    """A password that may not be chosen; `public` says why."""

    code = "weak_password"
    status = 422


class SecondFactorState(AuthError):
    """The second factor is not in the state this step needs: it was switched on or off meanwhile."""

    code = "second_factor_state"
    status = 409
    public = "Your second factor was changed meanwhile. Look at its current state before you go on."


class TooManyAppPasswords(AuthError):
    """The list of app passwords is full."""

    code = "too_many_app_passwords"
    status = 409
    public = "You have as many app passwords as one person can have. Revoke one you no longer use first."


class Unauthenticated(AuthError):
    """No token, or none that is good: wrong, unknown, expired and revoked in the same words."""

    code = "unauthenticated"
    status = 401
    public = "This request needs a valid API token."


class RateLimited(AuthError):
    """A token asked too often; it may again in `retry_after` seconds."""

    code = "rate_limited"
    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"for {retry_after} s", public=f"Too many requests. Wait {retry_after} s, then try again.")
        self.retry_after = retry_after
