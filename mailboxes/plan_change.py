"""Moving an account to another plan: what that does at once, in words and numbers, and doing it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from auth import tokens
from mail.domains import readable_domain
from mailboxes.administration import Administration, account_of
from mailboxes.audit import record
from mailboxes.errors import NothingByThatName
from mailboxes.models import Account
from mailboxes.overview import DomainUsage, usage
from mailboxes.plans import PLANS, Plan
from mailboxes.storage import MEBIBYTE, Level, pool_of, size, size_of


@dataclass(frozen=True)
class Move:
    """From one plan to another. `effects` are sentences: what is above the new limits, and what follows from it."""

    before: Plan
    after: Plan
    effects: list[str]

    @property
    def is_down(self) -> bool:
        plans = list(PLANS)
        return plans.index(self.after.name) < plans.index(self.before.name)


def look_ahead(session: Session, admin: Administration, plan: str) -> Move:
    """What `change_plan` would do now. Raises NothingByThatName."""
    account, after = account_of(session, admin), _sold(plan)
    effects = [*_storage_words(account, after), *_count_words(usage(session, admin).domains, after)]
    before = PLANS[account.plan]
    if before.scopes - after.scopes and tokens.listing(session, account.id):
        effects.append(f"API tokens can {'only read' if after.scopes else 'do nothing'} until you move up again.")
    return Move(before, after, effects)


def change_plan(session: Session, admin: Administration, plan: str) -> None:
    """A lower plan deletes nothing: what is above its limits stays. Raises NothingByThatName."""
    after = _sold(plan)
    account = account_of(session, admin, lock=True)
    if account.plan == after.name:
        return
    detail = f"{account.plan} → {after.name}"
    account.plan = after.name
    record(session, admin.doer, account.id, "plan.changed", detail=detail)


def _sold(plan: str) -> Plan:
    if plan not in PLANS:
        raise NothingByThatName(f"plan {plan!r}")
    return PLANS[plan]


def _storage_words(account: Account, after: Plan) -> list[str]:
    pool = pool_of(account, after.name)
    if pool.level is not Level.FULL:
        return []
    whose = "every mailbox without storage of its own" if account.allotted_mb else "every mailbox"
    much = f"{size_of(pool.used_bytes)} of {size(pool.limit_bytes // MEBIBYTE)}"
    return [f"{much} are used: new mail to {whose} is put off until there is room."]


def _count_words(domains: list[DomainUsage], after: Plan) -> list[str]:
    return [
        f"{readable_domain(one.domain)} has {count:,} {what}, and {after.name} includes {limit:,}: "
        "what is there stays, and adding more is blocked."
        for one in domains
        for count, limit, what in (
            (one.shared, after.shared_per_domain, "shared mailboxes" if one.shared != 1 else "shared mailbox"),
            (one.mailboxes, after.mailboxes_per_domain, "mailboxes"),
        )
        if count > limit
    ]
