"""Storage of its own for a mailbox, instead of a place in the account's pool: the pool becomes smaller by it."""

from sqlalchemy.orm import Session

from mailboxes.administration import Administration, account_of
from mailboxes.errors import PlanLimitReached
from mailboxes.models import Mailbox
from mailboxes.plans import PLANS
from mailboxes.storage import recount, size


def allot(session: Session, admin: Administration, mailbox: Mailbox, quota_mb: int | None) -> None:
    """None leaves it in the pool. Raises PlanLimitReached for more than the plan has left to allot."""
    if quota_mb is None:
        return
    account = account_of(session, admin, lock=True)
    plan = PLANS[account.plan]
    left = plan.storage_mb - account.allotted_mb
    if quota_mb > left:
        allotted = f", {size(account.allotted_mb)} of it allotted already" if account.allotted_mb else ""
        raise PlanLimitReached(
            f"{mailbox.address}: {quota_mb} of {left} MB",
            public=f"The {plan.name} plan has {size(plan.storage_mb)} in all{allotted}. "
            "Ask for less, or move to a larger plan.",
        )
    mailbox.quota_mb = quota_mb
    recount(session, account.id)
