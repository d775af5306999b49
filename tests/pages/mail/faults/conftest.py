"""A world whose lines can be cut, anew for every file: its servers are killed again and again."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import delete

from mailboxes.models import Submission
from tests.apps import made
from tests.cast import ANA
from tests.pages.mail.letters import deliver
from tests.pages.mail.relay import Relay
from tests.servers.harness import World


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A world of these tests' own: its servers are killed again and again."""
    with World(mail=False) as world:
        deliver(world, "For everybody at support")
        deliver(world, "For ana alone", ANA)
        yield world


@pytest.fixture(scope="module")
def imap_line(world: World) -> Iterator[Relay]:
    with Relay(world.config.imap_port) as relay:
        yield relay


@pytest.fixture(scope="module")
def smtp_line(world: World) -> Iterator[Relay]:
    with Relay(world.config.submission_port) as relay:
        yield relay


@pytest.fixture(scope="module")
def app(world: World, imap_line: Relay, smtp_line: Relay) -> Iterator[Flask]:
    with made(replace(world.config, imap_port=imap_line.port, submission_port=smtp_line.port)) as app:
        yield app


@pytest.fixture(autouse=True)
def _outbox_empty(world: World) -> None:
    """What an earlier test left there is not this one's business."""
    with world.db.write() as session:
        session.execute(delete(Submission))
