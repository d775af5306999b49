"""Which accounts and networks wait after wrong passwords, for the mail doors to read."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_WAITING = """
    SELECT key FROM attempt
    WHERE blocked_until > {now} AND (key LIKE 'password-person:%' OR key LIKE 'password-client:%')"""
_NOW = {"sqlite": "CAST(strftime('%s', 'now') AS INTEGER)", "postgresql": "EXTRACT(EPOCH FROM now())"}


def upgrade() -> None:
    now = _NOW[op.get_bind().dialect.name]
    op.execute(f"CREATE VIEW server_waits AS {_WAITING.replace('{now}', now)}")


def downgrade() -> None:
    op.execute("DROP VIEW server_waits")
