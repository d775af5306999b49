"""`make run` without make: what starts, what it prints, what stops it."""

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.child import ROOT
from tests.servers.harness import free_ports
from tests.waiting import PATIENCE, until


class House:
    """One data directory with its ports, started and stopped as often as a test likes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port, self.imap, self.submission, self.smtp, self.mcp = free_ports(5)
        self.running: list[subprocess.Popen[str]] = []

    def start(self, **settings: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(self.directory / "data"),
            "PORT": str(self.port),
            "IMAP_PORT": str(self.imap),
            "SUBMISSION_PORT": str(self.submission),
            "SMTP_PORT": str(self.smtp),
            "MCP_PORT": str(self.mcp),
            "ASSETS": "local",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "servers.run.supervisor"],
            cwd=ROOT,
            env=environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.running.append(process)
        return process

    def serve(self, **settings: str) -> subprocess.Popen[str]:
        """Start, and wait for the line that says so."""
        process = self.start(**settings)
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("Ready: "):
                assert line == f"Ready: http://127.0.0.1:{self.port}\n"
                return process
        raise AssertionError(f"it ended before it was ready: {said}")

    def refuses(self, **settings: str) -> str:
        """Start what can't start; its only line."""
        process = self.start(**settings)
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1
        assert said.count("\n") == 1, said
        return said

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def open_ports(self) -> list[int]:
        ports = (self.port, self.imap, self.submission, self.smtp, self.mcp)
        return [port for port in ports if _is_open(port)]


@pytest.fixture
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="postroom-") as place:
        Path(place).chmod(0o755)
        house = House(Path(place))
        yield house
        for process in house.running:
            if process.poll() is None:
                process.terminate()
            with contextlib.suppress(ValueError):
                process.communicate(timeout=PATIENCE)


def test_it_starts_stops_and_keeps_every_message(house: House) -> None:
    first = house.serve()
    assert house.answers()
    assert len(house.open_ports()) == 5
    second = house.refuses()
    assert "running already" in second
    first.send_signal(signal.SIGINT)
    assert first.communicate(timeout=PATIENCE)[0].endswith("Stopped.\n")
    assert first.returncode == 0
    assert house.open_ports() == []
    kept = _messages(house)
    assert len(kept) > 100
    again = house.serve()
    assert _messages(house) == kept
    again.terminate()
    assert again.communicate(timeout=PATIENCE)[0].endswith("Stopped.\n")
    assert house.open_ports() == []


def test_an_empty_house_says_how_somebody_moves_in(house: House) -> None:
    first = house.serve(DEMO="0")
    assert first.stdout is not None
    said = "".join(first.stdout.readline() for _line in range(4))
    first.terminate()
    first.communicate(timeout=PATIENCE)
    assert "Nobody can sign in yet." in said
    (command,) = re.findall(r"^  (DATA_DIR=.*)$", said, re.MULTILINE)
    made = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S602
    assert "olive@example.com" in made.stdout
    again = house.serve(DEMO="0")
    again.terminate()
    assert again.stdout is not None
    assert "Nobody" not in again.stdout.read()


def test_after_a_crash_of_everything_it_starts_again(house: House) -> None:
    process = house.serve()
    dovecot = int((house.directory / "data/run/dovecot/master.pid").read_text())
    process.kill()
    process.wait()
    os.kill(dovecot, signal.SIGKILL)
    house.serve()
    assert house.answers()


def test_dovecot_is_started_again_when_it_dies(house: House) -> None:
    house.serve()
    pid_file = house.directory / "data/run/dovecot/master.pid"
    before = pid_file.read_text()
    os.kill(int(before), signal.SIGKILL)
    until(lambda: pid_file.exists() and pid_file.read_text() != before)
    until(lambda: len(house.open_ports()) == 5)


def test_a_taken_port_is_one_clear_line(house: House) -> None:
    with socket.create_server(("127.0.0.1", house.imap)):
        said = house.refuses()
    assert said == f"Port {house.imap} on 127.0.0.1 is in use: stop what uses it, or choose another with IMAP_PORT=.\n"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"HOST": "0.0.0.0"}, "not a loopback address"),  # noqa: S104 - refused
        ({"PORT": "http"}, "is not a port"),
        ({"IMAP_PORT": "65536"}, "is not a port"),
        ({"DATABASE_URL": "mysql://x"}, "must start with"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}, "The database can't be used"),
        ({"DATA_DIR": "/proc/nowhere"}, "can't be made"),
        ({"DATA_DIR": __file__}, "can't be made"),
        ({"SMTP_PORT": "2525", "SUBMISSION_PORT": "2525"}, "five different ports"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(house: House, settings: dict[str, str], words: str) -> None:
    assert words in house.refuses(**settings)


def _messages(house: House) -> set[str]:
    found = (house.directory / "data/mail").rglob("cur/*")
    return {path.name.partition(":")[0] for path in found}


def _is_open(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


def test_no_process_that_is_started_has_a_secret_in_its_environment(house: House) -> None:
    key = "k" * 40
    process = house.serve(SECRET_KEY=key, DATABASE_URL=f"sqlite:///{house.directory}/data/postroom.db")
    seen = 0
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environment = (entry / "environ").read_bytes()
            if str(house.directory).encode() in environment + (entry / "cmdline").read_bytes():
                if int(entry.name) == process.pid:  # what it was started with is its starter's
                    continue
                seen += 1
                assert not re.search(rb"DATABASE_URL=|SECRET_KEY=|POSTROOM_GUESSES=|%b" % key.encode(), environment)
    assert seen >= 5  # Dovecot, both doors' process, the web, the tools, the housekeeper
