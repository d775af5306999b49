"""A folder may hold a million messages: whoever opens it has the room that takes."""

from contextlib import suppress
from pathlib import Path

from tests.servers.harness import World
from tests.servers.raw_clients import ANA, KIM, letter

GIBIBYTE = 1 << 30


def address_space(world: World) -> dict[str, int]:
    """Of each kind of process Dovecot runs now: how much it may map, in octets."""
    master = world.dovecot.pid_file.read_text().strip()
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            status = (process / "status").read_text()
            if f"\nPPid:\t{master}\n" in status:
                limits = (process / "limits").read_text()
                line = next(line for line in limits.splitlines() if line.startswith("Max address space"))
                found[status.split(maxsplit=2)[1]] = int(line.split()[3])
    return found


def test_what_reads_folders_has_room_for_a_million_messages_and_what_talks_to_strangers_has_not(world: World) -> None:
    world.deliver(ANA, letter(KIM))
    with world.imap(ANA):
        allowed = address_space(world)
    for reader in ("imap", "lmtp"):
        assert allowed[reader] >= 4 * GIBIBYTE, reader
    for stranger in ("imap-login", "auth"):
        assert allowed[stranger] < GIBIBYTE, stranger
