"""One Python process beside ours: started, awaited, stopped."""

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from core.settings import handed_over
from servers.service_user import ServiceUser, SpawnOptions
from servers.trouble import ServerTrouble

ROOT = Path(__file__).resolve().parent.parent
READY = b"ready"
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0


class Child:
    """`python -m module`, which prints `ready` when it serves and ends when its standard input does."""

    def __init__(self, module: str, user: ServiceUser, environment: Mapping[str, str], log: Path) -> None:
        self.module, self._user, self._log = module, user, log
        self._settings = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it serves. Raises ServerTrouble with its last words."""
        settings, environment = handed_over(self._settings)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", self.module],
                cwd=ROOT,
                env=_clean(environment) | {"POSTROOM_LIFELINE": "1", "POSTROOM_LOG": str(self._log)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=(settings,),
                **spawn_python_as(self._user),
            )
        finally:
            os.close(settings)
        if not self._is_ready():
            reason = self._last_words()
            self.stop()
            raise ServerTrouble(f"{self.module} did not start: {reason}")

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask, wait, then insist. Does nothing when it isn't running."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def _is_ready(self) -> bool:
        assert self._process is not None and self._process.stdout is not None  # noqa: S101, PT018
        deadline = time.monotonic() + _START_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._process.stdout], [], [], left)[0]:
                return self._process.stdout.readline().strip() == READY
        return False

    def _last_words(self) -> str:
        if self._process is None or self._process.stderr is None:
            return ""
        self._process.terminate()
        words = self._process.stderr.read().decode(errors="replace").strip().splitlines()
        return words[-1] if words else f"no answer within {_START_SECONDS:.0f} s; see {self._log}"


def spawn_python_as(user: ServiceUser) -> SpawnOptions:
    """As the servers' account, unless it can't even read the interpreter or the program (both below /root, say)."""
    needed = (ROOT / "servers", Path(sys.executable), Path(sys.executable).resolve(), Path(sys.prefix) / "lib")
    return user.spawn if all(user.can_enter(path) for path in needed) else {}


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what makes Python misbehave in a child."""
    return {key: value for key, value in environment.items() if key not in ("PYTHONSTARTUP", "PYTHONINSPECT")}
