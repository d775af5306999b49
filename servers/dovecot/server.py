"""One Dovecot over our data directory: written down, started, awaited, stopped."""

import contextlib
import ctypes
import os
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

from core.config import Config
from servers.dovecot.administration import api_key
from servers.dovecot.config import config_files
from servers.dovecot.program import Program, find_program, link_parts
from servers.files import make_directory, write_private
from servers.service_user import ServiceUser
from servers.trouble import ServerTrouble

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # prctl(2)
_START_SECONDS = 20.0
_STOP_SECONDS = 10.0


class Dovecot:
    """The process and its files. Not thread-safe; one instance for a data directory at a time.

    `more` are settings beside those of `servers/dovecot/config.py`.
    """

    def __init__(self, config: Config, user: ServiceUser, *, database_url: str = "", more: str = "") -> None:
        self.config = config
        self._user = user
        self._database_url, self._more = database_url, more
        self._program: Program | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def program(self) -> Program:
        if self._program is None:
            self._program = find_program(self.config.data_dir)
        return self._program

    @property
    def config_file(self) -> Path:
        return self.config.run_dir / "dovecot.conf"

    @property
    def pid_file(self) -> Path:
        return self.config.run_dir / "dovecot" / "master.pid"

    def write_config(self) -> None:
        """Make the directories and the files, all readable by the servers' account only."""
        for directory in (self.config.data_dir, self.config.run_dir, self.config.mail_root, self.config.log_dir):
            make_directory(directory, self._user)
        link_parts(self.program, self.config.run_dir / "dovecot", self._user)
        files = config_files(
            self.config,
            self._user,
            api_key(self.config),
            database_url=self._database_url,
            paths=self.program.paths,
            more=self._more,
        )
        for name, text in files.items():
            write_private(self.config.run_dir / name, text, self._user)

    def start(self) -> None:
        """Start and wait until IMAP and LMTP answer. Raises ServerTrouble with the reason from its own log.

        Dovecot ends with the thread that calls this, so that nothing is left behind by a parent that was killed.
        """
        stop_stale(self.pid_file)
        self.write_config()
        log = self.config.log_dir / "dovecot.log"
        seen = log.stat().st_size if log.exists() else 0
        self._process = subprocess.Popen(  # noqa: S603 - the path comes from us
            self.program.command(self.config_file),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_prepare,
            **self._user.spawn,
        )
        if not self._wait_until_it_answers():
            reason = self._reason(log, seen)
            self.stop()
            raise ServerTrouble(f"Dovecot did not start: {reason}")

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask, wait for the process, then insist. Does nothing when it isn't running."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stderr:
            process.stderr.close()

    def kill(self) -> None:
        """End it and all its processes at once, as a crash would."""
        process, self._process = self._process, None
        if process is None:
            return
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stderr:
            process.stderr.close()

    def _environment(self) -> dict[str, str]:
        # File names in a Maildir and Received lines carry this instead of the machine's name.
        host, _, domain = self.config.mail_hostname.partition(".")
        named = {"DOVECOT_HOSTNAME": host, "DOVECOT_HOSTDOMAIN": f"{host}.{domain}" if domain else host}
        return {"PATH": os.environ.get("PATH", os.defpath), **named, **self.program.environment}

    def _wait_until_it_answers(self) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self.is_running():
            if _greets(("127.0.0.1", self.config.imap_port)) and _greets(str(self.config.lmtp_socket)):
                return self.is_running()
            time.sleep(0.01)
        return False

    def _reason(self, log: Path, seen: int) -> str:
        """The last thing it complained about since this start."""
        said = b""
        if self._process is not None and self._process.poll() is not None and self._process.stderr:
            said = self._process.stderr.read()
        if log.exists():
            with log.open("rb") as file:
                file.seek(seen)
                said += file.read()
        lines = [line for line in said.decode(errors="replace").splitlines() if "Fatal" in line or "Error" in line]
        return lines[-1] if lines else f"no answer within {_START_SECONDS:.0f} s; see {log}"


def stop_stale(pid_file: Path) -> None:
    """End a Dovecot that an earlier start left behind, so that two never write to the same mail."""
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):
        return
    # The number may belong to somebody else's process by now; without its master, Dovecot's own processes may
    # still hold the ports.
    ours = str(pid_file.parent.parent / "dovecot.conf").encode()
    if ours in _command(pid):
        _signal(pid, signal.SIGTERM)
    else:
        for child in _dovecots(pid):
            _signal(child, signal.SIGKILL)
    deadline = time.monotonic() + _STOP_SECONDS
    while ours in _command(pid) or _dovecots(pid):
        if time.monotonic() > deadline:
            raise ServerTrouble(f"An earlier Dovecot (process {pid}) does not end: end it, then start again.")
        time.sleep(0.05)
    # What has ended but nobody has waited for (a container's first process may not) looks alive to Dovecot.
    pid_file.unlink(missing_ok=True)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _dovecots(leader: int) -> list[int]:
    """Dovecot's own processes in the process group that its master led."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if entry.name.isdigit() and os.getpgid(int(entry.name)) == leader:
                found.append(int(entry.name))
    return [pid for pid in found if _command(pid).startswith(b"dovecot/")]


def _greets(address: str | tuple[str, int]) -> bool:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as connection:
        connection.settimeout(5)
        try:
            connection.connect(address)
            return connection.recv(1) != b""
        except OSError:
            return False


def _prepare() -> None:
    """In the new process: end with the thread that started us, however that ends; room for many open files."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(65536, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
