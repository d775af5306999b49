"""Who gets the mail for postmaster@ and abuse@ of a domain (RFC 5321 section 4.5.1, RFC 2142)."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Whom the owner chose; else an owner of the account who has a mailbox there; else the oldest mailbox of the domain, or
# of the account, people before teams.
_VIEW = """
    CREATE VIEW server_role_mailboxes AS
    SELECT domain.account_id AS account_id, domain.id AS domain_id, domain.name AS domain, COALESCE(
        (SELECT address FROM mailbox WHERE mailbox.status = 'active'
         AND mailbox.account_id = domain.account_id AND mailbox.address = domain.role_address),
        (SELECT mailbox.address FROM mailbox
         JOIN login ON login.name = mailbox.address AND login.role = 'owner' AND login.account_id = domain.account_id
         WHERE mailbox.status = 'active' AND mailbox.account_id = domain.account_id ORDER BY login.id LIMIT 1),
        (SELECT address FROM mailbox WHERE mailbox.status = 'active'
         AND mailbox.domain_id = domain.id ORDER BY mailbox.kind, mailbox.id LIMIT 1),
        (SELECT address FROM mailbox WHERE mailbox.status = 'active'
         AND mailbox.account_id = domain.account_id ORDER BY mailbox.kind, mailbox.id LIMIT 1)
    ) AS mailbox
    FROM domain"""


def upgrade() -> None:
    op.add_column("domain", sa.Column("role_address", sa.String(320), nullable=False, server_default=""))
    op.execute(_VIEW)


def downgrade() -> None:
    op.execute("DROP VIEW server_role_mailboxes")
    op.drop_column("domain", "role_address")
