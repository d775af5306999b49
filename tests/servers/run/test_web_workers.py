"""The web is several processes: everybody stays with one of them, each hears what another closes, all end together."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mail.imap.pool import Eviction, Pool
from servers.child import ROOT
from servers.run.web_workers import Workers
from tests.servers.harness import free_ports
from tests.waiting import PATIENCE, until

# Says which process answers, and how much it was sent; /tell tells the others, /heard says what was heard.
HOUSE = """
import json, os, time
from core.config import Config
from mail.imap.pool import Eviction, Pool
from servers.run.web_process import serve

class Told(Pool):
    def evict_here(self, eviction):
        heard.append([eviction.owner, eviction.mailbox, eviction.person])
        return super().evict_here(eviction)

heard, pool = [], Told("127.0.0.1", 1)

def house(environ, start):
    path = environ["PATH_INFO"]
    if path == "/tell":
        pool.evict(owner=7, mailbox="support@brand-a.test")
    if path == "/slow":
        os.write(1, b"inside\\n")
        time.sleep(1)
    body = environ["wsgi.input"].read()
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps([os.getpid(), len(body), environ["REMOTE_ADDR"], heard]).encode()]

raise SystemExit(serve(Config.from_env(os.environ), house, pool))
"""


class Web:
    def __init__(self, place: Path) -> None:
        self.port = free_ports(1)[0]
        settings = {"PATH": os.environ["PATH"], "PORT": str(self.port), "DATA_DIR": str(place), "WEB_WORKERS": "3"}
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and words
            [sys.executable, "-c", HOUSE], cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(
        self, person: str, path: str = "/", body: bytes | None = None, line: http.client.HTTPConnection | None = None
    ) -> tuple[int, int, str, list[list[object]]]:
        """One request with somebody's cookie: who answered, octets it was sent, from where, what it had heard."""
        line, is_own = line or self.connect(), line is None
        head = {"Cookie": f"form=x; postroom={person}; other=y"} if person else {}
        line.request("POST" if body else "GET", path, body, head)
        answer = json.loads(line.getresponse().read())
        if is_own:
            line.close()
        return answer[0], answer[1], answer[2], answer[3]

    def end(self) -> int:
        self.process.terminate()
        code = self.process.wait(20)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    web = Web(tmp_path)
    yield web
    web.end()


PEOPLE = [f"session-{number}" for number in range(12)]


def test_everybody_is_served_by_one_process_whoever_took_the_connection(web: Web) -> None:
    homes = {person: {web.ask(person)[0] for _ in range(8)} for person in PEOPLE}
    assert {len(pids) for pids in homes.values()} == {1}
    assert len(set().union(*homes.values())) == 3


def test_a_program_stays_where_its_token_was_seen_first(web: Web) -> None:
    seen = set()
    for _ in range(8):
        line = web.connect()
        line.request("GET", "/api/v1/me", headers={"Authorization": "Bearer pr_live_x"})
        seen.add(json.loads(line.getresponse().read())[0])
        line.close()
    assert len(seen) == 1


def test_a_proxys_connection_moves_on_with_whoever_asks(web: Web) -> None:
    homes = {person: web.ask(person)[0] for person in PEOPLE}
    line = web.connect()
    for person in PEOPLE * 3:
        assert web.ask(person, line=line)[0] == homes[person]
    line.close()


def test_what_was_sent_along_goes_along(web: Web) -> None:
    for person in PEOPLE:
        answer = web.ask(person, body=b"x" * 3_000_000)
        assert answer[1:3] == (3_000_000, "127.0.0.1")


def test_requests_sent_ahead_are_answered_in_order(web: Web) -> None:
    """RFC 9112 section 9.3.2: a client may not wait for one answer before it asks the next thing."""
    for person in PEOPLE[:3]:
        line = web.connect()
        line.connect()
        asked = f"GET /{{}} HTTP/1.1\r\nHost: x\r\nCookie: postroom={person}\r\n\r\n".encode()
        assert line.sock is not None
        line.sock.sendall(asked.replace(b"{}", b"slow") + asked.replace(b"{}", b"quick"))
        heard = b""
        while heard.count(b"HTTP/1.1 200 OK") < 2:
            more = line.sock.recv(65536)
            assert more
            heard += more
        line.close()


def test_what_one_closes_all_close(web: Web) -> None:
    homes = {web.ask(person)[0]: person for person in PEOPLE}
    teller = next(iter(homes.values()))
    web.ask(teller, "/tell")
    told = [[7, "support@brand-a.test", None]]
    until(lambda: [web.ask(person)[3] for person in homes.values()] == [told] * 3)


def test_whoever_has_asked_is_answered_before_all_of_them_end(web: Web) -> None:
    lines = [web.connect() for _ in PEOPLE]
    for line, person in zip(lines, PEOPLE, strict=True):
        line.request("GET", "/slow", headers={"Cookie": f"postroom={person}"})
    assert web.process.stdout is not None
    assert [web.process.stdout.readline() for _ in PEOPLE] == [b"inside\n"] * len(PEOPLE)
    web.process.terminate()
    assert [line.getresponse().status for line in lines] == [200] * len(PEOPLE)
    assert web.process.wait(PATIENCE) == 0
    for line in lines:
        line.close()


def test_half_a_web_server_is_none(web: Web) -> None:
    """When one process dies, the others end as well: whoever looks after them starts all of them again."""
    os.kill(web.ask(PEOPLE[0])[0], signal.SIGKILL)
    assert web.process.wait(PATIENCE) == 1
    with pytest.raises(OSError, match="refused"):
        web.connect().connect()


def test_none_of_them_outlives_the_one_that_made_them(web: Web) -> None:
    pids = {web.ask(person)[0] for person in PEOPLE}
    web.process.kill()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_a_process_with_its_hands_full_is_not_waited_for() -> None:
    """Nobody reads the other's inbox: connections stay where they are, and telling it something gives up."""
    workers, here = Workers(2), []
    connection, other_end = socket.socketpair()
    with connection, other_end:
        for person in PEOPLE * 1000:
            asked = f"GET / HTTP/1.1\r\nCookie: postroom={person}\r\n\r\n".encode()
            here.append(not workers.pass_on(connection, asked))
    assert {True, False} == set(here[:100])
    assert all(here[-100:])
    assert workers.tell(b"closed") is False
    workers.close()


def test_an_eviction_is_what_it_was_on_the_other_side() -> None:
    one = Eviction(owner=3, mailbox="support@brand-a.test")
    assert Eviction.from_bytes(one.to_bytes()) == one
    told: list[Eviction] = []
    pool = Pool("127.0.0.1", 1)
    pool.tell_others = told.append
    pool.evict(owner=3, mailbox="support@brand-a.test")
    pool.close_all()
    assert told == [one]
