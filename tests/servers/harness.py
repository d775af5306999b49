"""A whole mail world for tests: a data directory, a database, Dovecot, the submission door and the door for strangers.

    with World() as world:                 # the demo's people with their mail
    with World(mail=False) as world:       # the people, empty mailboxes: quicker
    with World(people=False) as world:     # an empty, migrated database
    with World(counts_guesses=True)        # with the housekeeper's desk for wrong passwords

Everything is real and listens on free ports of this machine. `world.key(address)` is a live web session's key: what the
webmail presents to the mail servers.
"""

import contextlib
import dataclasses
import imaplib
import re
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from auth import sessions
from auth.actor import Client
from auth.models import Login, WebSession
from auth.passwords import Cost, hash_password, hashing_cost
from core.config import Config
from core.db import Database, now
from core.vault import Vault
from mail.smtp.delivery import Handover
from mailboxes.models import Mailbox, Membership
from migrations.migrate import upgrade
from servers.child import Child
from servers.demo.maildir_writer import MaildirWriter
from servers.demo.people import seed_people
from servers.dovecot.administration import doveadm_of
from servers.dovecot.guesses import GuessDesk, GuessServer, count
from servers.dovecot.server import Dovecot
from servers.files import give_tree, make_directory
from servers.ports import hold_port
from servers.run.reader_role import reader_url
from servers.service_user import service_user
from servers.smtp.child import smtp_child
from tests.waiting import PATIENCE

# An API token, wherever it strayed.
TOKEN = re.compile(rb"pr_live_[A-Za-z0-9_-]{43}")
# A tenth of a second for each sign-in by password adds up; what is tested is the same with the cheapest hash.
_CHEAP = Cost(passes=1, memory_kib=8, lanes=1)


class World:
    def __init__(
        self,
        database_url: str = "",
        *,
        people: bool = True,
        mail: bool = True,
        relay: str = "",
        counts_guesses: bool = False,
    ) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="postroom-"))
        port, imap, submission, smtp, tools = free_ports(5)
        self.config = Config.from_env(
            {
                "DATA_DIR": str(self.directory / "data"),
                "DATABASE_URL": database_url,
                "PORT": str(port),
                "IMAP_PORT": str(imap),
                "SUBMISSION_PORT": str(submission),
                "SMTP_PORT": str(smtp),
                "MCP_PORT": str(tools),
                "SMTP_RELAY": relay,
                "ASSETS": "local",
            }
        )
        self.user = service_user()
        self._maildir = MaildirWriter(self.config.mail_root, self.user)
        self._people, self._mail, self._counts_guesses = people, mail, counts_guesses
        self._started = False

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Make the world and start its servers."""
        self.directory.chmod(0o755)
        make_directory(self.config.data_dir, self.user)
        self.db = Database(self.config.database_url)
        upgrade(self.db)
        self.vault = Vault.of(self.config)
        if self._people:
            with hashing_cost(_CHEAP), self.db.write() as session:
                seed_people(session, self.vault)
        if self._people and self._mail:
            self._deposit_demo_mail()
        give_tree(self.config.data_dir, self.user)
        reader = reader_url(self.config)
        self.guess_desk = desk = GuessDesk.at(free_ports(1)[0], self.config) if self._counts_guesses else None
        if desk:
            self._guess_server = GuessServer(desk, partial(count, self.db))
            threading.Thread(target=self._guess_server.serve_forever, daemon=True).start()
        more = desk.dovecot_settings if desk else ""
        self.dovecot = Dovecot(self.config, self.user, database_url=reader, more=more)
        self.smtp: Child = smtp_child(self.config, self.user, reader, desk)
        self.doveadm = doveadm_of(self.config)
        self.start_dovecot()
        self.smtp.start()
        self._started = True

    def close(self) -> None:
        """Stop everything and remove every trace. No log of any world may hold an API token."""
        if hasattr(self, "smtp"):
            self.smtp.stop()
        if hasattr(self, "dovecot"):
            self.dovecot.kill()  # nobody waits for what it still has to do
        if hasattr(self, "_guess_server"):
            self._guess_server.shutdown()
            self._guess_server.server_close()
        if hasattr(self, "db"):
            self.db.dispose()
        leaked = logs_with_tokens(self.config)
        shutil.rmtree(self.directory, ignore_errors=True)
        assert leaked == []

    def stop_dovecot(self) -> None:
        self.dovecot.stop()

    def kill_dovecot(self) -> None:
        """As a crash would end it: every connection breaks."""
        self.dovecot.kill()

    def start_dovecot(self) -> None:
        with hashing_cost(_CHEAP):  # of the hash that unknown names are compared with
            self.dovecot.start()

    def restart_dovecot(self) -> None:
        self.dovecot.stop()
        self.start_dovecot()

    def login_id(self, address: str) -> int:
        with self.db.read() as session:
            return session.scalars(select(Login.id).where(Login.name == address, Login.role == "person")).one()

    def sign_in(self, address: str, role: str = "person") -> str:
        """The token of a new, full web session of this person or owner: what the cookie would hold."""
        with self.db.write() as session:
            login = session.scalars(select(Login).where(Login.name == address, Login.role == role)).one()
            started = sessions.start(session, self.vault, login, Client("127.0.0.1", "tests"), now())
            if started.state == "full":
                return started.token
            row = sessions.pending(session, started.token, role, now())
            assert row is not None
            return sessions.promote(session, self.vault, row, login, now()).token

    def key(self, address: str) -> str:
        """The mail key of a new web session of this person."""
        return sessions.mail_key(self.vault, self.sign_in(address))

    def count_sessions(self) -> int:
        with self.db.read() as session:
            return session.scalars(select(func.count()).select_from(WebSession)).one()

    def sign_out(self, address: str) -> None:
        """End every web session of this person in the database; connections stay, as after a lost message."""
        with self.db.write() as session:
            session.execute(delete(WebSession).where(WebSession.login_id == self.login_id(address)))

    @contextlib.contextmanager
    def without_member(self, person: str, mailbox: str) -> Iterator[None]:
        """Inside the block this person is no member; the change is in the database alone, nobody is kicked."""
        with self.db.write() as session:
            membership = self._membership(session, person, mailbox)
            kept = {name: getattr(membership, name) for name in ("mailbox_id", "login_id", "can_send", "created_at")}
            session.delete(membership)
        try:
            yield
        finally:
            with self.db.write() as session:
                session.add(Membership(**kept))

    @contextlib.contextmanager
    def read_only_member(self, person: str, mailbox: str) -> Iterator[None]:
        """Inside the block this member can only read."""
        with self.db.write() as session:
            self._membership(session, person, mailbox).can_send = False
        try:
            yield
        finally:
            with self.db.write() as session:
                self._membership(session, person, mailbox).can_send = True

    @contextlib.contextmanager
    def other_password(self, address: str) -> Iterator[None]:
        """Inside the block this person has another password."""
        with hashing_cost(_CHEAP):
            other = hash_password("another-password-7")
        before = self._swap_hash(address, other)
        try:
            yield
        finally:
            self._swap_hash(address, before)

    def _swap_hash(self, address: str, fresh: str | None) -> str | None:
        with self.db.write() as session:
            login = session.scalars(select(Login).where(Login.name == address, Login.role == "person")).one()
            before, login.password_hash = login.password_hash, fresh
            return before

    def deposit(
        self, address: str, message: bytes, *, folder: str = "INBOX", flags: Iterable[str] = (), at: int | None = None
    ) -> None:
        """Put a message into a folder at once, past every server."""
        self._maildir.deposit(address, folder, message, flags, now() if at is None else at)

    def deliver(self, recipient: str, message: bytes, *, sender: str = "stranger@outside.example") -> None:
        """Deliver as the world outside would in the end: by LMTP, to the Inbox."""
        handover = Handover.to_mailboxes(self.config.lmtp_socket, self.config.mail_hostname)
        asked = handover.ask(sender, (recipient,))
        assert all(answer.accepted for answer in asked.values()), asked
        done = handover.commit(message)
        assert all(answer.accepted for answer in done.values()), done

    @contextlib.contextmanager
    def imap(
        self, person: str, secret: str = "", mailbox: str = "", source: str = "127.0.0.1"
    ) -> Iterator[imaplib.IMAP4]:
        """A signed-in raw connection, by the person's own new key unless a secret is given."""
        connection = dial_imap(self.config, source)
        try:
            secret = secret or self.key(person)
            connection.authenticate("PLAIN", lambda _: f"{mailbox}\0{person}\0{secret}".encode())
            yield connection
        finally:
            with contextlib.suppress(OSError):
                connection.shutdown()

    def folder(self, address: str, folder: str = "INBOX") -> list[bytes]:
        """The bytes of every message in a folder, oldest first, seen from outside the servers."""
        local, _, domain = address.partition("@")
        home = self.config.mail_root / domain / local
        directory = home / "inbox" if folder == "INBOX" else home / "mail" / folder
        while True:
            files = [path for part in ("cur", "new") for path in (directory / part).glob("*")]
            with contextlib.suppress(FileNotFoundError):  # the server gave one another name at this moment
                return [path.read_bytes() for path in sorted(files, key=_came_at)]

    def environment(self) -> dict[str, str]:
        """The settings of this world, for a process that reads them itself."""
        names = {
            "host": "HOST",
            "port": "PORT",
            "imap_port": "IMAP_PORT",
            "submission_port": "SUBMISSION_PORT",
            "smtp_port": "SMTP_PORT",
            "mcp_port": "MCP_PORT",
            "data_dir": "DATA_DIR",
            "database_url": "DATABASE_URL",
            "assets": "ASSETS",
            "relay": "SMTP_RELAY",
        }
        facts = dataclasses.asdict(self.config)
        return {name: str(facts[field]) for field, name in names.items() if facts[field]}

    def _membership(self, session: Session, person: str, mailbox: str) -> Membership:
        query = select(Membership).join(Membership.person).join(Membership.mailbox)
        return session.scalars(query.where(Login.name == person, Mailbox.address == mailbox)).one()

    def _deposit_demo_mail(self) -> None:
        from servers.demo.seeding import seed_mail

        seed_mail(self.config, self.user)


def _came_at(path: Path) -> tuple[int, int]:
    """Seconds and microseconds of a Maildir name; the second number isn't padded, so names don't sort as they came."""
    seconds, _, rest = path.name.partition(".M")
    return int(seconds), int(rest.partition("P")[0])


def logs_with_tokens(config: Config) -> list[str]:
    """The names of the log files in which an API token can be found."""
    files = [path for path in config.log_dir.rglob("*") if path.is_file()]
    return [path.name for path in files if TOKEN.search(path.read_bytes())]


def dial_imap(config: Config, source: str = "127.0.0.1") -> imaplib.IMAP4:
    """A connection from `source`, an address of this machine."""

    class FromSource(imaplib.IMAP4):
        def _create_socket(self, timeout: float | None = None) -> socket.socket:
            made = socket.create_connection(("127.0.0.1", config.imap_port), PATIENCE, (source, 0))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made

    return FromSource("127.0.0.1", config.imap_port)


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now, all different, held until this process ends."""
    ports = []
    for _ in range(count):
        holder = hold_port()
        ports.append(holder.getsockname()[1])
        holder.detach()
    return ports
