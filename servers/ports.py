"""Ports of this machine that are chosen now and listened on later."""

import socket


def hold_port() -> socket.socket:
    """A free port of 127.0.0.1, bound but not listened on, so that no connection is given it until a server takes it.

    That server must set SO_REUSEADDR, as Dovecot, PostgreSQL, asyncio, waitress and `http.server` do. Only looking for
    a port and closing it again would leave it to whoever opens a connection next.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder
