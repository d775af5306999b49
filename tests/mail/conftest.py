"""A small real Dovecot for the wire's tests: files instead of a database, started as whoever runs the tests."""

import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mail.imap.client import Imap, connect
from mail.sasl import Credential
from tests.servers.harness import free_ports
from tests.waiting import PATIENCE, until

_NUMBERS = itertools.count(1)
PASSWORD = "key-of-this-session"

CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot.log
default_internal_user = {internal}
default_internal_group = {internal}
default_login_user = {login}
first_valid_uid = 0
last_valid_uid = 0
first_valid_gid = 0
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
auth_failure_delay = 0
mail_location = maildir:{root}/mail/%u
mail_uid = {user}
mail_gid = {group}
mail_plugins = acl quota
mail_max_userip_connections = 200
mailbox_list_index = yes
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  service_count = 0
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service stats {{
  chroot =
}}
service auth-worker {{
  user = {user}
}}
protocol imap {{
  mail_plugins = acl quota imap_quota imap_acl
}}
passdb {{
  driver = passwd-file
  args = username_format=%u/%{{login_user}} {root}/masters
  master = yes
}}
passdb {{
  driver = passwd-file
  args = {root}/people
}}
userdb {{
  driver = passwd-file
  args = {root}/homes
}}
plugin {{
  acl = vfile:{root}/acl
  acl_globals_only = yes
  quota = maildir:User quota
  quota_rule = *:storage=200M
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    special_use = \\Drafts
    auto = create
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
  mailbox Archive {{
    special_use = \\Archive
    auto = create
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = create
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = create
  }}
}}
"""
QUOTA = {"full": "userdb_quota_rule=*:storage=20K"}
OWN = ("ana", "ben", "cleo", "full", "busy")  # everyone's own mailbox; "full" has no room for mail
SHARED = {"support": {"ana": "member-reply", "cleo": "member-read", "dan": "marks-only"}}


class Dovecot:
    """Start, stop and kill it; mail lies in `root/mail/<name>` as Maildir."""

    def __init__(self, root: Path) -> None:
        self.root, self.host, self.port = root, "127.0.0.1", free_ports(1)[0]
        self._process: subprocess.Popen[bytes] | None = None
        for folder in ("mail", "run", "state"):
            (root / folder).mkdir()
        users = {"internal": root.owner(), "login": root.owner(), "user": root.owner(), "group": root.group()}
        if os.getuid() == 0:  # Dovecot insists that logins and mail are never root's
            users = {"internal": "dovecot", "login": "dovenull", "user": "mail", "group": "mail"}
            root.chmod(0o755)
            shutil.chown(root / "mail", "mail", "mail")
        text = CONFIG.format(root=root, port=self.port, **users)
        (root / "dovecot.conf").write_text(text)
        (root / "people").write_text("".join(f"{name}:{{PLAIN}}{PASSWORD}\n" for name in OWN))
        (root / "masters").write_text(
            "".join(
                f"{person}/{mailbox}:{{PLAIN}}{PASSWORD}::::::userdb_acl_groups={group}\n"
                for mailbox, members in SHARED.items()
                for person, group in members.items()
            )
        )
        (root / "homes").write_text(
            "".join(f"{name}:::::{root}/home/{name}::{QUOTA.get(name, '')}\n" for name in (*OWN, *SHARED))
        )
        (root / "acl").write_text(
            "* owner lrwstipekx\n* group=member-reply lrwstipekx\n* group=member-read lr\n* group=marks-only lrwsti\n"
        )

    def start(self) -> None:
        binary = shutil.which("dovecot") or "/usr/sbin/dovecot"
        self._process = subprocess.Popen(  # noqa: S603 - our own configuration, no shell
            [binary, "-F", "-c", str(self.root / "dovecot.conf")], start_new_session=True
        )
        until(self._greets)

    def _greets(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), PATIENCE) as sock:
            return bool(sock.recv(1))
        return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(PATIENCE)
        self._process = None

    def kill(self) -> None:
        """Kill Dovecot and every process it started, as a crash of the machine would."""
        if self._process is None:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE)
        self._process = None
        (self.root / "run" / "master.pid").unlink(missing_ok=True)

    def connect(self, mailbox: str, person: str = "") -> Imap:
        return connect(self.host, self.port, self.credential(mailbox, person), timeout=PATIENCE)

    @staticmethod
    def credential(mailbox: str, person: str = "") -> Credential:
        return Credential(person or mailbox, PASSWORD, mailbox)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    with tempfile.TemporaryDirectory(prefix="wire-") as folder:
        server = Dovecot(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def ana(dovecot: Dovecot) -> Iterator[Imap]:
    """Ana's connection to her own mailbox."""
    with contextlib.closing(dovecot.connect("ana")) as imap:
        yield imap


@pytest.fixture
def support(dovecot: Dovecot) -> Iterator[Imap]:
    """Ana's connection to support@, where she may do everything."""
    with contextlib.closing(dovecot.connect("support", "ana")) as imap:
        yield imap


@pytest.fixture
def cleo(dovecot: Dovecot) -> Iterator[Imap]:
    """Cleo's connection to support@, where she may only read."""
    with contextlib.closing(dovecot.connect("support", "cleo")) as imap:
        yield imap


@pytest.fixture
def folder(ana: Imap) -> str:
    """A new folder in Ana's mailbox with three letters in it, UIDs 1 to 3."""
    return fill(ana)


def fill(imap: Imap, count: int = 3) -> str:
    name = f"Project {next(_NUMBERS)}"
    imap.folders.create(name)
    for number in range(1, count + 1):
        imap.changes.append(name, letter(f"Letter {number}"))
    return name


def letter(subject: str, body: str = "Hello Ana,\r\nall is well.\r\n", *more: str) -> bytes:
    head = ["From: Kim <kim@customer.test>", "To: ana@brand-a.test", f"Subject: {subject}"]
    head += ["Date: Mon, 2 Feb 2026 10:00:00 +0100", f"Message-ID: <{subject.replace(' ', '.')}@customer.test>", *more]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()
