"""Codes of this moment, right and wrong, and where they are asked for."""

from auth import sign_in, totp
from core.db import now
from tests.auth.conftest import HOME, World
from tests.cast import PASSWORD, TESS, TESS_SECRET


def code_of_now(offset: int = 0, seed: str = TESS_SECRET) -> str:
    return totp.code_at(seed, now() // 30 + offset)


def wrong_code() -> str:
    right = {code_of_now(offset) for offset in range(-2, 3)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in right)


def half_signed_in(world: World) -> str:
    return sign_in.with_password(world.db, world.vault, TESS, PASSWORD, HOME).token


def whole_database(world: World) -> str:
    """Everything that is kept, as one text."""
    with world.db.engine.connect() as connection:
        tables = ("login", "web_session", "recovery_code", "app_password", "attempt")
        return "\n".join(str(connection.exec_driver_sql(f"SELECT * FROM {table}").all()) for table in tables)  # noqa: S608
