"""Who may send from a shared mailbox, signed in or not: what waits in the spool goes out only while its sender may."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_VIEW = """
    CREATE VIEW server_repliers AS
    SELECT login.name AS person, shared.address AS mailbox
    FROM membership
    JOIN login ON login.id = membership.login_id AND login.role = 'person'
    JOIN mailbox AS own ON own.address = login.name AND own.kind = 'regular' AND own.status = 'active'
    JOIN mailbox AS shared ON shared.id = membership.mailbox_id AND shared.kind = 'shared'
      AND shared.status = 'active' AND shared.account_id = own.account_id
    WHERE membership.can_send"""


def upgrade() -> None:
    op.execute(_VIEW)


def downgrade() -> None:
    op.execute("DROP VIEW server_repliers")
