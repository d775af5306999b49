"""`python -m servers.web_process`: the process behind the web port.

It ends on SIGTERM, once everybody has their answer, and when its standard input ends: that is held open by the
supervisor.
"""

import contextlib
import ctypes
import importlib
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

import waitress
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer

from core.config import Config
from core.logs import configure
from servers.web_refusals import Channel

# Pictures fetched for readers hold no more of them than mail/image_turns.py lets.
THREADS = 24
# Waitress accepts nobody any more at its limit, and every open browser tab may hold a connection.
_CONNECTIONS = 1000
_LARGEST_REQUEST = 64 * 1024 * 1024
_M_ARENA_MAX = -8  # mallopt(3), glibc
# The supervisor insists after ten.
_DRAIN_SECONDS = 8.0
_LOOK_SECONDS = 0.05

Sockets = dict[int, Any]


def main() -> None:
    configure(Path(os.environ["POSTROOM_LOG"]) if os.environ.get("POSTROOM_LOG") else None)
    # A line for each time all threads are busy is noise; how long people wait is measured elsewhere.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    _share_arenas()
    config = Config.from_env(os.environ)
    # By name, as any WSGI server loads it: nothing here imports the application.
    sockets: Sockets = {}
    server = listen(config, importlib.import_module("app").create_app(config), sockets)
    signal.signal(signal.SIGTERM, lambda *_: drain(sockets))
    if os.environ.get("POSTROOM_LIFELINE"):
        threading.Thread(target=_end_with_parent, daemon=True).start()
    print("ready", flush=True)
    server.run()


def listen(config: Config, application: WSGIApplication, sockets: Sockets) -> Any:
    """The application on its port; `sockets` fills with what the server listens on and whom it talks to.

    Who a request comes from is believed of the trusted proxy alone (RFC 7239 §8.1).
    """
    proxy = (
        {
            "trusted_proxy": config.trusted_proxy,
            "trusted_proxy_count": 1,
            "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
        }
        if config.trusted_proxy
        else {}
    )
    server = waitress.create_server(
        application,
        map=sockets,
        host=config.host,
        port=config.port,
        threads=THREADS,
        connection_limit=_CONNECTIONS,
        asyncore_use_poll=True,
        max_request_body_size=_LARGEST_REQUEST,
        ident=None,
        clear_untrusted_proxy_headers=True,
        **proxy,
    )
    for listener in _listeners(sockets):
        listener.channel_class = Channel
    return server


def drain(sockets: Sockets) -> None:
    """Take nobody new, and end the process as soon as everybody who is here has their answer.

    For the main thread, from a signal's handler. Raises SystemExit, now or from the alarm it sets.
    """
    for listener in _listeners(sockets):
        listener.del_channel()
        listener.socket.close()
    patient_until = time.monotonic() + _DRAIN_SECONDS

    def look(*_: object) -> None:
        channels = [one for one in sockets.values() if isinstance(one, HTTPChannel)]
        if time.monotonic() > patient_until or not any(one.requests or one.total_outbufs_len for one in channels):
            signal.setitimer(signal.ITIMER_REAL, 0)
            sys.exit(0)

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _LOOK_SECONDS, _LOOK_SECONDS)


def _listeners(sockets: Sockets) -> list[Any]:
    """One for each address that the host's name has."""
    return [one for one in sockets.values() if isinstance(one, BaseWSGIServer)]


def _share_arenas() -> None:
    """Two for all threads: with one each, every thread would keep what its largest message once took."""
    with contextlib.suppress(OSError, AttributeError):  # another C library has none
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
