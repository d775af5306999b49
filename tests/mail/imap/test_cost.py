"""A page, a far page and a message cost the same in a folder of a hundred letters and one of twenty thousand."""

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from mail.imap.client import Imap, Traffic
from tests.mail.conftest import Dovecot, letter

FEW, MANY = 5050, 25_000  # both have a hundredth page


def write_maildir(dovecot: Dovecot, mailbox: str, count: int) -> None:
    """Letters put where Dovecot looks for them, all of the same size."""
    root = dovecot.root / "mail" / mailbox
    shutil.rmtree(root, ignore_errors=True)
    for name in ("cur", "new", "tmp"):
        (root / name).mkdir(parents=True)
    text = letter("Letter of the same size as all others")
    size = f",S={len(text)},W={len(text)}:2,S"
    for number in range(count):
        (root / "cur" / f"{1_700_000_000 + number}.M1P{number}.test{size}").write_bytes(text)
    if os.getuid() == 0:
        for path in (root, *root.rglob("*")):
            shutil.chown(path, "mail", "mail")
    assert isinstance(root, Path)


def spent(imap: Imap, what: str) -> Traffic:
    before = Traffic(imap.session.traffic.commands, imap.session.traffic.sent, imap.session.traffic.received)
    imap.session.resume()
    exists = imap.session.select("INBOX").exists
    if what == "first page":
        assert len(imap.rows.page(951, 1000, (exists - 999, exists))) == 50
    elif what == "hundredth page":
        top = exists - 4000
        assert len(imap.rows.page(1, 50, (top - 999, top))) == 50
    else:
        imap.messages.open(exists)
        imap.messages.part(exists, "1")
    after = imap.session.traffic
    return Traffic(after.commands - before.commands, after.sent - before.sent, after.received - before.received)


@pytest.fixture(scope="module")
def costs(dovecot: Dovecot) -> dict[int, dict[str, Traffic]]:
    found = {}
    for count in (FEW, MANY):
        write_maildir(dovecot, "busy", count)
        with contextlib.closing(dovecot.connect("busy")) as imap:
            assert imap.session.select("INBOX").exists == count
            found[count] = {what: spent(imap, what) for what in ("first page", "hundredth page", "message")}
    return found


@pytest.mark.parametrize(("what", "commands"), [("first page", 3), ("hundredth page", 3), ("message", 3)])
def test_the_cost_does_not_grow_with_the_folder(costs: dict[int, dict[str, Traffic]], what: str, commands: int) -> None:
    few, many = costs[FEW][what], costs[MANY][what]
    assert few.commands == many.commands == commands
    # Number and UID of a message have up to three digits more in the larger folder, and that is all.
    assert abs(many.sent - few.sent) <= 4 * commands
    assert abs(many.received - few.received) <= 2 * 3 * 50 + 20 * commands
    assert many.received < 40_000
