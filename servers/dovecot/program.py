"""Which Dovecot there is: the system's packages, or copies unpacked beside the data."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from servers.files import give
from servers.service_user import ServiceUser
from servers.trouble import ServerTrouble

# Where distributions keep daemons; an ordinary person's PATH often leaves them out.
_DAEMON_PATH = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/usr/local/bin", "/usr/bin"))
_SUPPORTED = "2.3."
PACKAGES = ("dovecot-core", "dovecot-imapd", "dovecot-lmtpd", "dovecot-sqlite", "dovecot-pgsql")
UNPACKED = "dovecot"  # in the data directory, beside mail and database
_COMPILED_IN = "/usr/lib/dovecot"
_LINK = "lib"
# Packages may be installed one by one; these are what Postroom's configuration names.
_NEEDED = ("imap", "lmtp", "modules/libdriver_sqlite.so", "modules/libdriver_pgsql.so")


@dataclass(frozen=True)
class Paths:
    """Where this Dovecot's own parts lie; empty where its package compiled it in."""

    libexec: str = ""
    modules: str = ""


@dataclass(frozen=True)
class Program:
    dovecot: Path
    paths: Paths = field(default_factory=Paths)
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, config_file: Path) -> list[str]:
        """What to execute so that Dovecot stays in the foreground with this configuration."""
        start = [str(self.dovecot), "-F", "-c", str(config_file)]
        if not self.paths.libexec:
            return start
        # It would look for doveconf in /usr/bin; started by doveconf it has its settings already.
        doveconf = self.dovecot.parent.parent / "bin" / "doveconf"
        return [str(doveconf), "-f", "service=master", "-c", str(config_file), "-m", "master", "-x", "-e", *start]


def find_program(data_dir: Path) -> Program:
    """The Dovecot to run. Raises ServerTrouble when there is none, or one of another generation."""
    program = _installed() or _unpacked(data_dir / UNPACKED)
    if program is None:
        raise ServerTrouble(
            "Dovecot is missing or incomplete: `make run` gets it, or install " + " ".join(PACKAGES) + "."
        )
    version = _version(program)
    if not version.startswith(_SUPPORTED):
        raise ServerTrouble(f"Dovecot {version} speaks another configuration language: Postroom needs 2.3.")
    return program


def is_installed() -> bool:
    """Whether this machine's own packages are there, all of them."""
    return _installed() is not None


def relocate(root: Path) -> None:
    """Make a Dovecot that `dpkg -x` laid out below `root` look for its modules where it runs, not in /usr/lib.

    That path is compiled in and no setting changes it. Dovecot's processes start in its base directory, so a path of
    the same length, relative to that, leads through a link there (`link_parts`).
    """
    relative = (_LINK + "/" * len(_COMPILED_IN))[: len(_COMPILED_IN)].encode() + b"/modules"
    compiled_in = f"{_COMPILED_IN}/modules".encode()
    for path in (*(root / "usr/lib/dovecot").rglob("*"), *(root / "usr/sbin").glob("*"), *(root / "usr/bin").glob("*")):
        if path.is_file() and not path.is_symlink() and compiled_in in (binary := path.read_bytes()):
            path.write_bytes(binary.replace(compiled_in, relative))


def link_parts(program: Program, base_dir: Path, user: ServiceUser) -> None:
    """The link that a relocated Dovecot follows, from both directories its processes start in."""
    if not program.paths.libexec:
        return
    for directory in (base_dir, base_dir / "login"):
        directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        give(directory, user)
        link = directory / _LINK
        link.unlink(missing_ok=True)
        link.symlink_to(program.paths.libexec)


def _installed() -> Program | None:
    found = shutil.which("dovecot", path=os.pathsep.join((os.environ.get("PATH", ""), _DAEMON_PATH)))
    if not found or not all(Path(_COMPILED_IN, part).exists() for part in _NEEDED):
        return None
    return Program(Path(found))


def _unpacked(root: Path) -> Program | None:
    """Told by settings and environment where its own parts are, as far as it listens."""
    dovecot = root / "usr/sbin/dovecot"
    if not dovecot.exists():
        return None
    parts = root / "usr/lib/dovecot"
    places = (parts, parts / "modules/old-stats", *sorted((root / "usr/lib").glob("*-linux-*")), root / "lib")
    libraries = os.pathsep.join(str(place) for place in places if place.exists())
    paths = Paths(libexec=str(parts), modules=str(parts / "modules"))
    return Program(dovecot, paths, {"LD_LIBRARY_PATH": libraries})


def _version(program: Program) -> str:
    try:
        answer = subprocess.run(  # noqa: S603 - the path comes from us
            [program.dovecot, "--version"],
            env=os.environ | program.environment,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ServerTrouble(f"{program.dovecot} does not run: {error}") from error
    return answer.stdout.split(" ")[0].strip()
