"""One call of a program: reading in one transaction, changing in one, and changing once per Idempotency-Key."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from flask import g, request

from api.rest.answers import Answer
from api.rest.guard import Caller, current_caller, sent
from core.db import Session
from core.vault import Vault
from mailboxes import done_requests
from mailboxes.administration import Administration
from mailboxes.done_requests import Earlier, Effect, RequestMac
from mailboxes.errors import IdempotencyConflict
from web.context import Services, services

A = TypeVar("A", bound=Answer)

# Under this name an effect keeps a generated password, sealed so that only a repetition by the same bearer opens it.
_SEALED = "sealed"
# Two requests that differ in this field alone are one another's repetition, and the first holds until it is undone.
_SECRET_FIELD = "password"  # noqa: S105  the name of a field
# In one of these the second of two requests with one key waits for the first, before it prepares anything.
_TURNS = [threading.Lock() for _ in range(64)]


@dataclass(frozen=True)
class Done:
    """What a change brought about: facts that are kept, and a generated password, which is kept only sealed."""

    facts: Effect
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Change(Generic[A]):
    """`do` makes the change. `tell` answers from the state as it is; None when the change doesn't hold any more.

    `prepare` does what takes long, before a transaction holds anything. When only a part was undone since, `redo` makes
    that part good; without it, `do` makes the whole change again.
    """

    do: Callable[[Session], Done]
    tell: Callable[[Session, Done], A | None]
    prepare: Callable[[], None] = lambda: None
    redo: Callable[[Session], Done] | None = None


@dataclass(frozen=True)
class Call:
    """What a view works with."""

    caller: Caller
    services: Services

    @property
    def admin(self) -> Administration:
        return self.caller.admin

    @classmethod
    def current(cls) -> "Call":
        return cls(current_caller(), services())


def perform(change: Change[A], key: str | None) -> A:
    """Make the change, once for this key, and answer. What is told was true in the transaction it was told from."""
    call = Call.current()
    if key is not None:
        with _TURNS[hash((call.caller.bearer.token_id, key)) % len(_TURNS)]:
            return _once(change, call, key)
    change.prepare()
    with call.services.db.write() as session:
        return _told(change, session, change.do(session))


def _once(change: Change[A], call: Call, key: str) -> A:
    vault, request_mac = _vault(call, key), _request_mac(call)
    with call.services.db.read() as session:
        earlier = done_requests.find(session, call.caller.bearer.token_id, key, request_mac)
        answer = _told_again(change, session, vault, earlier)
    if answer is not None:
        return answer
    change.prepare()
    with call.services.db.write() as session:
        place = done_requests.take(session, call.caller.bearer.token_id, key, request_mac)
        answer = _told_again(change, session, vault, place.earlier)
        if answer is not None:
            return answer
        make = change.do if place.earlier is None else change.redo or change.do
        done = make(session)
        done_requests.note(session, place, request_mac, _sealed(vault, done))
        return _told(change, session, done)


def _told_again(change: Change[A], session: Session, vault: Vault, earlier: Earlier | None) -> A | None:
    """The answer to a repetition, as long as what the first one did holds.

    Raises IdempotencyConflict when it holds and this one brings another password.
    """
    answer = None if earlier is None else change.tell(session, _unsealed(vault, earlier.effect))
    if answer is not None and earlier is not None and not earlier.same_secret:
        raise IdempotencyConflict(
            "another password",
            public="This Idempotency-Key was used with another password before, and what was done then still holds. "
            "To set a new password, send the request with a fresh key.",
        )
    g.replayed = answer is not None
    return answer


def _told(change: Change[A], session: Session, done: Done) -> A:
    session.flush()
    answer = change.tell(session, done)
    if answer is None:
        raise RuntimeError("a change doesn't hold in the transaction that made it")
    return answer


def _request_mac(call: Call) -> RequestMac:
    """Tells this request from others. Keyed, as the body may hold a password."""
    secret = sent().get(_SECRET_FIELD)
    # With a password and without one are two requests: the second asks for one to be made.
    plain = {name: value for name, value in sent().items() if name != _SECRET_FIELD} | {_SECRET_FIELD: secret is None}
    derive = call.services.vault.derive
    return RequestMac(
        derive("done-request", f"{request.method} {request.full_path} {json.dumps(plain, sort_keys=True)}"),
        derive("done-request-secret", json.dumps(secret, sort_keys=True)),
    )


def _vault(call: Call, key: str) -> Vault:
    """Opens only with the token, of which the database has a hash, and the key the caller chose."""
    return Vault(call.services.vault.derive("done-request-seal", f"{call.caller.token_mac} {key}"))


def _sealed(vault: Vault, done: Done) -> Effect:
    return {**done.facts, _SEALED: vault.encrypt(done.password)} if done.password else done.facts


def _unsealed(vault: Vault, effect: Mapping[str, Any]) -> Done:
    facts = {name: value for name, value in effect.items() if name != _SEALED}
    return Done(facts, vault.decrypt(effect[_SEALED]) if _SEALED in effect else "")
