"""Room for every Message-ID that a header of ours can hold."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_long(900)


def downgrade() -> None:
    op.execute("UPDATE submission SET message_id = substr(message_id, 1, 403)")
    op.execute("UPDATE submission SET answers_message_id = substr(answers_message_id, 1, 403)")
    _make_long(403)


def _make_long(characters: int) -> None:
    with op.batch_alter_table("submission") as batch:
        for name in ("message_id", "answers_message_id"):
            batch.alter_column(name, type_=sa.String(characters), existing_nullable=False)
