"""The only entrance to a mailbox: it loads and authorises in one call, at the moment of use."""

from dataclasses import dataclass, field

from sqlalchemy import Integer, Row, Select, and_, bindparam, or_, select, union_all

from auth.actor import Actor
from core.db import Database, Session
from mail.sasl import Credential
from mailboxes.errors import Forbidden, MailboxNotFound
from mailboxes.models import ACTIVE, REGULAR, SHARED, Domain, Mailbox, Membership
from mailboxes.rights import PERSON, Right, Standing, member_standing

_SEAL = object()


@dataclass(frozen=True)
class MailboxAccess:
    """Proof that `actor` may do `rights` in a mailbox now. Only this module makes one; never keep it past a request."""

    actor: Actor
    mailbox_id: int
    account_id: int
    address: str
    kind: str
    display_name: str
    label: str
    signature: str
    rights: Right
    seal: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("only open_mailbox() and mailboxes_of() make a MailboxAccess")

    @property
    def is_shared(self) -> bool:
        return self.kind == SHARED

    @property
    def can_organise(self) -> bool:
        return Right.ORGANISE in self.rights

    @property
    def can_send(self) -> bool:
        return Right.SEND in self.rights

    @property
    def credential(self) -> Credential:
        """How the mail servers learn who asks (authcid) and for which mailbox (authzid), RFC 4616 §2."""
        return Credential(authcid=self.actor.address, secret=self.actor.mail_key, authzid=self.address)

    def require(self, right: Right) -> None:
        """Raises Forbidden when this access was opened with less."""
        if right not in self.rights:
            raise Forbidden(f"{self.actor.address} lacks {right} in {self.address}")


def open_mailbox(db: Database, actor: Actor, address: str, need: Right = Right.SEND) -> MailboxAccess:
    """The mailbox at `address`, for `actor`, who must hold `need` there.

    Raises MailboxNotFound, the same for a mailbox that isn't there and one that isn't theirs, and Forbidden for a
    member with too little.
    """
    with db.read() as session:
        row = session.execute(_ONE, _who(actor) | {"address": address.lower()}).one_or_none()
    if row is None:
        raise MailboxNotFound(f"{actor.address} asked for {address!r}")
    access = _access(actor, row)
    access.require(need)
    return access


def hold(session: Session, access: MailboxAccess, need: Right) -> None:
    """Ask once more, for the length of this transaction: until it ends, the right can't be taken away.

    Whoever takes one away locks the shared mailbox, or changes the person's own. Raises MailboxNotFound and Forbidden,
    as `open_mailbox`.
    """
    involved = or_(Mailbox.id == access.mailbox_id, Mailbox.address == access.actor.address)
    session.execute(select(Mailbox.id).where(involved).order_by(Mailbox.id).with_for_update())
    row = session.execute(_ONE, _who(access.actor) | {"address": access.address}).one_or_none()
    if row is None:
        raise MailboxNotFound(f"{access.actor.address} lost {access.address}")
    _access(access.actor, row).require(need)


def mailboxes_of(db: Database, actor: Actor) -> list[MailboxAccess]:
    """Every mailbox `actor` may open: their own first, then the shared ones by label."""
    with db.read() as session:
        rows = session.execute(_ALL, _who(actor)).all()
    found = [_access(actor, row) for row in rows]
    return sorted(found, key=lambda access: (access.is_shared, access.label.casefold(), access.address))


def is_neighbour(db: Database, access: MailboxAccess, address: str) -> bool:
    """Whether the address is another mailbox of the same account."""
    if address.lower() == access.address:
        return False
    with db.read() as session:
        query = select(Mailbox.id).where(Mailbox.address == address.lower(), Mailbox.account_id == access.account_id)
        return session.scalar(query) is not None


def domains_of(db: Database, access: MailboxAccess) -> frozenset[str]:
    """All domains of the mailbox's account: who is below them is one of its people."""
    with db.read() as session:
        return frozenset(session.scalars(select(Domain.name).where(Domain.account_id == access.account_id)))


def _reachable() -> Select[int, int, str, str, str, str, bool | None, str | None]:
    """The one question of who reaches what: one's own mailbox, or an active share in the same account."""
    login_id = bindparam("login_id", type_=Integer)
    own = (
        select(Mailbox.id, Mailbox.account_id)
        .where(Mailbox.address == bindparam("own_address"), Mailbox.kind == REGULAR, Mailbox.status == ACTIVE)
        .cte("own")
    )
    shares = select(Membership.mailbox_id).where(Membership.login_id == login_id)
    return (
        select(
            Mailbox.id,
            Mailbox.account_id,
            Mailbox.address,
            Mailbox.kind,
            Mailbox.display_name,
            Mailbox.signature,
            Membership.can_send,
            Membership.custom_label,
        )
        .select_from(Mailbox)
        .join(own, own.c.account_id == Mailbox.account_id)
        .outerjoin(Membership, and_(Membership.mailbox_id == Mailbox.id, Membership.login_id == login_id))
        .where(Mailbox.status == ACTIVE, Mailbox.id.in_(union_all(select(own.c.id), shares)))
    )


# Every request asks it, so it is put together once.
_ALL = _reachable()
_ONE = _ALL.where(Mailbox.address == bindparam("address"))


def _who(actor: Actor) -> dict[str, object]:
    return {"own_address": actor.address, "login_id": actor.login_id}


def _access(actor: Actor, row: Row[int, int, str, str, str, str, bool | None, str | None]) -> MailboxAccess:
    standing: Standing = PERSON if row.kind == REGULAR else member_standing(can_send=row.can_send)
    return MailboxAccess(
        actor=actor,
        mailbox_id=row.id,
        account_id=row.account_id,
        address=row.address,
        kind=row.kind,
        display_name=row.display_name,
        label=row.custom_label or row.display_name or row.address,
        signature=row.signature,
        rights=standing.rights,
        seal=_SEAL,
    )
