"""The outbox knows whether the final dot was written and whether the copy is filed, and names what it speaks of."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_BEFORE = "state IN ('sending', 'accepted', 'done', 'unknown', 'dismissed')"
_NOW = "state IN ('sending', 'committing', 'accepted', 'filed', 'done', 'stopped', 'unknown', 'dismissed')"


def upgrade() -> None:
    with op.batch_alter_table("submission") as batch:
        batch.add_column(sa.Column("subject", sa.Text(), nullable=False, server_default=""))
        batch.drop_constraint(op.f("ck_submission_state"), type_="check")
        batch.create_check_constraint(op.f("ck_submission_state"), _NOW)
    # What was being handed over may have reached the dot: nobody wrote that down before.
    op.execute("UPDATE submission SET state = 'committing' WHERE state = 'sending'")


def downgrade() -> None:
    op.execute("DELETE FROM submission WHERE state = 'stopped' AND message IS NULL")  # it lies in Drafts
    op.execute("UPDATE submission SET state = 'sending' WHERE state IN ('committing', 'stopped')")
    op.execute("UPDATE submission SET state = 'done', after = '{}' WHERE state = 'filed'")
    with op.batch_alter_table("submission") as batch:
        batch.drop_constraint(op.f("ck_submission_state"), type_="check")
        batch.create_check_constraint(op.f("ck_submission_state"), _BEFORE)
        batch.drop_column("subject")
