"""The account at a glance: the table of mailboxes, and what is used of the plan. A page costs what it shows."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from auth.models import Person
from mailboxes.administration import Administration, account_of
from mailboxes.models import ACTIVE, SHARED, Domain, Mailbox, Membership
from mailboxes.plans import PLANS, Plan
from mailboxes.storage import Storage, megabytes, pool_of
from mailboxes.text_search import holds

Sort = Literal["address", "name", "type", "members", "storage", "created"]


@dataclass(frozen=True)
class Filters:
    """Which mailboxes: None or "" asks nothing. `search` looks in address and display name."""

    search: str = ""
    kind: str = ""
    domain_id: int | None = None
    has_members: bool | None = None
    status: str = ACTIVE


@dataclass(frozen=True)
class MailboxRow:
    """One mailbox of the table. `member_count` is None for a person's own."""

    id: int
    address: str
    local_part: str
    domain_id: int
    domain: str
    display_name: str
    kind: str
    status: str
    member_count: int | None
    used_bytes: int
    quota_mb: int | None
    created_at: int
    trashed_at: int | None

    @property
    def used_mb(self) -> int:
        """Rounded up."""
        return megabytes(self.used_bytes)

    @property
    def is_shared(self) -> bool:
        return self.kind == SHARED

    @property
    def has_no_members(self) -> bool:
        return self.member_count == 0


@dataclass(frozen=True)
class DomainUsage:
    """What a domain has, of what its plan gives it."""

    domain_id: int
    domain: str
    shared: int
    mailboxes: int
    role_address: str


@dataclass(frozen=True)
class Usage:
    plan: Plan
    domains: list[DomainUsage]
    used_bytes: int
    pool: Storage
    allotted_mb: int

    @property
    def used_mb(self) -> int:
        """Rounded up."""
        return megabytes(self.used_bytes)


def find_mailboxes(
    session: Session,
    admin: Administration,
    filters: Filters,
    *,
    sort: Sort = "address",
    descending: bool = False,
    page: int = 1,
    per_page: int = 50,
) -> tuple[list[MailboxRow], int]:
    """A page of the table, counted from 1, and how many there are in all."""
    wanted, first = _wanted(admin, filters), _order(sort)
    # The address breaks ties. Named twice, it would keep SQLite from reading the index in its order.
    order = [first.desc() if descending else first.asc(), *([] if sort == "address" else [Mailbox.address])]
    # Ids alone come out of an index; whole rows are read for the page only.
    ids = list(
        session.scalars(
            wanted.with_only_columns(Mailbox.id).order_by(*order).limit(per_page).offset((page - 1) * per_page)
        )
    )
    if page == 1 and len(ids) < per_page:
        total = len(ids)  # all of them: looking a second time would count the same
    else:
        total = session.scalar(wanted.with_only_columns(func.count())) or 0
    rows = _in_order(session, ids)
    counts = _member_counts(session, [mailbox.id for mailbox, _domain in rows if mailbox.is_shared])
    return [_row(mailbox, domain, counts) for mailbox, domain in rows], total


def _in_order(session: Session, ids: list[int]) -> list[tuple[Mailbox, str]]:
    query = select(Mailbox, Domain.name).join(Domain, Domain.id == Mailbox.domain_id).where(Mailbox.id.in_(ids))
    found = {mailbox.id: (mailbox, domain) for mailbox, domain in session.execute(query)}
    return [found[mailbox_id] for mailbox_id in ids if mailbox_id in found]


def find_domains(
    session: Session, admin: Administration, *, search: str = "", page: int, per_page: int
) -> tuple[list[Domain], int]:
    """A page of the account's domains whose name holds `search`, by name, counted from 1, and how many there are."""
    wanted = select(Domain).where(Domain.account_id == admin.account_id)
    if search:
        wanted = wanted.where(holds(Domain.name, search))
    if admin.domain_ids is not None:
        wanted = wanted.where(Domain.id.in_(admin.domain_ids))
    total = session.scalar(wanted.with_only_columns(func.count())) or 0
    rows = session.scalars(wanted.order_by(Domain.name).limit(per_page).offset((page - 1) * per_page))
    return list(rows), total


def one_row(session: Session, mailbox: Mailbox) -> MailboxRow:
    """The same facts about one mailbox."""
    return _row(mailbox, mailbox.domain.name, _member_counts(session, [mailbox.id]) if mailbox.is_shared else {})


def candidates(
    session: Session, admin: Administration, *, search: str, shared: Mailbox | None, limit: int = 50
) -> list[Mailbox]:
    """People who can become members: regular mailboxes of the account on any domain, not yet in `shared`."""
    query = _wanted(admin, Filters(search=search, kind="regular")).with_only_columns(Mailbox)
    if shared is not None:
        inside = (
            select(Person.name)
            .join(Membership, Membership.login_id == Person.id)
            .where(Membership.mailbox_id == shared.id)
        )
        query = query.where(Mailbox.address.not_in(inside), Mailbox.id != shared.id)
    return list(session.scalars(query.order_by(Mailbox.address).limit(limit)))


def usage(session: Session, admin: Administration) -> Usage:
    """What is used of the plan: per domain, and the storage of the account."""
    rows = session.execute(
        select(
            Domain.id,
            Domain.name,
            Domain.role_address,
            func.count(Mailbox.id).filter(Mailbox.kind == SHARED),
            func.count(Mailbox.id),
            func.coalesce(func.sum(Mailbox.used_bytes), 0),
        )
        .outerjoin(Mailbox, (Mailbox.domain_id == Domain.id) & (Mailbox.status == ACTIVE))
        .where(Domain.account_id == admin.account_id)
        .group_by(Domain.id, Domain.name, Domain.role_address)
        .order_by(Domain.name)
    ).all()
    domains = [
        DomainUsage(domain_id, name, shared, count, role_address)
        for domain_id, name, role_address, shared, count, _used in rows
        if admin.covers(domain_id)
    ]
    account = account_of(session, admin)
    used_bytes = sum(int(row[5]) for row in rows)
    return Usage(PLANS[account.plan], domains, used_bytes, pool_of(account), account.allotted_mb)


def _wanted(admin: Administration, filters: Filters) -> Select[Mailbox]:
    query = select(Mailbox).where(Mailbox.account_id == admin.account_id, Mailbox.status == filters.status)
    if admin.domain_ids is not None:
        query = query.where(Mailbox.domain_id.in_(admin.domain_ids))
    if filters.kind:
        query = query.where(Mailbox.kind == filters.kind)
    if filters.domain_id is not None:
        query = query.where(Mailbox.domain_id == filters.domain_id)
    if filters.search:
        address = Mailbox.address.contains(filters.search.lower(), autoescape=True)  # addresses are in lower case
        query = query.where(or_(address, holds(Mailbox.display_name, filters.search)))
    if filters.has_members is not None:
        members = exists().where(Membership.mailbox_id == Mailbox.id)
        query = query.where(Mailbox.kind == SHARED, members if filters.has_members else ~members)
    return query


def _order(sort: Sort) -> ColumnElement[object]:
    members = select(func.count()).where(Membership.mailbox_id == Mailbox.id).scalar_subquery()
    columns: dict[str, ColumnElement[object]] = {
        "address": Mailbox.address,  # type: ignore[dict-item]  # a mapped column is a column
        "name": func.lower(Mailbox.display_name),
        "type": Mailbox.kind,  # type: ignore[dict-item]
        "members": members,
        "storage": Mailbox.used_bytes,  # type: ignore[dict-item]
        "created": Mailbox.created_at,  # type: ignore[dict-item]
    }
    return columns[sort]


def _member_counts(session: Session, mailbox_ids: list[int]) -> dict[int, int]:
    query = select(Membership.mailbox_id, func.count()).where(Membership.mailbox_id.in_(mailbox_ids))
    return dict(session.execute(query.group_by(Membership.mailbox_id)).all()) if mailbox_ids else {}


def _row(mailbox: Mailbox, domain: str, counts: dict[int, int]) -> MailboxRow:
    return MailboxRow(
        id=mailbox.id,
        address=mailbox.address,
        local_part=mailbox.local_part,
        domain_id=mailbox.domain_id,
        domain=domain,
        display_name=mailbox.display_name,
        kind=mailbox.kind,
        status=mailbox.status,
        member_count=counts.get(mailbox.id, 0) if mailbox.is_shared else None,
        used_bytes=mailbox.used_bytes,
        quota_mb=mailbox.quota_mb,
        created_at=mailbox.created_at,
        trashed_at=mailbox.trashed_at,
    )
