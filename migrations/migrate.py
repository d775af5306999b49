"""Bring a database to the newest schema, or back."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext

from core.db import Base, Database


def _alembic() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """All or nothing, on PostgreSQL and SQLite alike."""
    _run(database, lambda config: command.upgrade(config, revision))


def downgrade(database: Database, revision: str = "base") -> None:
    _run(database, lambda config: command.downgrade(config, revision))


def _run(database: Database, step: Callable[[AlembicConfig], None]) -> None:
    config = _alembic()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        step(config)


def is_current(database: Database) -> bool:
    """True when no migration is waiting."""
    with database.engine.connect() as connection:
        return not compare_metadata(MigrationContext.configure(connection), Base.metadata)
