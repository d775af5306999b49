"""Finding mailboxes in large accounts: each index holds everything its question asks, in the order of the answer."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Alone it answers nothing that the first of the new ones doesn't.
_BEFORE = ("ix_mailbox_account_id", ["account_id"])
_AFTER = {
    "ix_mailbox_finding": ["account_id", "status", "address", "kind", "display_name"],
    "ix_mailbox_kind": ["account_id", "status", "kind", "address"],
}


def upgrade() -> None:
    for name, columns in _AFTER.items():
        op.create_index(name, "mailbox", columns)
    op.drop_index(_BEFORE[0], "mailbox")


def downgrade() -> None:
    op.create_index(_BEFORE[0], "mailbox", _BEFORE[1])
    for name in _AFTER:
        op.drop_index(name, "mailbox")
