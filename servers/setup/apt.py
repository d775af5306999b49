"""Debian's packages: installed by root, or unpacked below a directory by anybody."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from servers.trouble import ServerTrouble

# Asked by every package that would start its daemon (invoke-rc.d, Debian policy §9.3.3.1); 101 means "don't".
_POLICY = Path("/usr/sbin/policy-rc.d")


def install(packages: Sequence[str]) -> None:
    """As root, without starting the daemons that come with them. Raises ServerTrouble."""
    _need("apt-get", f"Install these first: {' '.join(packages)}")
    with _no_daemons():
        command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
        if _try(command).returncode:
            _try(["apt-get", "update"])
            done = _try(command)
            if done.returncode:
                raise ServerTrouble(f"apt-get could not install {' '.join(packages)}: {_last_line(done)}")
    _keep_from_starting("dovecot")


def unpack(packages: Sequence[str], target: Path, finish: Callable[[Path], None]) -> None:
    """As anybody: fetch them and what they need that is not installed, and lay them out below `target`.

    `finish` gets the directory before it is put in place.

    Raises ServerTrouble.
    """
    advice = f"ask somebody who may to run: apt-get install {' '.join(packages)}"
    for tool in ("apt-get", "dpkg"):
        _need(tool, f"This machine has no {tool}; install Dovecot 2.3 by its own means")
    with tempfile.TemporaryDirectory(prefix="postroom-apt-") as place:
        options: list[str] = []
        if not (names := _missing(packages, options)):
            # A fresh machine has no package lists, and only root may fetch them for all; for ourselves anybody may.
            options = _own_lists(Path(place))
            _try(["apt-get", *options, "update"])
            names = _missing(packages, options)
        done = _try(["apt-get", *options, "download", *(names or packages)], place)
        if done.returncode:
            raise ServerTrouble(f"Dovecot's packages could not be fetched ({_last_line(done)}); {advice}")
        _lay_out(sorted(Path(place).glob("*.deb")), target, finish)


def _lay_out(packages: Sequence[Path], target: Path, finish: Callable[[Path], None]) -> None:
    """All of them, or the target stays as it was."""
    aside = target.with_name(target.name + ".new")
    shutil.rmtree(aside, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    for package in packages:
        done = _try(["dpkg", "-x", str(package), str(aside)])
        if done.returncode:
            raise ServerTrouble(f"{package.name} could not be unpacked: {_last_line(done)}")
    finish(aside)
    shutil.rmtree(target, ignore_errors=True)
    aside.rename(target)


def _missing(packages: Sequence[str], options: Sequence[str]) -> list[str]:
    """The packages themselves and what apt would install with them; empty when apt knows nothing of them."""
    done = _try(["apt-get", *options, "install", "--simulate", "--no-install-recommends", *packages])
    if done.returncode:
        return []
    return sorted({*packages, *re.findall(r"^Inst (\S+)", done.stdout, re.MULTILINE)})


def _own_lists(place: Path) -> list[str]:
    (place / "lists" / "partial").mkdir(parents=True)
    (place / "cache" / "archives" / "partial").mkdir(parents=True)
    return ["-o", f"Dir::State::Lists={place / 'lists'}", "-o", f"Dir::Cache={place / 'cache'}"]


@contextlib.contextmanager
def _no_daemons() -> Iterator[None]:
    """Postroom starts its own Dovecot; the system's would take its ports and have nothing to do."""
    before = _POLICY.read_bytes() if _POLICY.exists() else None
    mode = _POLICY.stat().st_mode if before is not None else 0
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        if before is None:
            _POLICY.unlink()
        else:
            _POLICY.write_bytes(before)
            _POLICY.chmod(mode)


def _keep_from_starting(service: str) -> None:
    """Not at the next boot either."""
    if shutil.which("systemctl"):
        _try(["systemctl", "disable", f"{service}.service", f"{service}.socket"])


def _try(command: Sequence[str], place: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    return subprocess.run(  # noqa: S603 - our own words
        list(command), cwd=place, env=environment, capture_output=True, text=True, check=False
    )


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else "no reason given"


def _need(tool: str, advice: str) -> None:
    if shutil.which(tool) is None:
        raise ServerTrouble(f"{advice}.")
