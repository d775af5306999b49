"""What an account's mailboxes use together, kept beside the account; the doors and Dovecot read it with the mailbox."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BEFORE = "SELECT address, kind FROM mailbox WHERE status = 'active'"
_AFTER = """
    SELECT mailbox.address AS address, mailbox.kind AS kind, mailbox.used_bytes AS used_bytes,
      mailbox.quota_mb AS quota_mb, account.plan AS plan, account.pool_used_bytes AS pool_used_bytes,
      account.allotted_mb AS allotted_mb
    FROM mailbox JOIN account ON account.id = mailbox.account_id
    WHERE mailbox.status = 'active'"""
_ADD_UP = """
    UPDATE account SET
      pool_used_bytes = (SELECT COALESCE(SUM(used_bytes), 0) FROM mailbox
        WHERE mailbox.account_id = account.id AND mailbox.status = 'active' AND mailbox.quota_mb IS NULL),
      allotted_mb = (SELECT COALESCE(SUM(quota_mb), 0) FROM mailbox
        WHERE mailbox.account_id = account.id AND mailbox.status = 'active')"""


def upgrade() -> None:
    for name in ("pool_used_bytes", "allotted_mb"):
        op.add_column("account", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(_ADD_UP)
    op.execute("DROP VIEW server_mailboxes")
    op.execute(f"CREATE VIEW server_mailboxes AS {_AFTER}")


def downgrade() -> None:
    op.execute("DROP VIEW server_mailboxes")
    op.drop_column("account", "allotted_mb")
    op.drop_column("account", "pool_used_bytes")
    op.execute(f"CREATE VIEW server_mailboxes AS {_BEFORE}")
