"""Codes on paper, for the day the phone is lost: ten, each of them good for one use.

Kept under a keyed hash: whoever reads the database alone can't even try them out.
"""

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from auth.models import Login, RecoveryCode
from auth.passwords import ALPHABET, groups
from core.vault import Vault

CODES = 10
_GROUPS = 4  # 80 bits a code


def issue(session: Session, vault: Vault, login: Login) -> list[str]:
    """Ten fresh codes; those from before are void. This is the only time they can be seen."""
    withdraw(session, login)
    codes = [groups(_GROUPS) for _ in range(CODES)]
    session.add_all(RecoveryCode(login_id=login.id, code_hash=_hash(vault, login.id, code)) for code in codes)
    session.flush()
    return codes


def redeem(session: Session, vault: Vault, login: Login, code: str, at: int) -> bool:
    """True for an unused code, and for the first one who brings it. Hyphens, spaces and case don't matter."""
    used = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.login_id == login.id,
            RecoveryCode.code_hash == _hash(vault, login.id, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=at)
        .execution_options(synchronize_session=False)
        .returning(RecoveryCode.id)
    )
    return used.scalar() is not None


def left(session: Session, login_id: int) -> int:
    """How many codes are still unused."""
    unused = select(func.count()).where(RecoveryCode.login_id == login_id, RecoveryCode.used_at.is_(None))
    return session.scalar(unused) or 0


def withdraw(session: Session, login: Login) -> None:
    """No code of this person opens anything any more."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.login_id == login.id))


def _hash(vault: Vault, login_id: int, code: str) -> str:
    plain = "".join(sign for sign in code.casefold() if sign in ALPHABET)
    return vault.derive("recovery-code", f"{login_id}:{plain}")
