"""Tokens for programs: scoped, shown once, revocable at once.

A token is 256 random bits, so a plain SHA-256 keeps it, and finding it by that hash says nothing about any other: a
wrong token, an unknown, an expired and a revoked one take the same way through here.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select, text
from sqlalchemy.orm import Session

from auth.actor import Bearer
from auth.models import ApiToken, ApiTokenDomain

MAX_NAME = 100
MOST = 200
_SHOWN = 4
_DAY = 86_400
_USE_SECONDS = 60  # how often at most the time of the last use is written


@dataclass(frozen=True)
class TokenView:
    """A token as owners see it in the list. Times are unix seconds."""

    id: int
    name: str
    ending: str
    scopes: tuple[str, ...]
    domains: tuple[int, ...] | None
    made_by: str
    created_at: int
    expires_at: int | None
    last_used_at: int | None

    def has_expired(self, at: int) -> bool:
        return self.expires_at is not None and self.expires_at <= at


@dataclass(frozen=True)
class Allowance:
    """How many requests a token has left, and in how many seconds it has all of them again."""

    limit: int
    window: int
    remaining: int
    reset: int
    exceeded: bool


def create(
    session: Session,
    prefix: str,
    account_id: int,
    name: str,
    scopes: Collection[str],
    *,
    made_by: str,
    at: int,
    days: int | None = None,
    domain_ids: Collection[int] | None = None,
) -> tuple[str, int]:
    """A new token, which can be seen only now, and its id. Who calls has checked scopes and domains."""
    token = prefix + secrets.token_urlsafe(32)
    row = ApiToken(
        account_id=account_id,
        name=" ".join(name.split())[:MAX_NAME] or "Unnamed token",
        token_sha256=_sha256(token),
        ending=token[-_SHOWN:],
        scopes=" ".join(sorted(scopes)),
        all_domains=domain_ids is None,
        made_by=made_by,
        created_at=at,
        expires_at=None if days is None else at + days * _DAY,
    )
    session.add(row)
    session.flush()
    session.add_all(ApiTokenDomain(token_id=row.id, domain_id=domain_id) for domain_id in set(domain_ids or ()))
    return token, row.id


def count(session: Session, account_id: int) -> int:
    return session.scalar(select(func.count()).where(ApiToken.account_id == account_id)) or 0


def listing(session: Session, account_id: int) -> list[TokenView]:
    """The tokens of the account, newest first."""
    query = select(ApiToken).where(ApiToken.account_id == account_id).order_by(ApiToken.id.desc())
    return [
        TokenView(
            id=row.id,
            name=row.name,
            ending=row.ending,
            scopes=tuple(row.scopes.split()),
            domains=None if row.all_domains else tuple(sorted(_domain_ids(session, row.id))),
            made_by=row.made_by,
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
        )
        for row in session.scalars(query)
    ]


def revoke(session: Session, account_id: int, token_id: int) -> str | None:
    """Its next use is refused. The name, or None when the account has no such token."""
    condition = (ApiToken.id == token_id, ApiToken.account_id == account_id)
    return session.scalar(delete(ApiToken).where(*condition).returning(ApiToken.name))


def resolve(session: Session, token: str, at: int) -> Bearer | None:
    """Whose token this is, while it is good."""
    good = or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > at)
    row = session.scalar(select(ApiToken).where(ApiToken.token_sha256 == _sha256(token), good))
    if row is None:
        return None
    return Bearer(
        token_id=row.id,
        account_id=row.account_id,
        name=row.name,
        scopes=frozenset(row.scopes.split()),
        domain_ids=None if row.all_domains else frozenset(_domain_ids(session, row.id)),
    )


# The same words on SQLite and PostgreSQL: counting, starting a new window and noting the use are one statement, so
# requests that arrive together are counted one by one.
_COUNT = text(
    """
    UPDATE api_token SET
      window_count = CASE WHEN window_started_at + :window <= :at THEN 1 ELSE window_count + 1 END,
      window_started_at = CASE WHEN window_started_at + :window <= :at THEN :at ELSE window_started_at END,
      last_used_at = CASE WHEN last_used_at IS NULL OR last_used_at + :seldom <= :at THEN :at ELSE last_used_at END
    WHERE id = :id
    RETURNING window_count, window_started_at
    """
)


def use(session: Session, token_id: int, limit: int, at: int, *, window: int = 60) -> Allowance:
    """Count one request of this token, and say what is left."""
    values = {"id": token_id, "at": at, "window": window, "seldom": _USE_SECONDS}
    row = session.execute(_COUNT, values).one_or_none()
    counted, started = row or (1, at)
    return Allowance(limit, window, max(limit - counted, 0), max(started + window - at, 1), counted > limit)


def _domain_ids(session: Session, token_id: int) -> list[int]:
    return list(session.scalars(select(ApiTokenDomain.domain_id).where(ApiTokenDomain.token_id == token_id)))


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
