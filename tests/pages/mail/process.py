"""The app as a process of its own, as `make run` starts it: one that can be killed at any point."""

import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Self
from urllib.parse import urlencode

from servers.child import ROOT
from tests.waiting import PATIENCE


class Process:
    """`python -m servers.run.web_process` with these settings, and one worker unless they say how many."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.port = int(environment["PORT"])
        self._environment = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", "WEB_WORKERS": "1"} | environment
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The worker's."""
        return self._workers()[0]

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "servers.run.web_process"], cwd=ROOT, env=self._environment, stdout=subprocess.PIPE
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == b"ready\n"

    def kill(self) -> None:
        """With no time for last words."""
        if process := self._process:
            for worker in self._workers():
                os.kill(worker, signal.SIGKILL)
            self._process = None
            process.wait()
            if process.stdout:
                process.stdout.close()

    def _workers(self) -> list[int]:
        assert self._process
        parent = self._process.pid
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


@dataclass
class Tab:
    """A browser tab of somebody who is signed in there, without scripts."""

    port: int
    session: str
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, url: str, **headers: str) -> tuple[int, str]:
        return self._ask("GET", url, None, headers)

    def post(self, url: str, form: dict[str, str]) -> tuple[int, str]:
        return self._ask("POST", url, urlencode(form))

    def _ask(
        self, method: str, url: str, body: str | None, extra: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        cookies = {"postroom": self.session} | self.cookies
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), **extra}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, url, body, headers)
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                if match := re.match(r"(form)=([^;]*)", cookie):
                    self.cookies[match[1]] = match[2]
            return answer.status, answer.read().decode()
        finally:
            connection.close()
