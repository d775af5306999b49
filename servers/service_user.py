"""As whom the mail servers run.

Started by an ordinary person they run as that person. Started by root they run as an account without rights of its
own, because Dovecot opens no mail as root and nothing that speaks to strangers should be root: the account named in
SERVER_USER, else `postroom` where there is one, else `mail`. The data directory then belongs to that account.
"""

import grp
import os
import pwd
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from servers.trouble import ServerTrouble

_CANDIDATES = ("postroom", "mail", "nobody")


class SpawnOptions(TypedDict, total=False):
    """Keyword arguments for subprocess.Popen; empty when nothing has to change."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class ServiceUser:
    name: str
    uid: int
    gid: int
    group: str

    @property
    def spawn(self) -> SpawnOptions:
        """How to start a child as this account; only root may and needs to change who it is."""
        if os.getuid() != 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, directory: Path) -> bool:
        """True when every directory above lets this account through. Ask before handing `directory` itself over."""
        if self.uid == os.getuid():
            return True
        return all(self._may_pass(parent.stat()) for parent in directory.absolute().parents if parent.exists())

    def _may_pass(self, info: os.stat_result) -> bool:
        if info.st_uid == self.uid:
            return bool(info.st_mode & stat.S_IXUSR)
        return bool(info.st_mode & (stat.S_IXGRP if info.st_gid == self.gid else stat.S_IXOTH))


def service_user(environ: Mapping[str, str] = os.environ) -> ServiceUser:
    """The account of the mail servers. Raises ServerTrouble when SERVER_USER names nobody, or root."""
    if os.getuid() != 0:
        return _named(os.getuid(), os.getgid())
    chosen = environ.get("SERVER_USER", "")
    for name in (chosen,) if chosen else _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return _named(entry.pw_uid, entry.pw_gid)
    raise ServerTrouble(f"SERVER_USER={chosen}: there is no such account, or it is root's.")


def _named(uid: int, gid: int) -> ServiceUser:
    try:
        return ServiceUser(pwd.getpwuid(uid).pw_name, uid, gid, grp.getgrgid(gid).gr_name)
    except KeyError as error:
        # In a container the number need not have a name; Dovecot takes names only.
        raise ServerTrouble(f"Account {uid}:{gid} has no name in /etc/passwd or /etc/group: give it one.") from error
