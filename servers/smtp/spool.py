"""Mail we have said yes to and could not hand over to everybody yet: kept on disk, tried again, in the end returned."""

import json
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

log = logging.getLogger(__name__)

# Seconds from one try to the next; after the last the sender is told.
_WAITS = (30, 120, 600, 3600, 3600 * 4, 3600 * 12, 3600 * 24)


@dataclass(frozen=True)
class Waiting:
    """One message and those who have not got it.

    `sender` is empty for the null sender; `person` is who of our own people handed it in, empty for a stranger.
    """

    key: str
    sender: str
    local: tuple[str, ...]
    outside: tuple[str, ...]
    tries: int
    due_at: int
    person: str = ""


class Spool:
    """A directory; one process works it. A message file is complete before its note appears."""

    def __init__(self, directory: Path, clock: Callable[[], float] = time.time) -> None:
        self._directory, self._clock = directory, clock
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(self, sender: str, local: Sequence[str], outside: Sequence[str], message: bytes, person: str = "") -> None:
        """Durable when this returns. Raises OSError, and nothing of it is left."""
        key = f"{int(self._clock())}-{secrets.token_hex(8)}"
        waiting = Waiting(key, sender, tuple(local), tuple(outside), 0, int(self._clock()) + _WAITS[0], person)
        try:
            _write(self._directory / f"{key}.eml", message)
            self._note(waiting)
        except OSError:
            self.done(waiting)
            raise

    def due(self) -> Iterator[tuple[Waiting, bytes]]:
        """What may be tried again now, oldest first.

        What is no note or has no message is put aside, for a person to look at; what can't be read just now waits on.
        """
        for path in sorted(self._directory.glob("*.json")):
            try:
                waiting = _read(path)
                message = (
                    (self._directory / f"{waiting.key}.eml").read_bytes() if waiting.due_at <= self._clock() else None
                )
            except (FileNotFoundError, ValueError, TypeError, KeyError):
                log.exception("unreadable in the spool", extra={"path": str(path)})
                path.rename(path.with_suffix(".unreadable"))
                continue
            except OSError:
                log.exception("not readable now", extra={"path": str(path)})
                continue
            if message is not None:
                yield waiting, message

    def done(self, waiting: Waiting) -> None:
        (self._directory / f"{waiting.key}.json").unlink(missing_ok=True)
        (self._directory / f"{waiting.key}.eml").unlink(missing_ok=True)

    def try_later(self, waiting: Waiting, local: Sequence[str], outside: Sequence[str]) -> bool:
        """Keep it for those still without it. False when it has been tried often enough. Raises OSError."""
        tries = waiting.tries + 1
        if tries >= len(_WAITS):
            return False
        due_at = int(self._clock()) + _WAITS[tries]
        self._note(replace(waiting, local=tuple(local), outside=tuple(outside), tries=tries, due_at=due_at))
        return True

    def _note(self, waiting: Waiting) -> None:
        _write(self._directory / f"{waiting.key}.json", json.dumps(asdict(waiting)).encode())


def _read(path: Path) -> Waiting:
    facts = json.loads(path.read_bytes())
    return Waiting(**facts | {"local": tuple(facts["local"]), "outside": tuple(facts["outside"])})


def _write(path: Path, data: bytes) -> None:
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink()
        raise
