"""Running an account: the proof that somebody may, and the only way to name a mailbox or domain in it by its id."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from auth.actor import Bearer, OwnerActor
from mailboxes.audit import Doer
from mailboxes.errors import MemberGone, NothingByThatName
from mailboxes.models import ACTIVE, Account, Domain, Mailbox, Membership

_SEAL = object()


@dataclass(frozen=True)
class Administration:
    """Proof that `doer` may run the account now. Only this module makes one; never keep it past a request.

    `domain_ids` limits it to some domains; None is all of them.
    """

    account_id: int
    doer: Doer
    domain_ids: frozenset[int] | None = None
    seal: object = field(repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("only administration_of() and administration_by() make an Administration")

    def covers(self, domain_id: int) -> bool:
        return self.domain_ids is None or domain_id in self.domain_ids


def administration_of(owner: OwnerActor, client_address: str) -> Administration:
    """What an owner who is signed in to the console may run."""
    return Administration(owner.account_id, Doer(owner.email, "web", client_address), seal=_SEAL)


def administration_by(bearer: Bearer, door: str, client_address: str) -> Administration:
    """What a program with this token may run. Its scopes are asked beside this, call by call."""
    return Administration(bearer.account_id, Doer(bearer.name, door, client_address), bearer.domain_ids, seal=_SEAL)


def account_of(session: Session, admin: Administration, *, lock: bool = False) -> Account:
    """`lock` holds the account until the commit: whoever changes something in it comes one after the other.

    That lock comes before every other, so two changes never wait for each other. It lets pass who only refers to the
    account, such as an audit entry of the webmail (PostgreSQL: FOR NO KEY UPDATE).
    """
    query = select(Account).where(Account.id == admin.account_id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalars(query).one()


def domain_in(session: Session, admin: Administration, domain_id: int, *, lock: bool = False) -> Domain:
    """Raises NothingByThatName, the same for a domain that isn't there and one of another account."""
    if lock:
        account_of(session, admin, lock=True)
    domain = session.scalar(select(Domain).where(Domain.id == domain_id, Domain.account_id == admin.account_id))
    if domain is None or not admin.covers(domain.id):
        raise NothingByThatName(f"domain {domain_id} in account {admin.account_id}")
    return domain


def mailbox_in(session: Session, admin: Administration, mailbox_id: int, *, lock: bool = False) -> Mailbox:
    """Raises NothingByThatName, the same for a mailbox that isn't there and one of another account."""
    if lock:
        account_of(session, admin, lock=True)
    query = select(Mailbox).where(Mailbox.id == mailbox_id, Mailbox.account_id == admin.account_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    mailbox = session.scalar(query)
    if mailbox is None or not admin.covers(mailbox.domain_id):
        raise NothingByThatName(f"mailbox {mailbox_id} in account {admin.account_id}")
    return mailbox


def active_in(session: Session, admin: Administration, mailbox_id: int, *, lock: bool = False) -> Mailbox:
    """The same, and one that isn't in the bin. Raises NothingByThatName."""
    mailbox = mailbox_in(session, admin, mailbox_id, lock=lock)
    if mailbox.status != ACTIVE:
        raise NothingByThatName(f"{mailbox.address} is {mailbox.status}")
    return mailbox


def mailboxes_in(session: Session, admin: Administration, mailbox_ids: Sequence[int]) -> list[Mailbox]:
    """Several at once, in the order named. Raises NothingByThatName, saying which id is none of this account's."""
    wanted = list(dict.fromkeys(mailbox_ids))
    query = select(Mailbox).where(Mailbox.id.in_(wanted), Mailbox.account_id == admin.account_id)
    found = {mailbox.id: mailbox for mailbox in session.scalars(query) if admin.covers(mailbox.domain_id)}
    for mailbox_id in wanted:
        if mailbox_id not in found:
            raise NothingByThatName(
                f"mailbox {mailbox_id} in account {admin.account_id}",
                public=f"There is no mailbox with the id {mailbox_id} in this account. Nobody was added.",
            )
    return [found[mailbox_id] for mailbox_id in wanted]


def member_in(session: Session, mailbox: Mailbox, membership_id: int) -> Membership:
    """Raises MemberGone for one that isn't there any more, and the same for a membership of another mailbox."""
    query = select(Membership).where(Membership.id == membership_id, Membership.mailbox_id == mailbox.id)
    membership = session.scalar(query)
    if membership is None:
        raise MemberGone(f"membership {membership_id} of {mailbox.address}")
    return membership
