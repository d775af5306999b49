"""A port chosen for a server is still free when the server comes to listen, whatever connects meanwhile."""

import socket

import pytest

from servers.ports import hold_port


def test_a_held_port_is_given_to_nobody_but_its_server() -> None:
    with hold_port() as holder:
        port = holder.getsockname()[1]
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            # As the system does for a connection that names no port of its own.
            stranger.bind(("127.0.0.1", port))
        with (
            socket.create_server(("127.0.0.1", port)) as server,
            socket.create_connection(("127.0.0.1", port), 5) as client,
        ):
            server.accept()[0].close()
            assert client.recv(1) == b""


def test_a_held_port_answers_nobody() -> None:
    with hold_port() as holder, pytest.raises(ConnectionRefusedError):
        socket.create_connection(holder.getsockname(), 5)
