"""`python -m servers.run.housekeeping_process`: the process that shuts, counts, tells and empties the bin.

A process of its own: it needs the whole database, which the SMTP listeners must not have, and exactly one of it should
run, while there may be several web processes. It ends on SIGTERM, and when its standard input ends:
that is held open by the supervisor.
"""

import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from core.config import Config
from core.db import Database
from core.logs import configure
from core.settings import settings
from servers.dovecot.administration import doveadm_of
from servers.dovecot.guesses import GuessDesk, GuessServer, count
from servers.run.housekeeping import Housekeeper

log = logging.getLogger(__name__)

_SHUT_SECONDS = 1.0
_COUNT_SECONDS = 10.0
_TIDY_SECONDS = 3600.0


def main() -> None:
    told = settings()
    config = Config.from_env(told)
    configure(Path(os.environ["POSTROOM_LOG"]) if os.environ.get("POSTROOM_LOG") else None)
    database = Database(config.database_url)
    keeper = Housekeeper(config, database, doveadm_of(config))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if os.environ.get("POSTROOM_LIFELINE"):
        threading.Thread(target=_end_with_parent, args=(stop,), daemon=True).start()
    if desk := GuessDesk.from_text(told.get("POSTROOM_GUESSES", "")):
        server = GuessServer(desk, partial(count, database))
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    work(keeper, stop)


def work(keeper: Housekeeper, stop: threading.Event) -> None:
    """Until told to stop: shut every second, count every few, tidy at the start and then hourly."""
    # Beside the rest: counting a large mailbox for the first time takes a while, and no open door may wait for it.
    threading.Thread(target=_shut, args=(keeper, stop), daemon=True).start()
    tidy_at = -math.inf
    while not stop.is_set():
        if time.monotonic() >= tidy_at:
            _try(keeper.tidy)
            tidy_at = time.monotonic() + _TIDY_SECONDS
        else:
            _try(keeper.count)
        stop.wait(_COUNT_SECONDS)


def _shut(keeper: Housekeeper, stop: threading.Event) -> None:
    while not stop.is_set():
        _try(keeper.shut)
        stop.wait(_SHUT_SECONDS)


def _try(step: Callable[[], object]) -> None:
    """What fails now (the database is busy, say) is done next time."""
    try:
        step()
    except Exception:
        log.exception("housekeeping failed")


def _end_with_parent(stop: threading.Event) -> None:
    sys.stdin.buffer.read()
    stop.set()


if __name__ == "__main__":
    main()
