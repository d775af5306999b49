"""What a machine needs before Postroom can start, and how it gets it. Only the standard library is here yet.

Each step looks first and does nothing when its work is done, so a second start takes a moment.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from core.config import Config, ConfigError
from servers.dovecot.program import PACKAGES, UNPACKED, find_program, is_installed, relocate
from servers.files import make_directory
from servers.service_user import service_user
from servers.setup import apt
from servers.setup.axe_copy import fetch_axe
from servers.setup.htmx_copy import fetch_htmx
from servers.setup.renderer_copy import fetch_renderer
from servers.trouble import ServerTrouble

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
# The tests drive the first that is there. The one without windows takes two thirds of the other's time.
BROWSERS = ("chromium-headless-shell", "chromium")


def provision(arguments: Sequence[str]) -> None:
    """`run` starts Postroom, `tools` stops when everything for tests and checks is there."""
    what = arguments[0] if arguments else "run"
    try:
        if what == "run":
            config = Config.from_env(os.environ)
            _place_data(config)
        get_python_packages("requirements.txt" if what == "run" else "requirements-dev.txt")
        fetch_htmx(VENV_PYTHON, ROOT / "static" / "vendor")
        fetch_renderer(VENV_PYTHON, ROOT / "static" / "vendor")
        if what == "run":
            get_dovecot(config.data_dir)
        else:
            get_test_programs()
            fetch_axe(VENV_PYTHON, VENV / "share")
    except (ConfigError, ServerTrouble) as trouble:
        sys.exit(str(trouble))
    except KeyboardInterrupt:
        sys.exit("Stopped.")
    if what == "run":
        _become_supervisor()


def get_python_packages(requirements: str) -> None:
    """A virtual environment with exactly what the file pins. Raises ServerTrouble."""
    _make_venv()
    wanted = _fingerprint(ROOT / requirements)
    stamp = VENV / f".{requirements}.done"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("Installing Python packages …")
    run(
        [VENV_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", ROOT / requirements],
        "The Python packages could not be installed.",
    )
    stamp.write_text(wanted)


def get_dovecot(data_dir: Path) -> None:
    """Dovecot as it is, else by the package manager, else unpacked beside the data."""
    try:
        find_program(data_dir)
    except ServerTrouble as trouble:
        if "another configuration language" in str(trouble):
            raise
    else:
        return
    if os.getuid() == 0:
        say("Installing Dovecot …")
        apt.install(PACKAGES)
    else:
        make_directory(data_dir)
        say("Unpacking Dovecot …")
        apt.unpack(PACKAGES, data_dir / UNPACKED, relocate)
    find_program(data_dir)


def get_test_programs() -> None:
    """The servers and the browser that the tests drive. Raises ServerTrouble where none may be installed.

    Also Dovecot's packages unpacked: the tests try what people have who may install nothing.
    """
    there = {
        BROWSERS[0]: any(map(shutil.which, BROWSERS)),
        "postgresql": any(Path("/usr/lib/postgresql").glob("*/bin/initdb")),
    } | dict.fromkeys(PACKAGES, is_installed())
    if missing := [package for package, found in there.items() if not found]:
        if os.getuid() != 0:
            raise ServerTrouble(f"The tests need {', '.join(missing)}: sudo apt-get install {' '.join(missing)}")
        say(f"Installing {', '.join(missing)} …")
        apt.install(missing)
    if not (unpacked := VENV / "share" / UNPACKED).exists():
        say("Unpacking Dovecot for the tests …")
        apt.unpack(PACKAGES, unpacked, relocate)


def run(command: Sequence[str | Path], what_failed: str) -> None:
    """Raises ServerTrouble: what failed, and the last line the program said of it."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603 - our own words
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise ServerTrouble(f"{what_failed} {words[-1] if words else ''}".strip())


def say(text: str) -> None:
    print(text, flush=True)


def _make_venv() -> None:
    if VENV_PYTHON.exists() and (VENV / "bin" / "pip").exists():
        return
    if not all(_is_there(module) for module in ("venv", "ensurepip")):
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if os.getuid() != 0:
            raise ServerTrouble(f"Python's venv is missing: sudo apt-get install {package}")
        apt.install((package,))
    say("Making the virtual environment …")
    run([sys.executable, "-m", "venv", VENV], "The virtual environment could not be made.")


def _is_there(module: str) -> bool:
    spec = importlib.util.find_spec(module)
    return spec is not None and spec.origin is not None


def _fingerprint(requirements: Path) -> str:
    """Of all requirements files: one includes the other."""
    texts = [path.read_bytes() for path in sorted(requirements.parent.glob("requirements*.txt"))]
    return hashlib.sha256(b"\0".join([sys.version.encode(), *texts])).hexdigest()


def _place_data(config: Config) -> None:
    """Started by root with data that the servers' account can't reach (below /root, say), DATA_DIR becomes a link.

    Dovecot never opens mail as root, so the data must lie where its account can get at it.
    """
    place = config.data_dir
    if place.exists() or service_user().can_enter(place):
        return
    elsewhere = Path("/var/lib/postroom") / hashlib.sha256(str(place).encode()).hexdigest()[:12]
    elsewhere.mkdir(parents=True, exist_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(elsewhere)
    say(f"The mail servers can't reach {place.parent}; the data is in {elsewhere} ({place.name} is a link to it).")


def _become_supervisor() -> NoReturn:
    os.chdir(ROOT)
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), "-m", "servers.run.supervisor"])  # noqa: S606 - that is the purpose
