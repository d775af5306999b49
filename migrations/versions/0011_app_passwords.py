"""When an app password was used last is nobody's to write down: the mail servers, who see it used, only read."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("app_password", "last_used_at")


def downgrade() -> None:
    op.add_column("app_password", sa.Column("last_used_at", sa.BigInteger(), nullable=True))
