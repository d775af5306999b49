"""Who may install nothing runs Dovecot out of the distribution's packages, unpacked beside the data."""

import contextlib
import shutil
from pathlib import Path

import pytest

from servers.dovecot import program as dovecot_program
from servers.dovecot.program import UNPACKED, find_program
from servers.trouble import ServerTrouble
from tests.cast import ANA, SUPPORT
from tests.servers.harness import World

PACKAGES = Path(__file__).resolve().parents[3] / ".venv" / "share" / UNPACKED


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dovecot_program, "_installed", lambda: None)


@pytest.mark.usefixtures("nothing_installed")
def test_ana_reads_and_gets_mail_from_a_dovecot_that_nobody_installed() -> None:
    world = World(mail=False)
    shutil.copytree(PACKAGES, world.config.data_dir / UNPACKED)
    with world:
        assert world.dovecot.program.dovecot.is_relative_to(world.config.data_dir)
        world.deliver(SUPPORT, b"From: kim@customer.test\r\nSubject: Hello\r\n\r\nHello.\r\n")
        with world.imap(ANA, mailbox=SUPPORT) as raw:
            assert raw.select()[1] == [b"1"]
            assert raw.search(None, "SUBJECT", "Hello")[1] == [b"1"]
            loaded = modules_of_programs_in(world.config.data_dir)
        assert "lib01_acl_plugin.so" in {path.name for path in loaded}
        assert [path for path in loaded if not path.is_relative_to(world.config.data_dir)] == []


def modules_of_programs_in(directory: Path) -> set[Path]:
    """Dovecot's own modules, as far as running programs out of this directory have loaded them."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if process.joinpath("exe").resolve().is_relative_to(directory):
                lines = process.joinpath("maps").read_text().splitlines()
                found |= {Path(line.split()[-1]) for line in lines if "/dovecot/modules/" in line}
    return found


@pytest.mark.usefixtures("nothing_installed")
def test_without_any_dovecot_one_line_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ServerTrouble, match="`make run` gets it, or install dovecot-core"):
        find_program(tmp_path)
