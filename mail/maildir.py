"""Mail on disk, as Dovecot's own layout has it: where a mailbox lies, what is unread in it, its end.

A folder is a Maildir (cr.yp.to/proto/maildir.html); each file name says when it came, how long it is, and its flags.
"""

import shutil
from pathlib import Path


def home_of(mail_root: Path, address: str) -> Path:
    """Everything Dovecot keeps for this mailbox lies below it."""
    local, _, domain = address.partition("@")
    return mail_root / domain / local


def remove_mail(mail_root: Path, address: str) -> None:
    """All of a mailbox's mail, for good. Nothing to remove is fine; raises OSError when something stays."""
    home = home_of(mail_root, address)
    if home.parent.parent != mail_root or {home.name, home.parent.name} & {"", ".", ".."}:
        raise OSError(f"{address!r} has no place of its own")
    if home.exists():
        shutil.rmtree(home)


def unread_in(mail_root: Path, address: str) -> int:
    """Unread messages of all folders together, for a mailbox in the bin: Dovecot knows it no more."""
    files = (file for part in ("cur", "new") for file in home_of(mail_root, address).rglob(f"{part}/*"))
    return sum("S" not in file.name.partition(":2,")[2] for file in files)
