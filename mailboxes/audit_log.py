"""Reading the audit log: filtered, in pages, newest first."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from mailboxes.administration import Administration
from mailboxes.models import AuditEntry, Domain

# What happened, in words.
ACTIONS = {
    "mailbox.added": "Mailbox added",
    "mailbox.renamed": "Mailbox renamed",
    "mailbox.signature_changed": "Signature changed",
    "mailbox.converted_to_shared": "Converted to a shared mailbox",
    "mailbox.converted_to_regular": "Converted to a regular mailbox",
    "mailbox.deleted": "Mailbox deleted",
    "mailbox.restored": "Mailbox restored",
    "mailbox.purged": "Mailbox removed for good",
    "member.added": "Member added",
    "member.removed": "Member removed",
    "member.can_reply": "Member can reply",
    "member.read_only": "Member made read-only",
    "member.labelled": "Label changed",
    "message.sent": "Message sent",
    "password.set": "Password set",
    "second_factor.off": "Second factor switched off",
    "app_password.revoked": "App password revoked",
    "session.ended": "Signed out",
    "person.password_changed": "Own password changed",
    "person.second_factor_on": "Own second factor switched on",
    "person.second_factor_off": "Own second factor switched off",
    "person.recovery_codes_made": "Own recovery codes made",
    "person.app_password_made": "Own app password made",
    "person.app_password_revoked": "Own app password revoked",
    "person.session_ended": "Signed out elsewhere",
    "storage.nearly_full": "Storage nearly full",
    "storage.full": "Storage full",
    "domain.added": "Domain added",
    "domain.role_mailbox": "Mailbox for postmaster@ and abuse@ chosen",
    "domain.removed": "Domain removed",
    "plan.changed": "Plan changed",
    "token.made": "API token made",
    "token.revoked": "API token revoked",
    "owner.added": "Owner added",
    "owner.removed": "Owner removed",
    "owner.password_changed": "Owner's password changed",
    "owner.password_reset": "Owner's password reset by mail",
    "owner.second_factor_on": "Owner's second factor switched on",
    "owner.second_factor_off": "Owner's second factor switched off",
    "owner.recovery_codes_made": "Owner's recovery codes made",
    "owner.session_ended": "Owner signed out elsewhere",
}
COLUMNS = ("When (UTC)", "Who", "What", "Mailbox", "To whom", "Detail", "Door", "From where")


@dataclass(frozen=True)
class AuditFilters:
    """Empty asks nothing. `person` is who did it or whom it was done to; the days are whole ones, in UTC."""

    mailbox: str = ""
    person: str = ""
    action: str = ""
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True)
class Entry:
    id: int
    at: datetime
    actor: str
    action: str
    mailbox: str
    subject: str
    detail: str
    door: str
    client_address: str

    @property
    def words(self) -> str:
        return ACTIONS.get(self.action, self.action)  # an entry may be older than a word for it


def find_entries(
    session: Session, admin: Administration, filters: AuditFilters, *, page: int = 1, per_page: int = 50
) -> tuple[list[Entry], int]:
    """A page, counted from 1, and how many entries there are in all."""
    wanted = _wanted(admin, filters)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = session.scalars(_newest_first(wanted).limit(per_page).offset((page - 1) * per_page))
    return [_entry(row) for row in rows], total


def as_csv(session: Session, admin: Administration, filters: AuditFilters) -> Iterator[str]:
    """Every entry, as lines of a CSV file (RFC 4180) in which no cell is a formula to a spreadsheet."""
    yield _line(COLUMNS)
    for row in session.scalars(_newest_first(_wanted(admin, filters)).execution_options(yield_per=500)):
        entry = _entry(row)
        yield _line(
            (
                entry.at.strftime("%Y-%m-%d %H:%M:%S"),
                entry.actor,
                entry.words,
                entry.mailbox,
                entry.subject,
                entry.detail,
                entry.door,
                entry.client_address,
            )
        )


def harmless(cell: str) -> str:
    """Spreadsheets execute what begins with one of these signs; an apostrophe in front makes it text to all of them."""
    # Full-width forms are the same signs to some of them, and some drop white space before they look.
    start = cell.lstrip()[:1]
    dangerous = start in ("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠") or cell[:1] in ("\t", "\r", "\n")
    return f"'{cell}" if cell and dangerous else cell


def _line(cells: tuple[str, ...]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerow([harmless(cell) for cell in cells])
    return buffer.getvalue()


def _wanted(admin: Administration, filters: AuditFilters) -> Select[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.account_id == admin.account_id)
    if admin.domain_ids is not None:
        here = AuditEntry.mailbox.like("%@" + Domain.name)
        query = query.where(select(Domain.id).where(Domain.id.in_(admin.domain_ids), here).exists())
    if filters.mailbox:
        query = query.where(AuditEntry.mailbox.icontains(filters.mailbox, autoescape=True))
    if filters.person:
        both = (AuditEntry.actor, AuditEntry.subject)
        query = query.where(or_(*(column.icontains(filters.person, autoescape=True) for column in both)))
    if filters.action:
        query = query.where(AuditEntry.action == filters.action)
    if filters.first_day:
        query = query.where(AuditEntry.at >= _midnight(filters.first_day))
    if filters.last_day:
        query = query.where(AuditEntry.at < _midnight(filters.last_day) + 86_400)
    return query


def _newest_first(query: Select[AuditEntry]) -> Select[AuditEntry]:
    return query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc())


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


def _entry(row: AuditEntry) -> Entry:
    return Entry(
        id=row.id,
        at=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=row.at),
        actor=row.actor,
        action=row.action,
        mailbox=row.mailbox,
        subject=row.subject,
        detail=row.detail,
        door=row.door,
        client_address=row.client_address,
    )
