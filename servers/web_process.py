"""`python -m servers.web_process`: the process behind the web port.

It ends on SIGTERM, and when its standard input ends: that is held open by the supervisor.
"""

import contextlib
import ctypes
import importlib
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

import waitress

from core.config import Config
from core.logs import configure
from servers.web_refusals import Channel

# Pictures fetched for readers hold no more of them than mail/image_turns.py lets.
THREADS = 24
# Waitress accepts nobody any more at its limit, and every open browser tab may hold a connection.
_CONNECTIONS = 1000
_LARGEST_REQUEST = 64 * 1024 * 1024
_M_ARENA_MAX = -8  # mallopt(3), glibc


def main() -> None:
    configure(Path(os.environ["POSTROOM_LOG"]) if os.environ.get("POSTROOM_LOG") else None)
    # A line for each time all threads are busy is noise; how long people wait is measured elsewhere.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    _share_arenas()
    config = Config.from_env(os.environ)
    # By name, as any WSGI server loads it: nothing here imports the application.
    server = listen(config, importlib.import_module("app").create_app(config))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if os.environ.get("POSTROOM_LIFELINE"):
        threading.Thread(target=_end_with_parent, daemon=True).start()
    print("ready", flush=True)
    server.run()


def listen(config: Config, application: WSGIApplication) -> Any:
    """The application on its port. Who a request comes from is believed of the trusted proxy alone (RFC 7239 §8.1)."""
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
    server.channel_class = Channel
    return server


def _share_arenas() -> None:
    """Two for all threads: with one each, every thread would keep what its largest message once took."""
    with contextlib.suppress(OSError, AttributeError):  # another C library has none
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
