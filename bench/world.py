#!/usr/bin/env python3
"""A world to measure in: people with folders of known sizes, and the app as `make run` serves it.

    python -m bench.world --generator path/to/gen_mail.py [--data DIR] [--users small=1000,medium=10000,u01..u32=1000]

The generator is called once for each size:  GENERATOR --root DIR --user NAME [--user NAME …] --count N --seed N  and
writes a Maildir++ tree below DIR/NAME. The mail is moved to where Postroom's Dovecot keeps it. A data directory that
exists already is used as it is: the mail is made once.

People sign in with their name, at bench.test or bare, and the password "pw", on the web and over IMAP. Printed, once
it serves: the URL, and where the numbers of the server processes stand. Ends with Ctrl-C.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auth.models import Person
from auth.passwords import hash_password
from core.config import Config
from core.db import Database
from core.vault import Vault
from mailboxes.audit import Doer
from mailboxes.directory import add_domain, add_person, create_account
from migrations.migrate import upgrade
from servers.dovecot.server import Dovecot
from servers.files import give_tree, make_directory, write_private
from servers.run.reader_role import reader_url
from servers.service_user import ServiceUser, service_user
from servers.smtp.child import smtp_child

DOMAIN, PASSWORD = "bench.test", "pw"
_DOER = Doer("bench", "cli")


class BareNames(Dovecot):
    """Lets people sign in without their domain, as a measuring client written for other servers does."""

    def write_config(self) -> None:
        super().write_config()
        text = self.config_file.read_text() + f"auth_default_realm = {DOMAIN}\n"
        write_private(self.config_file, text, self._user)


def main() -> None:
    given = _arguments()
    config = Config.from_env(
        {
            "DATA_DIR": str(given.data.resolve()),
            "PORT": str(given.port),
            "IMAP_PORT": str(given.imap_port),
            "SUBMISSION_PORT": str(given.imap_port + 1),
            "SMTP_PORT": str(given.imap_port + 2),
            "ASSETS": "local",
        }
    )
    user = service_user()
    if not config.data_dir.exists():
        make(config, user, given.generator, dict(_sizes(given.users)))
    serve(config, user)


def make(config: Config, user: ServiceUser, generator: Path, sizes: dict[str, int]) -> None:
    """Accounts and mail."""
    make_directory(config.data_dir, user)
    database = Database(config.database_url)
    upgrade(database)
    Vault.of(config)
    with database.write() as session:
        domain = add_domain(session, _DOER, create_account(session, "Bench", "Agency"), DOMAIN)
        for name in sizes:
            add_person(session, _DOER, domain, name, name.title(), "a-password-nobody-uses")
        for person in session.query(Person):
            person.password_hash = hash_password(PASSWORD)
    database.dispose()
    by_count = defaultdict(list)
    for name, count in sizes.items():
        by_count[count].append(name)
    for seed, (count, names) in enumerate(sorted(by_count.items())):
        _generate(config, generator, names, count, seed)
    give_tree(config.data_dir, user)


def _generate(config: Config, generator: Path, names: list[str], count: int, seed: int) -> None:
    root = config.data_dir / "generated"
    wanted = [word for name in names for word in ("--user", name)]
    command = [sys.executable, str(generator), "--root", str(root), "--count", str(count), "--seed", str(seed)]
    subprocess.run([*command, *wanted], check=True)  # noqa: S603 - a generator of the user's own choice
    for name in names:
        home = config.mail_root / DOMAIN / name
        (home / "mail").mkdir(parents=True)
        for folder in (root / name).glob(".[A-Z]*"):
            folder.rename(home / "mail" / folder.name[1:])
        (root / name).rename(home / "inbox")


def serve(config: Config, user: ServiceUser) -> None:
    """Until Ctrl-C."""
    reader = reader_url(config)
    dovecot = BareNames(config, user, database_url=reader)
    smtp = smtp_child(config, user, reader)
    settings = {
        "DATA_DIR": str(config.data_dir),
        "PORT": str(config.port),
        "IMAP_PORT": str(config.imap_port),
        "SUBMISSION_PORT": str(config.submission_port),
        "SMTP_PORT": str(config.smtp_port),
        "ASSETS": "local",
        "POSTROOM_LOG": str(config.log_dir / "web.log"),
    }
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    try:
        dovecot.start()
        smtp.start()
        with _web(settings) as web:
            (config.run_dir / "web.pid").write_text(str(web.pid))
            print(f"Ready: http://127.0.0.1:{config.port} run={config.run_dir}", flush=True)
            stopping.wait()
    finally:
        smtp.stop()
        dovecot.stop()


@contextmanager
def _web(settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The web server, started as the supervisor starts it, but with a process number to be had."""
    environment = dict(os.environ) | settings
    command = [sys.executable, "-m", "servers.run.web_process"]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, env=environment, stdout=subprocess.PIPE, start_new_session=True
    ) as web:
        try:
            if not web.stdout or web.stdout.readline() != b"ready\n":
                raise SystemExit("the web server did not start")
            yield web
        finally:
            web.terminate()


def _sizes(text: str) -> Iterator[tuple[str, int]]:
    """`small=1000,u01..u32=500`: each name, and how many messages its inbox has."""
    for item in text.split(","):
        names, _, count = item.partition("=")
        run = re.fullmatch(r"([a-z]+)(\d+)\.\.[a-z]+(\d+)", names)
        if not run:
            yield names, int(count)
            continue
        for number in range(int(run[2]), int(run[3]) + 1):
            yield f"{run[1]}{number:0{len(run[2])}}", int(count)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generator", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("data-bench"))
    parser.add_argument("--users", default="small=1000,medium=10000,big=100000,u01..u32=1000")
    parser.add_argument("--port", type=int, default=22090)
    parser.add_argument("--imap-port", type=int, default=22143)
    return parser.parse_args()


if __name__ == "__main__":
    main()
