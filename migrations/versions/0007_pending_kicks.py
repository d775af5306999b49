"""Mail connections that must end, noted together with what ended the right to them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pending_kick",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_kick")),
    )
    op.create_index("ix_pending_kick_address", "pending_kick", ["address"])


def downgrade() -> None:
    op.drop_table("pending_kick")
