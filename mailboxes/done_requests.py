"""Doing a thing once, however often it is asked for with the same key.

What is kept is not an answer but what the request brought about, in the very transaction that did it: either both are
there or neither. An answer is made anew from it as long as that effect still holds. Once a later change undid it, the
request counts as a new one: adding, removing and adding again with one key adds again. Where a later change only put
another value (a name, a password, a right), nothing is undone: the answer says what is there now.

A key names one request. With another request it is a conflict, and so it is with another password, as long as what the
first one did holds; after that it counts as a new request.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core.db import now
from mailboxes.errors import IdempotencyConflict
from mailboxes.models import DoneRequest

KEEP_SECONDS = 86_400

Effect = Mapping[str, Any]


@dataclass(frozen=True)
class RequestMac:
    """Tells requests apart without keeping them: keyed hashes of 64 hexadecimal digits, what is secret on its own."""

    plain: str
    secret: str

    def __str__(self) -> str:
        return self.plain[:32] + self.secret[:32]

    def same_but_for_the_secret(self, kept: str) -> bool:
        return kept[:32] == self.plain[:32]


@dataclass(frozen=True)
class Earlier:
    """What was brought about with a key, and whether with the same password, too."""

    effect: Effect
    same_secret: bool


@dataclass(frozen=True)
class Place:
    """The row that stands for this key. It is held until the commit: of two requests with it, the second waits."""

    row_id: int
    earlier: Earlier | None  # None: nobody did it yet


def find(session: Session, token_id: int, key: str, request_mac: RequestMac) -> Earlier | None:
    """What was brought about with this key, for whoever only looks. Raises IdempotencyConflict."""
    query = select(DoneRequest).where(DoneRequest.token_id == token_id, DoneRequest.key == key)
    row = session.scalar(query.where(DoneRequest.created_at > now() - KEEP_SECONDS))
    return None if row is None else _earlier(row, request_mac)


def take(session: Session, token_id: int, key: str, request_mac: RequestMac) -> Place:
    """Hold the key. Raises IdempotencyConflict when it was another request's."""
    at = now()
    old = (DoneRequest.token_id == token_id, DoneRequest.created_at <= at - KEEP_SECONDS)
    session.execute(delete(DoneRequest).where(*old))
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    values = {"token_id": token_id, "key": key, "request_mac": str(request_mac), "effect": "", "created_at": at}
    # On PostgreSQL this waits for another transaction that is putting the same key in, and sees how it ended.
    made = session.scalar(insert(DoneRequest).values(values).on_conflict_do_nothing().returning(DoneRequest.id))
    if made is not None:
        return Place(made, None)
    row = session.scalars(
        select(DoneRequest).where(DoneRequest.token_id == token_id, DoneRequest.key == key).with_for_update()
    ).one()
    return Place(row.id, _earlier(row, request_mac))


def note(session: Session, place: Place, request_mac: RequestMac, effect: Effect) -> None:
    """Write down what was done and by which request, in the transaction that did it."""
    row = session.get_one(DoneRequest, place.row_id)
    row.request_mac, row.effect, row.created_at = str(request_mac), json.dumps(dict(effect)), now()


def _earlier(row: DoneRequest, request_mac: RequestMac) -> Earlier:
    if not request_mac.same_but_for_the_secret(row.request_mac):
        raise IdempotencyConflict(f"key {row.key!r} of token {row.token_id}")
    return Earlier(json.loads(row.effect), row.request_mac == str(request_mac))
