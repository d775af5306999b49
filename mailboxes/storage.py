"""How much storage there is, how much of it is used, and whether there is room.

A mailbox has storage of its own (`quota_mb`), or a place in the pool: what the plan gives the account, less what was
allotted to single mailboxes. What lies in the bin is not counted.
"""

from dataclasses import dataclass
from enum import Enum

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from mailboxes.models import ACTIVE, Account, Mailbox
from mailboxes.plans import PLANS

MEBIBYTE = 1024 * 1024


class Level(Enum):
    ROOM = "room"
    NEARLY_FULL = "nearly full"
    FULL = "full"


@dataclass(frozen=True)
class Storage:
    """`used_bytes` of `limit_bytes`: of one mailbox's own storage, or of the account's pool."""

    plan: str
    pooled: bool
    used_bytes: int
    limit_bytes: int

    @property
    def level(self) -> Level:
        if self.used_bytes >= self.limit_bytes:
            return Level.FULL
        return Level.NEARLY_FULL if self.used_bytes * 10 >= self.limit_bytes * 9 else Level.ROOM

    @property
    def headline(self) -> str:
        return f"The storage is {self.level.value}."

    def story(self, *, owner: bool) -> str:
        """The number, the plan, what it means and the way out: for an owner, or for somebody who reads mail here."""
        much = f"{size_of(self.used_bytes)} of {size(self.limit_bytes // MEBIBYTE)}"
        if self.pooled:
            fact = f"The account's mailboxes together use {much} on the {self.plan} plan."
        else:
            fact = f"This mailbox uses {much}, which is what it was given on the {self.plan} plan."
        full = self.level is Level.FULL
        effect = "New mail is put off until there is room." if full else "When it is full, new mail is put off."
        return f"{fact} {effect} To make room, delete messages and empty the Trash, {self._or_else(owner=owner)}."

    def _or_else(self, *, owner: bool) -> str:
        if not self.pooled:
            return "or move some to another mailbox"
        plans = list(PLANS)
        larger = plans[plans.index(self.plan) + 1 :]
        if not owner:
            return "or ask who runs the account for more"
        return f"delete a mailbox, or move to a larger plan, such as {larger[0]}" if larger else "or delete a mailbox"


def storage(plan: str, *, used_bytes: int, quota_mb: int | None, pool_used_bytes: int, allotted_mb: int) -> Storage:
    """What counts for a mailbox with these numbers."""
    if quota_mb is not None:
        return Storage(plan, False, used_bytes, quota_mb * MEBIBYTE)
    return Storage(plan, True, pool_used_bytes, max(0, PLANS[plan].storage_mb - allotted_mb) * MEBIBYTE)


# Every page asks it, so it is put together once.
_OF_ONE = (
    select(Mailbox.used_bytes, Mailbox.quota_mb, Account.plan, Account.pool_used_bytes, Account.allotted_mb)
    .join(Account, Account.id == Mailbox.account_id)
    .where(Mailbox.id == bindparam("mailbox_id"))
)


def storage_of(session: Session, mailbox_id: int) -> Storage:
    """What counts for this mailbox. One row, however many the account has."""
    row = session.execute(_OF_ONE, {"mailbox_id": mailbox_id}).one()
    return storage(
        row.plan,
        used_bytes=row.used_bytes,
        quota_mb=row.quota_mb,
        pool_used_bytes=row.pool_used_bytes,
        allotted_mb=row.allotted_mb,
    )


def pool_of(account: Account, plan: str = "") -> Storage:
    """The account's pool on its plan, or as it would be on another."""
    return storage(
        plan or account.plan,
        used_bytes=0,
        quota_mb=None,
        pool_used_bytes=account.pool_used_bytes,
        allotted_mb=account.allotted_mb,
    )


def recount(session: Session, account_id: int) -> None:
    """Add up again, in the transaction of whatever changed a sum. It holds the account's row until the commit."""
    here = (Mailbox.account_id == account_id, Mailbox.status == ACTIVE)
    used = select(func.coalesce(func.sum(Mailbox.used_bytes), 0)).where(*here, Mailbox.quota_mb.is_(None))
    allotted = select(func.coalesce(func.sum(Mailbox.quota_mb), 0)).where(*here)
    values = {"pool_used_bytes": used.scalar_subquery(), "allotted_mb": allotted.scalar_subquery()}
    session.flush()
    session.execute(
        update(Account).where(Account.id == account_id).values(values).execution_options(synchronize_session=False)
    )


def megabytes(octets: int) -> int:
    """Rounded up."""
    return -(-octets // MEBIBYTE)


def size(in_megabytes: float) -> str:
    """`12 MB`, `47.7 GB`, `1 TB`."""
    for unit, length in (("TB", 1_000_000), ("GB", 1_000)):
        if in_megabytes >= length:
            return f"{in_megabytes / length:,.1f}".removesuffix(".0") + f" {unit}"
    return f"{in_megabytes:.0f} MB"


def size_of(octets: int) -> str:
    """What is used, no larger than it is: `0 KB`, `312 KB`, `1.4 MB`, `47.7 GB`."""
    if octets < MEBIBYTE:
        return f"{-(-octets // 1024)} KB"
    megabytes = octets / MEBIBYTE
    return f"{megabytes:.1f}".removesuffix(".0") + " MB" if megabytes < 10 else size(megabytes)
