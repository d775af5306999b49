"""Messages put straight into folders on disk: hundreds in a moment, whether or not the servers run."""

import itertools
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from mail.maildir import home_of
from servers.service_user import ServiceUser

_FLAG_LETTERS = {
    "\\Draft": "D",
    "\\Flagged": "F",
    "\\Answered": "R",
    "\\Seen": "S",
    "\\Deleted": "T",
}


class MaildirWriter:
    """Deposits messages below `mail_root`, owned by `user`. Give a folder's messages oldest first."""

    def __init__(self, mail_root: Path, user: ServiceUser) -> None:
        self._mail_root, self._user = mail_root, user
        # Names must differ from those of any other writer; within one, they sort as the messages came.
        self._process = secrets.randbelow(10**9)
        self._number = itertools.count(1)

    def deposit(self, address: str, folder: str, data: bytes, flags: Iterable[str], at: int) -> None:
        """One message (CRLF line ends) that came at `at`, Unix seconds. `folder` is `INBOX`, `Sent` or the like."""
        directory = self._folder(address, folder)
        stored = data.replace(b"\r\n", b"\n")
        name = f"{at}.M{next(self._number):06d}P{self._process}.mail,S={len(stored)},W={len(data)}"
        letters = "".join(sorted(_FLAG_LETTERS[flag] for flag in flags))
        aside = directory / "tmp" / name
        aside.write_bytes(stored)
        aside.chmod(0o600)
        self._own(aside)
        # The modification time is what IMAP gives as INTERNALDATE.
        os.utime(aside, (at, at))
        aside.rename(directory / "cur" / f"{name}:2,{letters}")

    def _folder(self, address: str, folder: str) -> Path:
        home = home_of(self._mail_root, address)
        directory = home / "inbox" if folder == "INBOX" else home / "mail" / folder
        for part in ("cur", "new", "tmp"):
            self._make(directory / part)
        return directory

    def _make(self, directory: Path) -> None:
        if directory.exists():
            return
        self._make(directory.parent)
        directory.mkdir(mode=0o700)
        self._own(directory)

    def _own(self, path: Path) -> None:
        if os.getuid() == 0:
            os.chown(path, self._user.uid, self._user.gid)
