"""What the mail server counted, written down; and who is told when the storage runs out.

The audit log remembers who was told: a day's silence after "full", a week's after "nearly full".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from auth.models import Owner
from core.db import Database, now
from mailboxes.audit import Doer, record
from mailboxes.models import ACTIVE, Account, AuditEntry, Mailbox
from mailboxes.owners import is_local, may_be_written_to
from mailboxes.storage import Level, Storage, pool_of, recount

_DAY = 86_400
_SILENCE = {Level.NEARLY_FULL: ("storage.nearly_full", 7 * _DAY), Level.FULL: ("storage.full", _DAY)}
_DOER = Doer("Postroom", "timer")
# One statement names so many addresses at most.
_BATCH = 400


@dataclass(frozen=True)
class Alarm:
    """A pool that has run out, or nearly, and the owners a letter may go to: address, and whether it stays here."""

    account_id: int
    account: str
    storage: Storage
    owners: list[tuple[str, bool]]


def write_down(db: Database, counted: Mapping[str, int]) -> list[Alarm]:
    """Address → octets, as the mail server counted. Addresses that are nobody's are passed over.

    One transaction for each account, so that nobody who changes one waits for the others. Whoever gets an alarm tells
    it, and then notes it: until then it is given again.
    """
    alarms = []
    for account_id, changed in _by_account(db, counted).items():
        with db.write() as session:
            account = _locked(session, account_id)
            for address, octets in changed.items():
                session.execute(update(Mailbox).where(Mailbox.address == address).values(used_bytes=octets))
            alarms += _settle(session, account)
    return alarms


def look_at_all(db: Database) -> list[Alarm]:
    """Add up every account and see whether it is time to tell: a plan may have changed, or a day passed."""
    with db.read() as session:
        accounts = session.scalars(select(Account.id).order_by(Account.id)).all()
    alarms = []
    for account_id in accounts:
        with db.write() as session:
            alarms += _settle(session, _locked(session, account_id))
    return alarms


def note(db: Database, alarm: Alarm) -> None:
    """It has been told: silence now, for as long as its level has."""
    action, _silence = _SILENCE[alarm.storage.level]
    with db.write() as session:
        record(session, _DOER, alarm.account_id, action, detail=alarm.storage.story(owner=True))


def _by_account(db: Database, counted: Mapping[str, int]) -> dict[int, dict[str, int]]:
    """Only what differs from what is known."""
    found: dict[int, dict[str, int]] = {}
    addresses = sorted(counted)
    with db.read() as session:
        for start in range(0, len(addresses), _BATCH):
            wanted = Mailbox.address.in_(addresses[start : start + _BATCH])
            query = select(Mailbox.account_id, Mailbox.address, Mailbox.used_bytes).where(wanted)
            for account_id, address, known in session.execute(query):
                if counted[address] != known:
                    found.setdefault(account_id, {})[address] = counted[address]
    return found


def _locked(session: Session, account_id: int) -> Account:
    """Whoever changes something in an account comes one after the other, as everywhere."""
    return session.scalars(select(Account).where(Account.id == account_id).with_for_update(key_share=True)).one()


def _settle(session: Session, account: Account) -> list[Alarm]:
    recount(session, account.id)
    session.refresh(account, ["pool_used_bytes", "allotted_mb"])
    pool = pool_of(account)
    if pool.level not in _SILENCE or not _has_mailboxes(session, account):
        return []
    action, silence = _SILENCE[pool.level]
    lately = select(AuditEntry.id).where(AuditEntry.account_id == account.id, AuditEntry.at > now() - silence)
    if session.scalar(lately.where(AuditEntry.action == action).limit(1)) is not None:
        return []
    return [Alarm(account.id, account.name, pool, _writable_owners(session, account))]


def _has_mailboxes(session: Session, account: Account) -> bool:
    """All storage may have been allotted: a pool without room matters to those who depend on it."""
    query = select(Mailbox.id).where(Mailbox.account_id == account.id, Mailbox.status == ACTIVE)
    return session.scalar(query.where(Mailbox.quota_mb.is_(None)).limit(1)) is not None


def _writable_owners(session: Session, account: Account) -> list[tuple[str, bool]]:
    names = session.scalars(select(Owner.name).where(Owner.account_id == account.id).order_by(Owner.name)).all()
    return [(name, is_local(session, name)) for name in names if may_be_written_to(session, name)]
