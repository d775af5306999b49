"""What is kept about who signs in.

A person's sign-in hangs on a *regular* mailbox by a composite foreign key: a shared mailbox can't have a row here,
so there is no password, second factor, session or app password that could belong to one.
"""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base

PERSON = "person"
OWNER = "owner"


class Login(Base):
    """Something one can sign in as. `name` is lower case: a mailbox's address, or an owner's e-mail."""

    __tablename__ = "login"
    __table_args__ = (
        UniqueConstraint("role", "name"),
        ForeignKeyConstraint(
            ["name", "mailbox_kind"], ["mailbox.address", "mailbox.kind"], name="fk_login_mailbox", ondelete="CASCADE"
        ),
        CheckConstraint(
            "(role = 'person' AND mailbox_kind = 'regular' AND account_id IS NULL)"
            " OR (role = 'owner' AND mailbox_kind IS NULL AND account_id IS NOT NULL)",
            name="role",
        ),
        # The mail servers compare hashes: only a real one may ever stand here, never an empty text or a marker.
        CheckConstraint("password_hash IS NULL OR password_hash LIKE '$argon2id$%'", name="password_hash"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(320))
    display_name: Mapped[str] = mapped_column(
        String(200), default=""
    )  # the human's; what stands in From is a mailbox's
    password_hash: Mapped[str | None] = mapped_column(String(300))
    totp_secret: Mapped[str | None] = mapped_column(Text)  # sealed by the vault
    totp_confirmed_at: Mapped[int | None] = mapped_column(BigInteger)  # set: the second factor is on
    totp_last_step: Mapped[int] = mapped_column(BigInteger, default=0)  # RFC 6238 time step of the last code used
    password_changed_at: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[int] = mapped_column(BigInteger)

    mailbox_kind: Mapped[str | None] = mapped_column(String(10))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))

    __mapper_args__ = {"polymorphic_on": "role", "polymorphic_abstract": True}  # noqa: RUF012  SQLAlchemy reads it once

    @property
    def second_factor(self) -> bool:
        return self.totp_confirmed_at is not None


class Person(Login):
    """The human behind a regular mailbox; `name` is its address."""

    __mapper_args__ = {"polymorphic_identity": PERSON}  # noqa: RUF012


class Owner(Login):
    """Who runs an account in the console; `name` is an e-mail, not a mailbox of ours."""

    __mapper_args__ = {"polymorphic_identity": OWNER}  # noqa: RUF012


class WebSession(Base):
    """One browser that signed in. The cookie's token and the key for the mail servers are kept as SHA-256 only."""

    __tablename__ = "web_session"
    __table_args__ = (CheckConstraint("state IN ('pending', 'full')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(10))  # pending: the password was right, the second factor is awaited
    mail_key_sha256: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[int] = mapped_column(BigInteger)
    last_seen_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)  # moves on with use
    ends_at: Mapped[int] = mapped_column(BigInteger)  # never moves
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    client_address: Mapped[str] = mapped_column(String(64), default="")


class AppPassword(Base):
    """A generated secret for one of the person's own devices; high entropy, so a plain SHA-256 keeps it."""

    __tablename__ = "app_password"

    id: Mapped[int] = mapped_column(primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(100))
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[int] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """One of the codes that stand in for a lost second factor, once."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[int | None] = mapped_column(BigInteger)


class PasswordReset(Base):
    """A link that was mailed to an owner. What the link carries is kept as SHA-256 only; the row goes with its use."""

    __tablename__ = "password_reset"

    id: Mapped[int] = mapped_column(primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login.id", ondelete="CASCADE"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)


class Attempt(Base):
    """How often something was tried in vain lately, by a key such as an account or a network address."""

    __tablename__ = "attempt"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    window_started_at: Mapped[int] = mapped_column(BigInteger)
    blocked_until: Mapped[int] = mapped_column(BigInteger, default=0)


class PendingKick(Base):
    """A mailbox whose connections must be closed because somebody's right to them ended; gone once they are."""

    __tablename__ = "pending_kick"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(320), index=True)
    created_at: Mapped[int] = mapped_column(BigInteger)


class ApiToken(Base):
    """What a program carries instead of a person: kept as SHA-256 only, and removed when it is revoked.

    The row also counts the requests of the current window, so that a limit is one statement.
    """

    __tablename__ = "api_token"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  SQLAlchemy reads it once

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    ending: Mapped[str] = mapped_column(String(8))  # the last characters, by which an owner recognises it
    scopes: Mapped[str] = mapped_column(Text)  # separated by blanks
    all_domains: Mapped[bool]  # False: those in api_token_domain, also when none of them is left
    made_by: Mapped[str] = mapped_column(String(330))
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int | None] = mapped_column(BigInteger)
    last_used_at: Mapped[int | None] = mapped_column(BigInteger)
    window_started_at: Mapped[int] = mapped_column(BigInteger, default=0)
    window_count: Mapped[int] = mapped_column(default=0)


class ApiTokenDomain(Base):
    """One of the domains a token is limited to."""

    __tablename__ = "api_token_domain"

    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id", ondelete="CASCADE"), primary_key=True)
    domain_id: Mapped[int] = mapped_column(ForeignKey("domain.id", ondelete="CASCADE"), primary_key=True, index=True)
