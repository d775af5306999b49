"""Postroom itself, made for a while."""

import contextlib
from collections.abc import Iterator

from flask import Flask

from app import create_app
from core.config import Config
from web.context import EXTENSION, Services


@contextlib.contextmanager
def made(config: Config) -> Iterator[Flask]:
    """The application over these servers; afterwards nothing of it is left open."""
    app = create_app(config)
    yield app
    services: Services = app.extensions[EXTENSION]
    services.background.wait()
    services.pool.close_all()
    services.db.dispose()
