"""The schema goes up and down, on both databases, and is what the models say."""

from pathlib import Path

import pytest
from sqlalchemy import inspect

from core.db import Database
from migrations.migrate import downgrade, is_current, upgrade
from servers.run.reader_role import VIEWS
from tests.servers.postgres import Cluster


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_up_down_and_up_again(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    cluster: Cluster = request.getfixturevalue("cluster")
    url = f"sqlite:///{tmp_path}/postroom.db" if kind == "sqlite" else cluster.database()
    db = Database(url.replace("postgresql://", "postgresql+psycopg://"))
    upgrade(db)
    assert is_current(db)
    assert set(inspect(db.engine).get_view_names()) == set(VIEWS)
    downgrade(db)
    assert inspect(db.engine).get_table_names() in ([], ["alembic_version"])
    assert inspect(db.engine).get_view_names() == []
    upgrade(db)
    assert is_current(db)
    db.dispose()
