"""Files and directories that the servers' account, and nobody else, can read."""

import os
import secrets
from pathlib import Path

from servers.service_user import ServiceUser
from servers.trouble import ServerTrouble


def make_directory(path: Path, user: ServiceUser | None = None) -> None:
    """Make it with mode 0700, owned by `user` (else by us). Raises ServerTrouble where there can be none."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise ServerTrouble(f"{path} can't be made ({error.strerror}): choose another DATA_DIR.") from error
    if user is not None:
        give(path, user)


def write_private(path: Path, text: str, user: ServiceUser | None = None) -> None:
    """Replace the file in one step; it is never readable by others, not even while it is written."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    if user is not None:
        give(fresh, user)
    fresh.replace(path)


def give(path: Path, user: ServiceUser) -> None:
    if os.getuid() == 0:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def give_tree(directory: Path, user: ServiceUser) -> None:
    """Hand over a directory and all below it; a no-op for those who may not and need not."""
    if os.getuid() != 0:
        return
    give(directory, user)
    for parent, names, files in os.walk(directory):
        for name in (*names, *files):
            give(Path(parent, name), user)


def hand_over(path: Path, *, like: Path) -> None:
    """Give `path` to whoever owns `like`."""
    if os.getuid() == 0:
        owner = like.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def secret_in(directory: Path, name: str) -> str:
    """A secret of our own, made once and kept in this directory, readable by whoever the directory belongs to."""
    path = directory / name
    if not path.exists():
        make_directory(directory)
        write_private(path, secrets.token_hex(32))
        hand_over(path, like=directory)
    return path.read_text().strip()
