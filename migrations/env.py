"""Alembic's entry: the tables of every room, on the database of the configuration it is given."""

from alembic import context

import auth.models
import mailboxes.models
from core.db import Base, Database

_rooms = (auth.models, mailboxes.models)  # imported so that their tables are known


def run() -> None:
    """Migrate through the connection the caller opened, or through one of our own."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _migrate(connection)
        return
    database = Database(context.config.get_main_option("sqlalchemy.url") or "")
    with database.engine.begin() as own:
        _migrate(own)


def _migrate(connection) -> None:  # type: ignore[no-untyped-def]
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


run()
