"""How often may something be tried in vain?

An attempt is counted *before* the answer is looked at, in one SQL statement: twenty guesses at the same moment are
twenty, not one. A right answer gives its attempt back.
"""

import hashlib
import ipaddress
from dataclasses import dataclass

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from auth.errors import TooManyAttempts
from auth.models import Attempt

FORGET_AFTER = 86_400
LONGEST_WAIT = 4 * 3600


@dataclass(frozen=True)
class Limit:
    """After `tries` in `window` seconds the key waits `wait` seconds; every further `tries` double the wait."""

    tries: int
    window: int
    wait: int


# Ten for one account from one network, so that a stranger's guesses elsewhere don't lock its owner out …
PASSWORD_HERE = Limit(tries=10, window=900, wait=900)
# … more for one account from anywhere, against guesses spread over many networks …
PASSWORD_ACCOUNT = Limit(tries=60, window=3600, wait=900)
# … and for one network over all accounts. An office shares one address: more than a person's mistakes.
PASSWORD_CLIENT = Limit(tries=60, window=900, wait=900)
# Ten for one account from a browser that was signed in to it before, whatever others tried from wherever.
PASSWORD_KNOWN = Limit(tries=10, window=900, wait=900)
# A six-digit code is guessed in a million: the count lives a day, so the wait grows with every five.
CODE = Limit(tries=5, window=FORGET_AFTER, wait=900)
# Letters about a forgotten password: enough for a person in trouble, too few to fill somebody's inbox …
RESET_ACCOUNT = Limit(tries=5, window=3600, wait=3600)
# … and for one network over all accounts.
RESET_CLIENT = Limit(tries=20, window=3600, wait=900)

# The same words on SQLite (3.35) and PostgreSQL. No row comes back while the key waits.
_TAKE = text(
    """
    INSERT INTO attempt (key, count, window_started_at, blocked_until) VALUES (:key, 1, :at, 0)
    ON CONFLICT (key) DO UPDATE SET
      count = CASE WHEN attempt.window_started_at + :window <= :at THEN 1 ELSE attempt.count + 1 END,
      window_started_at =
        CASE WHEN attempt.window_started_at + :window <= :at THEN :at ELSE attempt.window_started_at END,
      blocked_until = 0
    WHERE attempt.blocked_until <= :at
    RETURNING count
    """
)


def take(session: Session, key: str, limit: Limit, at: int) -> None:
    """Count one attempt. Raises TooManyAttempts, counting nothing, while the key waits."""
    count = session.execute(_TAKE, {"key": key, "at": at, "window": limit.window}).scalar()
    if count is None:
        until = session.scalar(select(Attempt.blocked_until).where(Attempt.key == key)) or at
        raise TooManyAttempts(max(until - at, 1))
    if count % limit.tries == 0:
        # The last one allowed is still looked at; should it be right, its owner gives it back.
        wait = min(limit.wait * 2 ** min(count // limit.tries - 1, 10), LONGEST_WAIT)
        session.execute(update(Attempt).where(Attempt.key == key).values(blocked_until=at + wait))


def give_back(session: Session, key: str) -> None:
    """The attempt was right: it doesn't count. Earlier wrong ones still do."""
    session.execute(
        update(Attempt).where(Attempt.key == key, Attempt.count > 0).values(count=Attempt.count - 1, blocked_until=0)
    )


def clear(session: Session, key: str) -> None:
    """Forget every attempt of this key."""
    session.execute(delete(Attempt).where(Attempt.key == key))


def forget_old(session: Session, at: int) -> None:
    """Drop what no limit asks for any more. A row that somebody else holds is left for the next time."""
    old = select(Attempt.key).where(Attempt.window_started_at <= at - FORGET_AFTER, Attempt.blocked_until <= at)
    session.execute(
        delete(Attempt)
        .where(Attempt.key.in_(old.with_for_update(skip_locked=True)))
        .execution_options(synchronize_session=False)
    )


def key(kind: str, *parts: str) -> str:
    """A key of fixed length. Hashed, because people type passwords into the wrong field."""
    return f"{kind}:{hashlib.sha256(chr(0).join(parts).encode('utf-8', 'replace')).hexdigest()}"


def known_limits(role: str, name: str, browser: str) -> tuple[tuple[str, Limit], ...]:
    """The same for a browser that was signed in to this account before; `browser` is its number."""
    return ((key("password-known", role, name, browser), PASSWORD_KNOWN),)


def password_limits(role: str, name: str, client_address: str) -> tuple[tuple[str, Limit], ...]:
    """What one password tried for this account from there counts towards: here, the account, the network.

    The mail doors read the last two by their hashes: of the name alone, and of the network alone.
    """
    client = network(client_address)
    return (
        (key("password-here", role, name, client), PASSWORD_HERE),
        (key(f"password-{role}", name), PASSWORD_ACCOUNT),
        (key("password-client", client), PASSWORD_CLIENT),
    )


def network(client_address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 an IPv6 customer gets (RFC 6177)."""
    try:
        address = ipaddress.ip_address(client_address)
    except ValueError:
        return client_address
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)
