"""The first tables, and the views that the mail servers read."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# What Dovecot and the submission server may know. Their database role reads these and nothing else.
VIEWS = {
    "server_domains": "SELECT name FROM domain",
    "server_mailboxes": "SELECT address, kind FROM mailbox WHERE status = 'active'",
    # What opens a person's own mailbox from anywhere: with the second factor on, no longer the password.
    "server_logins": """
        SELECT login.name AS address, login.password_hash AS password_hash, NULL AS secret_sha256
        FROM login JOIN mailbox ON mailbox.address = login.name AND mailbox.kind = 'regular'
        WHERE login.role = 'person' AND mailbox.status = 'active'
          AND login.password_hash IS NOT NULL AND login.totp_confirmed_at IS NULL
        UNION ALL
        SELECT login.name, NULL, app_password.secret_sha256
        FROM app_password JOIN login ON login.id = app_password.login_id
        JOIN mailbox ON mailbox.address = login.name AND mailbox.kind = 'regular'
        WHERE login.role = 'person' AND mailbox.status = 'active'""",
    # The keys of live web sessions; the mail servers take them from the webmail's host only.
    "server_keys": """
        SELECT login.name AS address, web_session.mail_key_sha256 AS secret_sha256
        FROM web_session JOIN login ON login.id = web_session.login_id
        JOIN mailbox ON mailbox.address = login.name AND mailbox.kind = 'regular'
        WHERE login.role = 'person' AND mailbox.status = 'active'
          AND web_session.state = 'full' AND web_session.mail_key_sha256 IS NOT NULL
          AND web_session.expires_at > {now} AND web_session.ends_at > {now}""",
    # A live key of a person × a share of theirs: whose mailbox it opens, and with which rights.
    "server_delegates": """
        SELECT server_keys.address AS person, shared.address AS mailbox, server_keys.secret_sha256 AS secret_sha256,
          CASE WHEN membership.can_send THEN 'member-reply' ELSE 'member-read' END AS acl_group,
          CASE WHEN membership.can_send THEN 1 ELSE 0 END AS can_send
        FROM server_keys
        JOIN login ON login.role = 'person' AND login.name = server_keys.address
        JOIN mailbox AS own ON own.address = login.name
        JOIN membership ON membership.login_id = login.id
        JOIN mailbox AS shared ON shared.id = membership.mailbox_id
        WHERE shared.kind = 'shared' AND shared.status = 'active' AND shared.account_id = own.account_id""",
}
NOW = {"sqlite": "CAST(strftime('%s', 'now') AS INTEGER)", "postgresql": "EXTRACT(EPOCH FROM now())"}


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("plan", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
    )
    op.create_table(
        "attempt",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("window_started_at", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attempt")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=330), nullable=False),
        sa.Column("door", sa.String(length=10), nullable=False),
        sa.Column("client_address", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=50), nullable=False),
        sa.Column("mailbox", sa.String(length=320), nullable=False),
        sa.Column("subject", sa.String(length=330), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_audit_entry_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_account_id_at", "audit_entry", ["account_id", "at"])
    op.create_index("ix_audit_entry_mailbox", "audit_entry", ["mailbox"])

    op.create_table(
        "domain",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_domain_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain")),
        sa.UniqueConstraint("name", name=op.f("uq_domain_name")),
    )
    op.create_index("ix_domain_account_id", "domain", ["account_id"])

    op.create_table(
        "mailbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("domain_id", sa.Integer(), nullable=False),
        sa.Column("local_part", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("trashed_at", sa.BigInteger(), nullable=True),
        sa.Column("quota_mb", sa.BigInteger(), nullable=True),
        sa.Column("used_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('regular', 'shared')", name=op.f("ck_mailbox_kind")),
        sa.CheckConstraint("status IN ('active', 'trashed', 'purging')", name=op.f("ck_mailbox_status")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_mailbox_account_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_mailbox_domain_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox")),
        sa.UniqueConstraint("address", "kind", name=op.f("uq_mailbox_address_kind")),
        sa.UniqueConstraint("address", name=op.f("uq_mailbox_address")),
        sa.UniqueConstraint("id", "kind", name=op.f("uq_mailbox_id_kind")),
    )
    op.create_index("ix_mailbox_account_id", "mailbox", ["account_id"])
    op.create_index("ix_mailbox_domain_id", "mailbox", ["domain_id"])

    op.create_table(
        "login",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=320), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=300), nullable=True),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("totp_confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("totp_last_step", sa.BigInteger(), nullable=False),
        sa.Column("password_changed_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("mailbox_kind", sa.String(length=10), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(role = 'person' AND mailbox_kind = 'regular' AND account_id IS NULL)"
            " OR (role = 'owner' AND mailbox_kind IS NULL AND account_id IS NOT NULL)",
            name=op.f("ck_login_role"),
        ),
        sa.CheckConstraint(
            "password_hash IS NULL OR password_hash LIKE '$argon2id$%'", name=op.f("ck_login_password_hash")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_login_account_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["name", "mailbox_kind"], ["mailbox.address", "mailbox.kind"], name="fk_login_mailbox", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login")),
        sa.UniqueConstraint("role", "name", name=op.f("uq_login_role_name")),
    )
    op.create_table(
        "app_password",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["login_id"], ["login.id"], name=op.f("fk_app_password_login_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_password")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_app_password_secret_sha256")),
    )
    op.create_index("ix_app_password_login_id", "app_password", ["login_id"])

    op.create_table(
        "membership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("mailbox_kind", sa.String(length=10), nullable=False),
        sa.Column("login_id", sa.Integer(), nullable=False),
        sa.Column("can_send", sa.Boolean(), nullable=False),
        sa.Column("custom_label", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("mailbox_kind = 'shared'", name=op.f("ck_membership_shared_only")),
        sa.ForeignKeyConstraint(["login_id"], ["login.id"], name=op.f("fk_membership_login_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["mailbox_id", "mailbox_kind"],
            ["mailbox.id", "mailbox.kind"],
            name="fk_membership_mailbox",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint("mailbox_id", "login_id", name=op.f("uq_membership_mailbox_id_login_id")),
    )
    op.create_index("ix_membership_login_id", "membership", ["login_id"])

    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["login_id"], ["login.id"], name=op.f("fk_recovery_code_login_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index("ix_recovery_code_login_id", "recovery_code", ["login_id"])

    op.create_table(
        "submission",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("login_id", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=300), nullable=False),
        sa.Column("sent_by", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("answers_message_id", sa.String(length=300), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('sending', 'accepted', 'done', 'unknown', 'dismissed')", name=op.f("ck_submission_state")
        ),
        sa.ForeignKeyConstraint(["login_id"], ["login.id"], name=op.f("fk_submission_login_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_submission_mailbox_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
        sa.UniqueConstraint("mailbox_id", "key", name=op.f("uq_submission_mailbox_id_key")),
    )
    op.create_index("ix_submission_answers_message_id", "submission", ["answers_message_id"])
    op.create_index("ix_submission_mailbox_id_message_id", "submission", ["mailbox_id", "message_id"])
    op.create_index("ix_submission_mailbox_id_state", "submission", ["mailbox_id", "state"])

    op.create_table(
        "web_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("login_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("mail_key_sha256", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("client_address", sa.String(length=64), nullable=False),
        sa.CheckConstraint("state IN ('pending', 'full')", name=op.f("ck_web_session_state")),
        sa.ForeignKeyConstraint(["login_id"], ["login.id"], name=op.f("fk_web_session_login_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_session")),
        sa.UniqueConstraint("mail_key_sha256", name=op.f("uq_web_session_mail_key_sha256")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_web_session_token_sha256")),
    )
    op.create_index("ix_web_session_login_id", "web_session", ["login_id"])

    op.create_table(
        "image_consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login_id", sa.Integer(), nullable=False),
        sa.Column("sender", sa.String(length=320), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["login_id"], ["login.id"], name=op.f("fk_image_consent_login_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image_consent")),
        sa.UniqueConstraint("login_id", "sender", name=op.f("uq_image_consent_login_id_sender")),
    )

    now = NOW[op.get_bind().dialect.name]
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query.replace('{now}', now)}")


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
    op.drop_table("image_consent")
    op.drop_table("web_session")
    op.drop_table("submission")
    op.drop_table("recovery_code")
    op.drop_table("membership")
    op.drop_table("app_password")
    op.drop_table("login")
    op.drop_table("mailbox")
    op.drop_table("domain")
    op.drop_table("audit_entry")
    op.drop_table("attempt")
    op.drop_table("account")
