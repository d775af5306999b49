"""What the name of a mailbox looks like, by which names of strangers that imitate it are found.

The next start fills it in, as it does whenever letters are found to look alike (mailboxes.naming).
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mailbox", sa.Column("name_look", sa.String(200), nullable=False, server_default=""))
    op.create_index(op.f("ix_mailbox_account_id_name_look"), "mailbox", ["account_id", "name_look"])


def downgrade() -> None:
    op.drop_index(op.f("ix_mailbox_account_id_name_look"), "mailbox")
    op.drop_column("mailbox", "name_look")
