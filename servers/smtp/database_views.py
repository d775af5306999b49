"""What the SMTP listeners ask the database: only the views named `server_…`, with every question asked anew."""

import hashlib
import ipaddress
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import text

from auth import app_passwords, throttle
from auth.models import PERSON
from auth.passwords import verify_password
from core.db import Database
from mailboxes.storage import Level, Storage, storage
from servers.smtp.paths import canonical

# Every domain has somebody at these (RFC 5321 §4.5.1, RFC 2142 §2); a mailbox of that name comes first.
ROLES = frozenset({"postmaster", "abuse"})


@dataclass(frozen=True)
class Sender:
    """Somebody signed in at submission: who proved it, as whom they act, and what the proof rests on."""

    person: str
    mailbox: str
    secret_sha256: str
    password_hash: str | None

    @property
    def is_delegate(self) -> bool:
        return self.person != self.mailbox


class Reach(Enum):
    LOCAL = "local"
    FULL = "full"
    UNKNOWN = "unknown"
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Recipient:
    address: str
    reach: Reach


class DatabaseViews:
    """Every method opens and ends a transaction of its own, and blocks: call from a worker thread."""

    def __init__(self, database: Database, webmail_net: str, hostname: str) -> None:
        """`hostname` is what these listeners call themselves."""
        self._database, self._hostname = database, hostname.lower()
        self._webmail_net = ipaddress.ip_network(webmail_net)

    def sign_in(self, person: str, secret: str, mailbox: str, client: str) -> Sender | None:
        """None for anything but a live credential of `person` that opens `mailbox`; what may be sent is asked later.

        Keys of web sessions count from the webmail's own host only; a password or app password opens nothing but the
        person's own mailbox. Costs one argon2id when a password is given for an address that has one, or has none.
        """
        digest = hashlib.sha256(secret.encode()).hexdigest()
        by_key = Sender(person, mailbox, digest, None)
        if by_key.is_delegate:
            return by_key if self._is_member(by_key, client) else None
        if self._is_webmail(client) and self._holds("server_keys", person, digest):
            return by_key
        for spelled in app_passwords.digests(secret):
            if self._holds("server_logins", person, spelled):
                return Sender(person, person, spelled, None)
        return self._by_password(person, secret, digest, client)

    def still_may_send(self, sender: Sender, client: str) -> bool:
        """Asked before every message and again before it is handed over: what signed in may be gone by now."""
        if sender.password_hash is not None:
            return sender.password_hash in self._password_hashes(sender.person)
        if not sender.is_delegate:
            from_webmail = self._is_webmail(client) and self._holds("server_keys", sender.person, sender.secret_sha256)
            return from_webmail or self._holds("server_logins", sender.person, sender.secret_sha256)
        return self._is_member(sender, client, " AND can_send = 1")

    def may_send(self, person: str, mailbox: str) -> bool:
        """Whether `person`, signed in or not, may send as `mailbox` now: their own, or one they reply from."""
        if person == mailbox:
            return self._any(
                "SELECT 1 FROM server_mailboxes WHERE address = :person AND kind = 'regular'", person=person
            )
        return self._any(
            "SELECT 1 FROM server_repliers WHERE person = :person AND mailbox = :mailbox",
            person=person,
            mailbox=mailbox,
        )

    def recipient(self, typed: str) -> Recipient | None:
        """Where mail for `typed` goes; None when it is no address. `ana+lists@` reaches ana@ (RFC 5233).

        `postmaster` alone is that of this server (RFC 5321 §4.5.1), whose name stands in our reports, too.

        What the mail server counts is known here some seconds later: a burst may fill a mailbox a little beyond its
        limit, by no more than Dovecot itself allows.
        """
        address = canonical(typed if "@" in typed else f"{typed}@{self._hostname}")
        if address is None:
            return None
        local, _, domain = address.rpartition("@")
        base = local.partition("+")[0].lower()
        if base in ROLES and domain == self._hostname:
            domain = self._home() or domain
            address = f"{local}@{domain}"
        for candidate in (address.lower(), f"{base}@{domain}"):
            storage = self._storage(candidate)
            if storage is not None:
                return Recipient(candidate, Reach.FULL if storage.level is Level.FULL else Reach.LOCAL)
        if base in ROLES and (keeper := self._keeper(domain)):
            storage = self._storage(keeper)
            is_full = storage is not None and storage.level is Level.FULL
            return Recipient(keeper, Reach.FULL if is_full else Reach.LOCAL)
        return Recipient(address, Reach.UNKNOWN if self.is_ours(domain) else Reach.OUTSIDE)

    def is_ours(self, domain: str) -> bool:
        """Whether we keep the mail of this domain."""
        return self._any("SELECT 1 FROM server_domains WHERE name = :domain", domain=domain)

    def is_shared(self, address: str) -> bool:
        """Whether this is a shared mailbox, or a sub-address that reaches one (RFC 5233)."""
        local, _, domain = address.lower().rpartition("@")
        return self._any(
            "SELECT 1 FROM server_mailboxes WHERE address IN (:address, :base) AND kind = 'shared'",
            address=address.lower(),
            base=f"{local.partition('+')[0]}@{domain}",
        )

    def other_domains(self, mailbox: str) -> frozenset[str]:
        """The domains of the mailbox's account beside its own."""
        own = mailbox.rpartition("@")[2]
        query = text("SELECT domain FROM server_neighbours WHERE mailbox = :mailbox")
        with self._database.read() as session:
            return frozenset(session.scalars(query, {"mailbox": mailbox})) - {own}

    def _is_member(self, sender: Sender, client: str, and_more: str = "") -> bool:
        """A member's key counts from the webmail's own host only."""
        return self._is_webmail(client) and self._any(
            "SELECT 1 FROM server_delegates WHERE person = :person AND mailbox = :mailbox"  # noqa: S608 - our own words
            f" AND secret_sha256 = :digest{and_more}",
            person=sender.person,
            mailbox=sender.mailbox,
            digest=sender.secret_sha256,
        )

    def _by_password(self, person: str, secret: str, digest: str, client: str) -> Sender | None:
        """After too many wrong ones none is looked at for a while, and that takes as long."""
        waits = self._waits(person, client)
        stored = None if waits else next(iter(self._password_hashes(person)), None)
        if not verify_password(stored, secret) or stored is None:
            return None
        return Sender(person, person, digest, stored)

    def _waits(self, person: str, client: str) -> bool:
        _, (account, _), (network, _) = throttle.password_limits(PERSON, person, client)
        return self._any(
            "SELECT 1 FROM server_waits WHERE key IN (:account, :network)", account=account, network=network
        )

    def _password_hashes(self, person: str) -> list[str]:
        query = "SELECT password_hash FROM server_logins WHERE address = :person AND password_hash IS NOT NULL"
        with self._database.read() as session:
            return list(session.execute(text(query), {"person": person}).scalars())

    def _holds(self, view: str, person: str, digest: str) -> bool:
        query = f"SELECT 1 FROM {view} WHERE address = :person AND secret_sha256 = :digest"  # noqa: S608 - our own names
        return self._any(query, person=person, digest=digest)

    def _storage(self, address: str) -> Storage | None:
        """None for an address that is nobody's."""
        query = (
            "SELECT plan, used_bytes, quota_mb, pool_used_bytes, allotted_mb"
            " FROM server_mailboxes WHERE address = :address"
        )
        with self._database.read() as session:
            row = session.execute(text(query), {"address": address}).first()
        return storage(**row._mapping) if row is not None else None

    def _keeper(self, domain: str) -> str:
        """Who gets what is written to a domain as such; "" where nobody has a mailbox."""
        query = text("SELECT mailbox FROM server_role_mailboxes WHERE domain = :domain")
        with self._database.read() as session:
            return session.scalar(query, {"domain": domain}) or ""

    def _home(self) -> str:
        """The domain whose postmaster is this server's: the oldest of the account that was made first."""
        query = text(
            "SELECT domain FROM server_role_mailboxes WHERE mailbox IS NOT NULL ORDER BY account_id, domain_id LIMIT 1"
        )
        with self._database.read() as session:
            return session.scalar(query) or ""

    def _any(self, query: str, **values: str) -> bool:
        with self._database.read() as session:
            return session.execute(text(query), values).first() is not None

    def _is_webmail(self, client: str) -> bool:
        address = ipaddress.ip_address(client)
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address) in self._webmail_net
