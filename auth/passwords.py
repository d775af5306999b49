"""How are passwords kept, checked and chosen?

Argon2id (RFC 9106 §4, second recommended option: 64 MiB, three passes). One lane instead of four: the work is the
same, one sign-in never takes more than one core, and Dovecot walks lanes one after the other anyway.
"""

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from auth.common_passwords import COMMON_PASSWORDS, COMMON_STEMS
from auth.errors import WeakPassword

MIN_LENGTH = 12
MAX_LENGTH = 256
# Without 0, 1, l and o: read aloud or copied by hand they become each other. 32 signs, five bits each.
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
GROUP = 4
# Hashing holds 64 MiB each; more at once than this would be a way to use up the server's memory.
_CONCURRENT_HASHES = 4


@dataclass(frozen=True)
class Cost:
    """What one hash costs: passes, memory in KiB, lanes."""

    passes: int
    memory_kib: int
    lanes: int


FULL_COST = Cost(passes=3, memory_kib=64 * 1024, lanes=1)


class _Hashing:
    """A hasher and, beside it, a hash that nobody's password makes: for when there is nothing to compare with."""

    def __init__(self, cost: Cost) -> None:
        self.hasher = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes, type=Type.ID
        )
        self.decoy = self.hasher.hash(secrets.token_hex(32))


_room = threading.BoundedSemaphore(_CONCURRENT_HASHES)
_starting = threading.Lock()
_hashing: _Hashing | None = None


def _current() -> _Hashing:
    global _hashing
    with _starting:  # made at the first use: importing this module must cost nothing
        if _hashing is None:
            _hashing = _Hashing(FULL_COST)
        return _hashing


@contextmanager
def hashing_cost(cost: Cost) -> Iterator[None]:
    """Hash at another cost inside the block. The service itself never calls this; tests do, to be quick."""
    global _hashing
    before = _hashing
    _hashing = _Hashing(cost)
    try:
        yield
    finally:
        _hashing = before


def prepare() -> None:
    """Make the decoy now, so that the first person who comes does not wait for it."""
    _current()


def hash_password(text: str) -> str:
    """`$argon2id$…`, as argon2 implementations everywhere read it (Dovecot's among them)."""
    with _room:
        return _current().hasher.hash(_normal(text))


def verify_password(stored: str | None, text: str) -> bool:
    """True when `text` is the password. Takes as long when there is none to compare with (`stored` is None)."""
    hashing = _current()
    if len(text) > MAX_LENGTH:
        # Nobody's, and not looked at any further: bringing a long one into one spelling takes minutes.
        stored, text = None, ""
    with _room:
        try:
            hashing.hasher.verify(stored or hashing.decoy, _normal(text))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def needs_rehash(stored: str) -> bool:
    """True when the hash was made at another cost than today's."""
    return _current().hasher.check_needs_rehash(stored)


def check_strength(text: str, address: str = "") -> None:
    """Raises WeakPassword, with the reason, for a password that may not be chosen by whoever has this address."""
    if len(text) < MIN_LENGTH:
        raise WeakPassword("short", public=f"Use at least {MIN_LENGTH} characters. A few words in a row are fine.")
    if len(text) > MAX_LENGTH:
        raise WeakPassword("long", public=f"Use at most {MAX_LENGTH} characters.")
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text):
        # SASL PLAIN (RFC 4616) ends fields with NUL, and no keyboard types the others.
        raise WeakPassword("control character", public="Leave out control characters, such as tabs and line breaks.")
    if _is_common(text.casefold()):
        raise WeakPassword("common", public="That is one of the first passwords anyone would try. Choose another.")
    if _is_address(text.casefold(), address.casefold()):
        raise WeakPassword("address", public="Don't use your email address as your password.")


def generate_password() -> str:
    """A password a person can copy: five groups of four, 100 bits."""
    return groups(5)


def groups(count: int) -> str:
    """`count` groups of four random signs, joined by hyphens: 20 bits a group."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(count))


def _normal(text: str) -> bytes:
    """One spelling for what looks the same on every keyboard (RFC 8265 §4.2.2: NFC)."""
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")


def _is_common(text: str) -> bool:
    if text in COMMON_PASSWORDS or len(set(text)) < 5:
        return True
    letters = "".join(sign for sign in text if sign.isalpha())
    return letters in COMMON_STEMS or _is_run(text)


def _is_run(text: str) -> bool:
    """One step through the alphabet or the digits after the other, up or down: `abcdefghijkl`, `9876543210987`."""
    steps = {(ord(after) - ord(before)) % 10 for before, after in pairwise(text)}
    return len(steps) == 1


def _is_address(text: str, address: str) -> bool:
    """The address, its reverse, or its name part repeated or followed only by digits and punctuation."""
    if not address:
        return False
    name = address.partition("@")[0]
    if address in text or address[::-1] == text:
        return True
    return not text.replace(name, "").strip("0123456789.,;:!?@#$%&*+-_=/ ")
