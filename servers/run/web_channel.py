"""A connection: passed on to another process before a request is begun here, and closed when it lets others wait."""

import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer

from servers.run.web_refusals import Largest, Refusal, Request

PassOn = Callable[[socket.socket, bytes], bool]

# How far somebody who was refused is heard out: no form of ours is longer.
_HEARD_OUT = 64 * 1024 * 1024


@dataclass(frozen=True)
class Patience:
    """Seconds for the head of a request, for its body (and one more for so many octets), for taking some of an answer.

    `refused` is how long somebody who was refused may go on sending.
    """

    head: float = 20
    body: float = 60
    octets_a_second: int = 4096
    answer: float = 60
    refused: float = 30


@dataclass(frozen=True)
class Edge:
    """What every connection of a process goes by. Beyond `most` of them the one that has waited longest makes room."""

    pass_on: PassOn
    largest: Largest
    most: int
    patience: Patience


class Channel(HTTPChannel):  # type: ignore[misc]
    """One connection."""

    error_task_class = Refusal
    close_when_flushed: bool
    hears_out = False  # it was refused, and what it still sends is read and thrown away

    def __init__(
        self, edge: Edge, server: BaseWSGIServer, connection: socket.socket, *given: Any, **named: Any
    ) -> None:
        self._edge = edge
        self.parser_class = partial(Request, edge.largest)
        self._began = time.monotonic()
        self._is_half_closed, self._thrown_away = False, 0
        super().__init__(server, connection, *given, **named)
        if len(server.active_channels) > edge.most:
            _make_room(server.active_channels.values(), self)

    def received(self, data: bytes) -> bool:
        if self._is_half_closed:
            self._thrown_away += len(data)
            if self._thrown_away > _HEARD_OUT:
                self.handle_close()
            return True
        if self._is_between_requests():
            if self._edge.pass_on(self.socket, data):
                self.handle_close()
                return True
            self._began = time.monotonic()
        return bool(super().received(data))

    def handle_write(self) -> None:
        """Of somebody refused only our half is closed: with all of it, the answer would be lost (RFC 9112 §9.6)."""
        if not (self.hears_out and self.close_when_flushed):
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if self.will_close:
            self.handle_close()
        elif not self.total_outbufs_len:
            self.close_when_flushed, self._is_half_closed, self._began = False, True, time.monotonic()
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:  # gone
                self.handle_close()

    def is_waiting(self) -> bool:
        """Nothing of it is being answered."""
        return not (self.requests or self.total_outbufs_len)

    def is_late(self) -> bool:
        """Whether others have waited long enough for what this one sends or takes."""
        patience, waited = self._edge.patience, time.monotonic() - self._began
        if self._is_half_closed:
            return waited > patience.refused
        if self.total_outbufs_len:
            return bool(time.time() - self.last_activity > patience.answer)
        if self.requests or self.request is None:
            return False  # being answered; or between two requests, as long as the server lets
        if not self.request.headers_finished:
            return waited > patience.head
        return bool(waited > patience.body + self.request.content_length / patience.octets_a_second)

    def _is_between_requests(self) -> bool:
        with self.requests_lock:
            busy = self.request or self.requests or self.total_outbufs_len
            return not (busy or self.will_close or self.close_when_flushed)


def close_late(channels: Iterable[Channel]) -> None:
    """Close whoever is late. For the loop that serves them, now and then."""
    for channel in channels:
        if channel.is_late():
            channel.will_close = True


def _make_room(channels: Iterable[Channel], newest: Channel) -> None:
    waiting = [one for one in channels if one is not newest and one.is_waiting() and not one.will_close]
    if waiting:
        min(waiting, key=lambda one: one.last_activity).will_close = True
