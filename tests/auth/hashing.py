"""What Argon2 is really asked to do, counted where its library is entered."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from argon2 import low_level


@contextmanager
def comparisons() -> Iterator[list[str]]:
    """Of each hash that a password is compared with inside the block, in this thread: what it costs.

    `$argon2id$v=19$m=65536,t=3,p=1`: Argon2's work is decided by these parameters (RFC 9106 §3.2) and by the length of
    what is hashed, so the same list is the same work, however long this machine takes for it.
    """
    asked: list[str] = []

    def watch(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code is low_level.verify_secret.__code__:
            asked.append(frame.f_locals["hash"].decode().rpartition("$")[0].rpartition("$")[0])

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield asked
    finally:
        sys.setprofile(before)
