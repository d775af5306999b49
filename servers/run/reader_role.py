"""The database as the mail servers see it: on PostgreSQL a role of their own that can read the views and nothing else.

On SQLite a file has no roles; there the views are simply all that the mail servers' queries name.
"""

import logging

from psycopg import sql
from sqlalchemy import URL, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from core.config import Config
from core.db import Database
from servers.files import secret_in

log = logging.getLogger(__name__)

VIEWS = (
    "server_domains",
    "server_mailboxes",
    "server_logins",
    "server_keys",
    "server_delegates",
    "server_repliers",
    "server_neighbours",
    "server_waits",
    "server_role_mailboxes",
)


def reader_url(config: Config) -> str:
    """The URL the mail servers connect with; on PostgreSQL this makes or refreshes the reading role.

    A database account that may not make roles keeps working: the servers then use it themselves, and the log says so.
    """
    url = make_url(config.database_url)
    if url.get_backend_name() == "sqlite":
        return config.database_url
    name, password = f"{(url.database or 'postroom')[:50]}_reader", secret_in(config.secrets_dir, "database-reader")
    reader = url.set(username=name, password=password)
    database = Database(config.database_url)
    try:
        _grant(database, reader)
    except ProgrammingError as error:
        log.warning("no reading role: the mail servers use the main one", extra={"reason": str(error.orig)})
        return config.database_url
    finally:
        database.dispose()
    return reader.render_as_string(hide_password=False)


def _grant(database: Database, reader: URL) -> None:
    role, name = sql.Identifier(str(reader.username)), str(reader.username)
    # Half a right is worse than none: all of it in one transaction.
    with database.engine.begin() as connection:
        known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name}).first()
        verb = sql.SQL("ALTER" if known else "CREATE")
        statements = [
            sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, role, sql.Literal(str(reader.password))),
            sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(role),
            sql.SQL("GRANT SELECT ON {} TO {}").format(sql.SQL(", ").join(map(sql.Identifier, VIEWS)), role),
            sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(role),
        ]
        for statement in statements:
            connection.exec_driver_sql(statement.as_string().replace("%", "%%"))
