"""The audit log: who did what, when, from where, through which door."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.db import now
from mailboxes.models import AuditEntry, Mailbox


@dataclass(frozen=True)
class Doer:
    """Who acts, as the log names them. `door` is web, cli, api or mcp; `client_address` where they act from."""

    name: str
    door: str
    client_address: str = ""


def record(
    session: Session,
    doer: Doer,
    account_id: int,
    action: str,
    *,
    mailbox: str = "",
    subject: str = "",
    detail: str = "",
) -> None:
    """Write one entry in the transaction of the change it speaks of, so that neither stands without the other."""
    record_each(session, doer, account_id, action, [subject], mailbox=mailbox, detail=detail)


def record_own(session: Session, doer: Doer, action: str, *, detail: str = "") -> None:
    """What a person does about their own sign-in, in the log of the account that their mailbox is in."""
    account_id = session.scalars(select(Mailbox.account_id).where(Mailbox.address == doer.name)).one()
    record(session, doer, account_id, action, mailbox=doer.name, subject=doer.name, detail=detail)


def record_each(
    session: Session,
    doer: Doer,
    account_id: int,
    action: str,
    subjects: Sequence[str],
    *,
    mailbox: str = "",
    detail: str = "",
) -> None:
    """The same done to several: an entry for each, in one statement."""
    entry = {
        "account_id": account_id,
        "at": now(),
        "actor": doer.name,
        "door": doer.door,
        "client_address": doer.client_address,
        "action": action,
        "mailbox": mailbox,
        "detail": detail,
    }
    if subjects:
        session.execute(insert(AuditEntry), [entry | {"subject": subject} for subject in subjects])
