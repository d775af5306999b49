"""Messages built to break a webmail, made here so that each can be read as what it is.

`messages()` yields (name, bytes); names are unique and fit for a test id. A vector that runs would change
`document.title` to "owned"; one that loads would ask `TRAP`, a host that must never be asked.
"""

from collections.abc import Iterator

from tests.hostile import bodies, bombs, charsets, headers, names, sheets, structure
from tests.hostile.build import TRAP

__all__ = ["TRAP", "bomb_names", "messages"]


def messages(trap: str = TRAP) -> Iterator[tuple[str, bytes]]:
    """Every hostile message; `trap` replaces the host (or host:port) that remote loads ask for."""
    for group in (bodies, sheets, headers, names, charsets, structure, bombs):
        for name, message in group.messages():
            yield name, message.replace(TRAP.encode(), trap.encode()) if trap != TRAP else message


def bomb_names() -> list[str]:
    """The ones that cost time or memory rather than safety."""
    return [name for name, _ in bombs.messages()]
