"""A PostgreSQL cluster of the tests' own, made and thrown away; never one that was there before."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import psycopg

from servers.service_user import SpawnOptions


class Cluster:
    """A running server on a free port. As root it runs as `postgres`, because PostgreSQL refuses root."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._password = secrets.token_hex(16)
        self._directory = Path(tempfile.mkdtemp(prefix="postroom-pg-"))
        self._as = _account()

    def __enter__(self) -> Self:
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._data.exists():
            self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "stop", check=False)
        shutil.rmtree(self._directory, ignore_errors=True)

    def database(self, like: str = "template1") -> str:
        """The URL of a new database, empty or `like` the one of this name."""
        name = f"postroom_{secrets.token_hex(4)}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"'.encode())
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        """As an administrator does: whoever is connected is cut off."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "fast", "-w", "stop")

    def start(self) -> None:
        # Nothing here outlives the tests, so nothing needs to reach the disk.
        options = f"-p {self.port} -h 127.0.0.1 -k {self._directory} -c fsync=off -c max_connections=200"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._directory / "log"), "-o", options, "start")

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    def _dsn(self, name: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres password={self._password} dbname={name}"

    def _make(self) -> None:
        password_file = self._directory / "password"
        password_file.write_text(self._password)
        if self._as:
            for path in (self._directory, password_file):
                os.chown(path, self._as["user"], self._as["group"])
        self._run(
            "initdb", "-D", str(self._data), "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password_file}",
            "--no-sync", "-E", "UTF8", "--locale=C",
        )  # fmt: skip
        self.start()

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        subprocess.run(  # noqa: S603 - our own words
            [_find(program), *arguments],
            check=check,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=self._directory,
            **self._as,
        )


def _account() -> SpawnOptions:
    if os.getuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _find(program: str) -> str:
    # Debian keeps them out of PATH, one directory a version.
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    found = str(newest[-1]) if newest else shutil.which(program)
    assert found, f"PostgreSQL's {program} is missing: install postgresql"
    return found
