"""Is it true? Asks the running servers whether each shared mailbox is as locked, and as open, as it should be."""

import contextlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from functools import partial

from sqlalchemy import select

from auth.models import Person
from auth.sessions import short_lived
from core.config import Config
from core.db import Database
from core.vault import Vault
from mail import probe
from mail.errors import MailServerUnavailable
from mail.sasl import Credential
from mailboxes.models import ACTIVE, SHARED, Mailbox, Membership

# Each refusal takes a second on purpose, so several questions are put together; more would make a busy machine busier.
_AT_ONCE = 8


class Verdict(Enum):
    """What a look has shown. TOO_SLOW is neither: the server let us wait, and a quieter moment will tell."""

    GOOD = "ok"
    WRONG = "WRONG"
    TOO_SLOW = "slow"


@dataclass(frozen=True)
class Finding:
    mailbox: str
    what: str
    verdict: Verdict


@dataclass(frozen=True)
class _Check:
    mailbox: str
    what: str
    expected: bool
    ask: Callable[[], bool]

    def find(self) -> Finding:
        """A busy server may turn one knock away: what should open is knocked at twice, what opens wrongly never is."""
        finding = self._find()
        return self._find() if finding.verdict is Verdict.WRONG and self.expected else finding

    def _find(self) -> Finding:
        try:
            return Finding(self.mailbox, self.what, Verdict.GOOD if self.ask() == self.expected else Verdict.WRONG)
        except probe.TooSlow as error:
            return Finding(self.mailbox, f"{self.what}: too slow to tell ({error})", Verdict.TOO_SLOW)
        except MailServerUnavailable as error:
            return Finding(self.mailbox, f"{self.what}: no answer ({error})", Verdict.WRONG)


@dataclass(frozen=True)
class _Member:
    login_id: int
    address: str
    can_send: bool


class Doctor:
    """Makes a short web session for every member, looks, and ends it; changes nothing else.

    A server that says nothing for `patience` seconds is too slow to tell.
    """

    def __init__(self, config: Config, database: Database, vault: Vault, *, patience: float = probe.PATIENCE) -> None:
        self._config, self._database, self._vault, self._patience = config, database, vault, patience
        self._host = config.host_of_servers

    def examine(self) -> Iterator[Finding]:
        """Every finding about every shared mailbox; what was too slow is asked again, alone, and comes last."""
        members = self._members()
        checks = [check for mailbox in members for check in self._locked(mailbox)]
        afterwards: list[_Check] = []
        with contextlib.ExitStack() as sessions:
            for mailbox, people in members.items():
                if not people:
                    checks.append(_Check(mailbox, "has members", True, lambda: False))
                for person in people:
                    actor = sessions.enter_context(short_lived(self._database, self._vault, person.login_id))
                    key = Credential(person.address, actor.mail_key, mailbox)
                    checks += self._direct(mailbox, f"the key of {person.address}", actor.mail_key)
                    checks += self._as_member(mailbox, person, key)
                    afterwards.append(self._ended(mailbox, key))
            yield from _all(checks)
        yield from _all(afterwards)

    def _locked(self, mailbox: str) -> Iterator[_Check]:
        """Nothing signs in as the mailbox itself."""
        attempts = {"an empty password": "", "the password !": "!", "a random password": secrets.token_urlsafe(16)}
        for words, secret in attempts.items():
            yield from self._direct(mailbox, words, secret)

    def _direct(self, mailbox: str, words: str, secret: str) -> Iterator[_Check]:
        imap_port, itself = self._config.imap_port, Credential(mailbox, secret, mailbox)
        doors = {
            "IMAP": self._asking(probe.imap_opens, imap_port, itself),
            "IMAP LOGIN": self._asking(probe.imap_login_opens, imap_port, mailbox, secret),
            "submission": self._asking(probe.submission_opens, self._config.submission_port, itself),
        }
        for door, opens in doors.items():
            yield _Check(mailbox, f"{door} refuses direct sign-in with {words}", False, opens)

    def _as_member(self, mailbox: str, member: _Member, key: Credential) -> Iterator[_Check]:
        who, imap_port = member.address, self._config.imap_port
        takes = "takes" if member.can_send else "refuses"
        lets = "lets" if member.can_send else "does not let"
        yield _Check(mailbox, f"IMAP lets {who} in", True, self._asking(probe.imap_opens, imap_port, key))
        for folder in ("Drafts", "Sent"):
            ask = self._asking(probe.imap_takes, imap_port, key, folder)
            yield _Check(mailbox, f"{folder} {takes} a message from {who}", member.can_send, ask)
        ask = self._asking(probe.submission_takes, self._config.submission_port, key, mailbox)
        yield _Check(mailbox, f"submission {lets} {who} send as {mailbox}", member.can_send, ask)

    def _ended(self, mailbox: str, key: Credential) -> _Check:
        ask = self._asking(probe.imap_opens, self._config.imap_port, key)
        return _Check(mailbox, f"IMAP refuses {key.authcid} once the web session has ended", False, ask)

    def _asking(self, question: Callable[..., bool], *facts: object) -> Callable[[], bool]:
        return partial(question, self._host, *facts, patience=self._patience)

    def _members(self) -> dict[str, list[_Member]]:
        """Every active shared mailbox with its members."""
        query = (
            select(Mailbox.address, Person.id, Person.name, Membership.can_send)
            .outerjoin(Membership, Membership.mailbox_id == Mailbox.id)
            .outerjoin(Person, Person.id == Membership.login_id)
            .where(Mailbox.kind == SHARED, Mailbox.status == ACTIVE)
            .order_by(Mailbox.address, Person.name)
        )
        found: dict[str, list[_Member]] = {}
        with self._database.read() as session:
            for address, login_id, name, can_send in session.execute(query):
                people = found.setdefault(address, [])
                if login_id is not None:
                    people.append(_Member(login_id, name, can_send))
        return found


def _all(checks: Sequence[_Check]) -> Iterator[Finding]:
    slow: list[tuple[_Check, Finding]] = []
    with ThreadPoolExecutor(_AT_ONCE) as crowd:
        for check, finding in zip(checks, crowd.map(_Check.find, checks), strict=True):
            if finding.verdict is Verdict.TOO_SLOW:
                slow.append((check, finding))
            else:
                yield finding
    yield from _alone(slow)


def _alone(slow: Iterable[tuple[_Check, Finding]]) -> Iterator[Finding]:
    """Asked one by one until one is too slow even so: then the others would be as well."""
    hopeless = False
    for check, before in slow:
        finding = before if hopeless else check.find()
        hopeless = finding.verdict is Verdict.TOO_SLOW
        yield finding
