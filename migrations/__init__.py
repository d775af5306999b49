"""How does the schema become what this version needs? Alembic, up and down, on SQLite and PostgreSQL."""
