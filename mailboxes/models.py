"""What the law is about: accounts, their domains and mailboxes, who has a share in which, and what happened.

The schema itself keeps two rules: only a regular mailbox can have a sign-in (auth.models), and only a shared mailbox
can have members, who are people with a sign-in. Converting a mailbox therefore can't leave one of either behind.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from auth.models import Person
from core.db import Base
from mail.message.headers import LONGEST_MESSAGE_ID
from mail.message.lookalikes import MAX_LOOK, look

REGULAR = "regular"
SHARED = "shared"
ACTIVE = "active"
TRASHED = "trashed"
PURGING = "purging"
# Characters of a display name, and of what a member calls a mailbox.
MAX_NAME = 200
MAX_LABEL = 120


class Account(Base):
    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    plan: Mapped[str] = mapped_column(String(20))
    # Sums over its active mailboxes, kept by mailboxes/storage.py: those without storage of their own, and the others'.
    pool_used_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    allotted_mb: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[int] = mapped_column(BigInteger)


class Domain(Base):
    __tablename__ = "domain"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(253), unique=True)
    # Gets postmaster@ and abuse@ while it is active; the view `server_role_mailboxes` knows who does otherwise.
    role_address: Mapped[str] = mapped_column(String(320), default="", server_default="")
    created_at: Mapped[int] = mapped_column(BigInteger)

    account: Mapped[Account] = relationship()


class Mailbox(Base):
    """An address with mail of its own."""

    __tablename__ = "mailbox"
    __table_args__ = (
        UniqueConstraint("address", "kind"),  # what a sign-in refers to
        UniqueConstraint("id", "kind"),  # what a membership refers to
        # A page of the table, and a search in it, out of an index alone.
        Index("ix_mailbox_finding", "account_id", "status", "address", "kind", "display_name"),
        Index("ix_mailbox_account_id_name_look", "account_id", "name_look"),
        Index("ix_mailbox_kind", "account_id", "status", "kind", "address"),
        CheckConstraint("kind IN ('regular', 'shared')", name="kind"),
        CheckConstraint("status IN ('active', 'trashed', 'purging')", name="status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    domain_id: Mapped[int] = mapped_column(ForeignKey("domain.id"), index=True)
    local_part: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(320), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    display_name: Mapped[str] = mapped_column(String(200), default="")
    name_look: Mapped[str] = mapped_column(String(MAX_LOOK), default="", server_default="")  # follows display_name
    signature: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(10), default=ACTIVE)
    trashed_at: Mapped[int | None] = mapped_column(BigInteger)
    quota_mb: Mapped[int | None] = mapped_column(BigInteger)
    used_bytes: Mapped[int] = mapped_column(BigInteger, default=0)  # as the mail server last counted
    created_at: Mapped[int] = mapped_column(BigInteger)

    domain: Mapped[Domain] = relationship()
    account: Mapped[Account] = relationship()

    @validates("display_name")
    def _look(self, _key: str, name: str) -> str:
        self.name_look = look(name)
        return name

    @property
    def is_shared(self) -> bool:
        return self.kind == SHARED


class Membership(Base):
    """A person's share in a shared mailbox. Every member reads; `can_send` adds everything else."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("mailbox_id", "login_id"),
        ForeignKeyConstraint(
            ["mailbox_id", "mailbox_kind"],
            ["mailbox.id", "mailbox.kind"],
            name="fk_membership_mailbox",
            ondelete="CASCADE",
        ),
        CheckConstraint("mailbox_kind = 'shared'", name="shared_only"),
        # A program that kept the id of a membership must not meet another person under it.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mailbox_id: Mapped[int]
    mailbox_kind: Mapped[str] = mapped_column(String(10), default=SHARED)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id", ondelete="CASCADE"), index=True)
    can_send: Mapped[bool] = mapped_column(default=True)
    custom_label: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[int] = mapped_column(BigInteger)

    person: Mapped[Person] = relationship()
    mailbox: Mapped[Mailbox] = relationship(overlaps="person")


class AuditEntry(Base):
    """Who did what, when, from where, through which door. Names are copied: the entry outlives what it speaks of."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_account_id_at", "account_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    at: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(String(330))
    door: Mapped[str] = mapped_column(String(10))  # web, cli, api, mcp
    client_address: Mapped[str] = mapped_column(String(64), default="")
    action: Mapped[str] = mapped_column(String(50))
    mailbox: Mapped[str] = mapped_column(String(320), default="", index=True)
    subject: Mapped[str] = mapped_column(String(330), default="")  # whom it was done to
    detail: Mapped[str] = mapped_column(Text, default="")


class Submission(Base):
    """One message on its way out, and afterwards the receipt: the outbox.

    `state`: sending → committing (from just before the final dot) → accepted → filed (in Sent) → done, when nothing is
    left to do. Cut off before the dot it is *stopped*: not sent. After it, *unknown* (RFC 5321 §4.2.5: it may have gone
    out, so it is never sent again by itself), and dismissed once the person has read that. A refused message leaves no
    row. `message` is kept until it lies in a folder: in Sent, or in Drafts when it wasn't sent or nobody knows.
    """

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("mailbox_id", "key"),
        Index("ix_submission_mailbox_id_message_id", "mailbox_id", "message_id"),
        Index("ix_submission_mailbox_id_state", "mailbox_id", "state"),
        CheckConstraint(
            "state IN ('sending', 'committing', 'accepted', 'filed', 'done', 'stopped', 'unknown', 'dismissed')",
            name="state",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id", ondelete="CASCADE"))
    # SET NULL keeps the receipt, and the sender's name beside it, when the person is gone.
    login_id: Mapped[int | None] = mapped_column(ForeignKey("login.id", ondelete="SET NULL"))
    key: Mapped[str] = mapped_column(String(64))
    message_id: Mapped[str] = mapped_column(String(LONGEST_MESSAGE_ID))
    sent_by: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10))
    recipients: Mapped[str] = mapped_column(Text)  # JSON: what the person asked for
    subject: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    answers_message_id: Mapped[str] = mapped_column(String(LONGEST_MESSAGE_ID), default="", index=True)
    after: Mapped[str] = mapped_column(Text, default="{}")  # JSON: the original to flag, the draft to remove, the doer
    message: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[int] = mapped_column(BigInteger)


class ImageConsent(Base):
    """A person wants to see remote images in mail from this address without being asked."""

    __tablename__ = "image_consent"
    __table_args__ = (UniqueConstraint("login_id", "sender"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id", ondelete="CASCADE"))
    sender: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[int] = mapped_column(BigInteger)


class DeleteIntent(Base):
    """The first of two steps towards the bin: what was announced, until when it may be confirmed."""

    __tablename__ = "delete_intent"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  SQLAlchemy reads it once

    id: Mapped[int] = mapped_column(primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailbox.id", ondelete="CASCADE"), index=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)


class DoneRequest(Base):
    """What a request with an Idempotency-Key brought about, written in the transaction that did it.

    `effect` is JSON: ids, never an answer. `request_mac` is two keyed hashes of the request, of its password
    and of the rest.
    """

    __tablename__ = "done_request"
    __table_args__ = (UniqueConstraint("token_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(200))
    request_mac: Mapped[str] = mapped_column(String(64))
    effect: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(BigInteger, index=True)
