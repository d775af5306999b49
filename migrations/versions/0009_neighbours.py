"""Which domains belong to a mailbox's account: what leaves a shared mailbox names none of them but its own."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_VIEW = """
    CREATE VIEW server_neighbours AS
    SELECT mailbox.address AS mailbox, domain.name AS domain
    FROM mailbox JOIN domain ON domain.account_id = mailbox.account_id"""


def upgrade() -> None:
    op.execute(_VIEW)


def downgrade() -> None:
    op.execute("DROP VIEW server_neighbours")
