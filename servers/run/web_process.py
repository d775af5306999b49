"""`python -m servers.run.web_process`: the processes behind the web port.

They end on SIGTERM, once everybody has their answer, and when their standard input ends: that is held open by the
supervisor.
"""

import contextlib
import ctypes
import gc
import importlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

import waitress
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer

from core.config import Config
from core.logs import configure
from core.settings import settings
from mail.imap.pool import Eviction, Pool
from servers.run.web_channel import Channel, Edge, Patience, close_late
from servers.run.web_refusals import LARGEST_HEAD, Largest
from servers.run.web_turns import Turns
from servers.run.web_workers import Workers
from web import bounds
from web.context import EXTENSION

# Pictures fetched for readers hold no more of them than mail/images/turns.py lets.
THREADS = 24
# Every open browser tab may hold a connection. At Waitress' own limit, which is higher, nobody is accepted any more.
_CONNECTIONS = 900
_NO_MORE_CONNECTIONS = 1000
_LOOK_AFTER_SECONDS = 1
_BACKLOG = 1024
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
    config = Config.from_env(settings())
    # By name, as any WSGI server loads it: nothing here imports the application.
    app = importlib.import_module("app").create_app(config)
    gc.freeze()  # what every process has alike, all share as long as none of them touches it
    sys.exit(serve(config, app, app.extensions[EXTENSION].pool, largest=partial(bounds.largest, app)))


def anything(_method: str, _path: str, _has_key: bool) -> int:
    """For an application that says nothing about what its routes take."""
    return bounds.LARGEST


def serve(
    config: Config, application: WSGIApplication, pool: Pool | None = None, *, largest: Largest = anything
) -> int:
    """Until told to end, in as many processes as the settings say. Prints `ready` when all of them serve.

    `largest` is how many octets of body a request may bring.
    """
    workers = Workers(config.web_workers)
    listeners = bind(config)

    def work(is_ready: Callable[[], None]) -> None:
        sockets: Sockets = {}
        server = listen(config, application, sockets, listeners, workers, largest=largest)

        def end(*_: object) -> None:
            workers.is_ending = True
            drain(sockets)

        signal.signal(signal.SIGTERM, end)
        if os.environ.get("POSTROOM_LIFELINE"):
            threading.Thread(target=_end_with_parent, daemon=True).start()
        is_ready()
        server.run()

    def all_ready() -> None:
        for listener in listeners:
            listener.close()
        print("ready", flush=True)

    if pool is not None:
        pool.tell_others = lambda eviction: workers.tell(eviction.to_bytes())
        workers.heard = lambda words: pool.evict_here(Eviction.from_bytes(words))
    return workers.run(work, all_ready)


def bind(config: Config) -> list[socket.socket]:
    """A listening socket for each address that HOST has."""
    found = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)
    addresses = dict.fromkeys((family, address) for family, _kind, _protocol, _name, address in found)
    return [socket.create_server(address[:2], family=family, backlog=_BACKLOG) for family, address in addresses]


def listen(
    config: Config,
    application: WSGIApplication,
    sockets: Sockets,
    listeners: list[socket.socket],
    workers: Workers,
    *,
    largest: Largest = anything,
    patience: Patience = Patience(),  # noqa: B008  frozen
    most: int = _CONNECTIONS,
) -> Any:
    """The application on what it listens to; `sockets` fills with that and with whom it talks to.

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
        sockets=listeners,
        _dispatcher=Turns(THREADS),
        connection_limit=_NO_MORE_CONNECTIONS,
        cleanup_interval=_LOOK_AFTER_SECONDS,
        asyncore_use_poll=True,
        max_request_header_size=LARGEST_HEAD,
        ident=None,
        clear_untrusted_proxy_headers=True,
        **proxy,
    )
    edge = Edge(workers.pass_on, largest, most, patience)
    for listener in _listeners(sockets):
        listener.channel_class = partial(Channel, edge)
        listener.maintenance = partial(_look_after, listener)

    def adopt(connection: socket.socket, data: bytes) -> None:
        try:
            peer = connection.getpeername()
        except OSError:  # gone while it was passed on
            connection.close()
        else:
            Channel(edge, listener, connection, peer, listener.adj, map=sockets).received(data)

    workers.inbox(sockets, adopt)
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


def _look_after(listener: BaseWSGIServer, now: float) -> None:
    BaseWSGIServer.maintenance(listener, now)
    close_late(listener.active_channels.values())


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
