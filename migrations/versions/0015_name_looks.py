"""What the name of a mailbox looks like, by which names of strangers that imitate it are found."""

import sqlalchemy as sa
from alembic import op

from mail.lookalikes import skeleton

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mailbox", sa.Column("name_look", sa.String(200), nullable=False, server_default=""))
    mailbox = sa.table("mailbox", sa.column("id"), sa.column("display_name"), sa.column("name_look"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(mailbox.c.id, mailbox.c.display_name)).all():
        look = skeleton(row.display_name)[:200]
        connection.execute(sa.update(mailbox).where(mailbox.c.id == row.id).values(name_look=look))
    op.create_index(op.f("ix_mailbox_account_id_name_look"), "mailbox", ["account_id", "name_look"])


def downgrade() -> None:
    op.drop_index(op.f("ix_mailbox_account_id_name_look"), "mailbox")
    op.drop_column("mailbox", "name_look")
