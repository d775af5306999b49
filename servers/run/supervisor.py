"""`python -m servers.run.supervisor`: everything behind `make run`, started in order, watched, stopped together."""

import contextlib
import fcntl
import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from sqlalchemy import exists, select
from sqlalchemy.exc import OperationalError, ProgrammingError

from auth.models import Login
from core.config import Config, ConfigError
from core.db import Database
from core.vault import Vault
from mailboxes.naming import refresh_looks
from migrations.migrate import upgrade
from servers.child import Child
from servers.demo.seeding import seed
from servers.dovecot.guesses import GuessDesk
from servers.dovecot.server import Dovecot, stop_stale
from servers.files import give_tree, make_directory
from servers.ports import hold_port
from servers.run.reader_role import reader_url
from servers.run.start_words import warnings, welcome
from servers.service_user import ServiceUser, service_user
from servers.smtp.child import smtp_child
from servers.trouble import ServerTrouble

_LOOK_SECONDS = 0.5
_LONGEST_WAIT = 30.0
_CALM_SECONDS = 60.0
_ANSWER_SECONDS = 30.0


class Stopped(BaseException):
    """Somebody pressed Ctrl-C, or the system asked us to end."""


class Stack:
    """Dovecot, the SMTP listeners and the web server of one data directory."""

    def __init__(self, config: Config, user: ServiceUser) -> None:
        self._config, self._user = config, user
        self._dovecot: Dovecot | None = None
        self._children: list[Child] = []
        self._desk_port = hold_port()
        self._crashes, self._started_at, self._not_before = 0, 0.0, 0.0

    def prepare(self) -> bool:
        """Database, demo world, ownership. Whether somebody can sign in by now. Raises ServerTrouble."""
        make_directory(self._config.data_dir, self._user)
        database = Database(self._config.database_url)
        try:
            upgrade(database)
            refresh_looks(database)
            if self._config.demo:
                seed(self._config, database, Vault.of(self._config), self._user)
            with database.read() as session:
                inhabited = bool(session.scalar(select(exists(select(Login.id)))))
        except (OperationalError, ProgrammingError) as error:
            raise ServerTrouble(f"The database can't be used: {str(error.orig).splitlines()[0]}") from error
        finally:
            database.dispose()
        for name in ("run", "log", "secrets", "spool"):
            make_directory(self._config.data_dir / name)
            give_tree(self._config.data_dir / name, self._user)
        for path in self._config.data_dir.glob("postroom.db*"):
            give_tree(path, self._user)
        return inhabited

    def start(self) -> None:
        """All of them, each when the one before it answers. Raises ServerTrouble."""
        reader = reader_url(self._config)
        guesses = GuessDesk.at(self._desk_port.getsockname()[1], self._config)
        self._dovecot = Dovecot(self._config, self._user, database_url=reader, more=guesses.dovecot_settings)
        self._dovecot.start()
        self._started_at = time.monotonic()
        settings, logs = _resolved(self._config), self._config.log_dir
        self._children = [
            smtp_child(self._config, self._user, reader, guesses),
            Child("servers.run.web_process", self._user, settings, logs / "web.log"),
            Child("api.mcp.process", self._user, settings, logs / "mcp.log"),
            Child(
                "servers.run.housekeeping_process",
                self._user,
                settings | {"POSTROOM_GUESSES": str(guesses)},
                logs / "housekeeping.log",
            ),
        ]
        for child in self._children:
            child.start()

    def look_after(self) -> None:
        """Call now and then. Dovecot is started again, ever more slowly; the others ending ends everything."""
        for child in self._children:
            if not child.is_running():
                raise ServerTrouble(f"{child.module} ended unexpectedly; see {self._config.log_dir}.")
        if self._dovecot is None or self._dovecot.is_running() or time.monotonic() < self._not_before:
            return
        if time.monotonic() - self._started_at > _CALM_SECONDS:
            self._crashes = 0
        self._crashes += 1
        self._not_before = time.monotonic() + min(2.0**self._crashes, _LONGEST_WAIT)
        _say(f"Dovecot ended unexpectedly; starting it again (see {self._config.log_dir / 'dovecot.log'}).")
        try:
            self._dovecot.start()
        except ServerTrouble as trouble:
            _say(str(trouble))
        self._started_at = time.monotonic()

    def stop(self) -> None:
        """The tool server and the web first, so that nobody is answered by half a house."""
        for child in reversed(self._children):
            child.stop()
        if self._dovecot is not None:
            self._dovecot.stop()
        self._desk_port.close()


def main() -> None:
    try:
        run(_settings(), service_user())
    except (ConfigError, ServerTrouble) as trouble:
        _fail(str(trouble))
    except Stopped:
        _say("Stopped.")


def _settings() -> Config:
    """With links in DATA_DIR followed: the servers' account may not be let through to the link itself."""
    data_dir = Path(os.environ.get("DATA_DIR") or "data").resolve()
    return Config.from_env(os.environ | {"DATA_DIR": str(data_dir)})


def run(config: Config, user: ServiceUser) -> None:
    """Serve until told to stop: then raises Stopped. Raises ServerTrouble for what keeps it from serving."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    _check_place(config, user)
    with _only_one(config):
        stop_stale(config.run_dir / "dovecot" / "master.pid")
        check_ports(config)
        stack = Stack(config, user)
        try:
            inhabited = stack.prepare()
            stack.start()
            _wait_for_answer(config)
            _say("\n".join([welcome(config, inhabited=inhabited), *warnings(config, user)]))
            while True:
                time.sleep(_LOOK_SECONDS)
                stack.look_after()
        finally:
            # Nothing may interrupt the stopping: a Dovecot left behind would keep the ports.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            stack.stop()


def check_ports(config: Config) -> None:
    """Raises ServerTrouble naming the first port that is taken, and the setting to change."""
    wanted = {
        "PORT": (config.host, config.port),
        "IMAP_PORT": ("127.0.0.1", config.imap_port),
        "SUBMISSION_PORT": ("127.0.0.1", config.submission_port),
        "SMTP_PORT": (config.host, config.smtp_port),
        "MCP_PORT": (config.host, config.mcp_port),
    }
    if len({port for _, port in wanted.values()}) < len(wanted):
        raise ServerTrouble(f"{', '.join(wanted)} must be five different ports.")
    for name, (host, port) in wanted.items():
        try:
            family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        except OSError as error:
            raise ServerTrouble(f"HOST={host} can't be resolved: {error.strerror}.") from error
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                reason = "is in use" if port >= 1024 else "can't be taken"
                raise ServerTrouble(
                    f"Port {port} on {host} {reason}: stop what uses it, or choose another with {name}=."
                ) from error


def _check_place(config: Config, user: ServiceUser) -> None:
    if not user.can_enter(config.data_dir):
        raise ServerTrouble(
            f"The mail servers run as {user.name}, who can't reach {config.data_dir}: "
            "choose another DATA_DIR, or another account with SERVER_USER."
        )


@contextlib.contextmanager
def _only_one(config: Config) -> Iterator[None]:
    """Two supervisors over one data directory would fight about every file in it."""
    make_directory(config.run_dir)
    with (config.run_dir / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ServerTrouble(f"Postroom is running already with {config.data_dir}: stop that one first.") from error
        yield


def _wait_for_answer(config: Config) -> None:
    """Ready means that a page came back, not that a port is open."""
    deadline = time.monotonic() + _ANSWER_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(config.host, config.port, timeout=10)
        try:
            connection.request("GET", "/health")
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
            continue
        finally:
            connection.close()
        if status < 500:
            return
        raise ServerTrouble(f"The web server answers with {status}; see {config.log_dir / 'web.log'}.")
    raise ServerTrouble(f"The web server does not answer; see {config.log_dir / 'web.log'}.")


def _resolved(config: Config) -> dict[str, str]:
    """What the web process must not work out for itself again, in another directory."""
    facts = {"DATA_DIR": str(config.data_dir)}
    if not os.environ.get("DATABASE_URL"):
        facts["DATABASE_URL"] = config.database_url
    return facts


def _stop(_number: int, _frame: object) -> NoReturn:
    raise Stopped


def _say(text: str) -> None:
    print(text, flush=True)


def _fail(text: str) -> NoReturn:
    print(text, file=sys.stderr, flush=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
