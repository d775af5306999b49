"""Tokens for programs, and what they did."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("ending", sa.String(length=8), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("all_domains", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.String(length=330), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("window_started_at", sa.BigInteger(), nullable=False),
        sa.Column("window_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_api_token_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_api_token_token_sha256")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_api_token_account_id", "api_token", ["account_id"])

    op.create_table(
        "api_token_domain",
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("domain_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["domain_id"], ["domain.id"], name=op.f("fk_api_token_domain_domain_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_token.id"], name=op.f("fk_api_token_domain_token_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_id", "domain_id", name=op.f("pk_api_token_domain")),
    )
    op.create_index("ix_api_token_domain_domain_id", "api_token_domain", ["domain_id"])

    op.create_table(
        "delete_intent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_delete_intent_mailbox_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_token.id"], name=op.f("fk_delete_intent_token_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delete_intent")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delete_intent_mailbox_id", "delete_intent", ["mailbox_id"])
    op.create_index("ix_delete_intent_token_id", "delete_intent", ["token_id"])

    op.create_table(
        "done_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request_mac", sa.String(length=64), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_token.id"], name=op.f("fk_done_request_token_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_done_request")),
        sa.UniqueConstraint("token_id", "key", name=op.f("uq_done_request_token_id_key")),
    )
    op.create_index("ix_done_request_created_at", "done_request", ["created_at"])
    _rebuild_membership(autoincrement=True)


def downgrade() -> None:
    _rebuild_membership(autoincrement=False)
    op.drop_table("done_request")
    op.drop_table("delete_intent")
    op.drop_table("api_token_domain")
    op.drop_table("api_token")


def _rebuild_membership(*, autoincrement: bool) -> None:
    """SQLite gives the highest id out again when its row is gone, unless told not to; PostgreSQL never does.

    SQLite renames no table that a view speaks of, so the views step aside and come back as they were.
    """
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        return
    views = bind.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'view' ORDER BY rowid")).all()
    for name, _sql in reversed(views):
        op.execute(f"DROP VIEW {name}")
    with op.batch_alter_table("membership", recreate="always", table_kwargs={"sqlite_autoincrement": autoincrement}):
        pass
    for _name, sql in views:
        op.execute(sql)
