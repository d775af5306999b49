"""What an owner changes about the account itself and about the face of a mailbox."""

from sqlalchemy.orm import Session

from mailboxes.administration import Administration, account_of, active_in
from mailboxes.audit import record
from mailboxes.errors import NothingByThatName
from mailboxes.models import Mailbox
from mailboxes.plans import PLANS

MAX_NAME = 200


def change_plan(session: Session, admin: Administration, plan: str) -> None:
    """A lower plan deletes nothing: what is above its limits stays, and nothing can be added there.

    Raises NothingByThatName for a plan that isn't sold.
    """
    if plan not in PLANS:
        raise NothingByThatName(f"plan {plan!r}")
    account = account_of(session, admin, lock=True)
    if account.plan == plan:
        return
    detail = f"{account.plan} → {plan}"
    account.plan = plan
    record(session, admin.doer, account.id, "plan.changed", detail=detail)


def rename_mailbox(session: Session, admin: Administration, mailbox_id: int, display_name: str) -> Mailbox:
    """The name that customers see in From. Raises NothingByThatName."""
    mailbox = active_in(session, admin, mailbox_id, lock=True)
    name = " ".join(display_name.split())[:MAX_NAME]
    if mailbox.display_name != name:
        record(
            session,
            admin.doer,
            mailbox.account_id,
            "mailbox.renamed",
            mailbox=mailbox.address,
            detail=f"{mailbox.display_name} → {name}",
        )
        mailbox.display_name = name
    return mailbox
