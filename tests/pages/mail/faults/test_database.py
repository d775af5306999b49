"""The database is locked, or its disk is full: reading goes on, writing says so, nothing is torn."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, update

from auth.models import WebSession
from tests.apps import made
from tests.cast import ANA, KIM, SUPPORT
from tests.pages.mail.conftest import SignIn
from tests.pages.mail.faults.steps import DOT, UNCERTAIN, later, noted, send, subject, written
from tests.pages.mail.grumpy import grumpy
from tests.pages.mail.letters import arrived, copies, find
from tests.pages.mail.relay import Relay
from tests.servers.harness import World
from tests.visitor import Page, Visitor, folder_url
from tests.waiting import PATIENCE
from web.context import EXTENSION, Services


@contextmanager
def locked(world: World) -> Iterator[None]:
    """Somebody else holds the write lock and doesn't let go."""
    path = world.config.database_url.partition("sqlite:///")[2]
    with sqlite3.connect(path, isolation_level=None, check_same_thread=False) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.rollback()
    other.close()


def is_sound(world: World) -> bool:
    with world.db.read() as session:
        connection = session.connection()
        return connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_a_locked_database_stops_sending_and_not_reading(world: World, app: Flask, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = written(ana, about := subject("Locked"))
    with locked(world):
        for page in (folder_url(SUPPORT), find(ana, SUPPORT, "For everybody")):
            assert ana.get(page).status_code == 200
        refused = send(ana, form)
        assert refused.status_code == 503
        assert "Not sent" in refused.text
        assert form["text"] in refused.text
    assert copies(world, KIM, about) == 0
    assert copies(world, SUPPORT, about, "Drafts") == 1
    assert is_sound(world)
    assert send(ana, form).status_code == 303
    arrived(world, KIM, about)


def test_a_database_locked_just_after_the_hand_over_hides_nothing(world: World, app: Flask, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = written(ana, about := subject("Locked late"))
    lock = locked(world)
    with grumpy(app, {}, at_dot=lock.__enter__) as server:
        sent = ana.client.post(f"/mail/{SUPPORT}/send", data=form, follow_redirects=True)
    lock.__exit__(None, None, None)
    assert "Message sent" in sent.text
    assert copies(world, SUPPORT, about, "Sent") == 1
    later(world)
    assert UNCERTAIN not in ana.page(folder_url(SUPPORT)).text
    assert copies(world, SUPPORT, about, "Sent") == 1
    assert copies(world, SUPPORT, about, "Drafts") == 0
    assert len(server.taken) == 1
    assert noted(world, form) == [("message.sent", ANA, "web", "127.0.0.1")]


def test_a_page_waits_for_no_lock_to_do_what_was_left(
    world: World, app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session to be noted, a copy to be filed, an outcome to be told: whoever waited for the lock would wait on."""
    ana = sign_in(ANA)
    form = written(ana, about := subject("Left to do"))
    lock = locked(world)
    with grumpy(app, {}, at_dot=lock.__enter__):
        send(ana, form)
    lock.__exit__(None, None, None)
    later(world)
    token = world.sign_in(ANA)
    with world.db.write() as session:
        session.execute(update(WebSession).values(last_seen_at=WebSession.last_seen_at - 1000))
    monkeypatch.setattr("core.db._LOCK_SECONDS", 10 * PATIENCE)
    with made(world.config) as patient, ThreadPoolExecutor(1) as aside, locked(world):
        tab = Visitor(patient, ANA).come_back(token)
        for page in (folder_url(SUPPORT), folder_url(SUPPORT) + "sidebar?list=1", f"/mail/{SUPPORT}/compose"):
            assert aside.submit(tab.get, page).result(PATIENCE).status_code == 200, page
    assert ana.get(folder_url(SUPPORT)).status_code == 200
    assert copies(world, SUPPORT, about, "Sent") == 1


def test_a_full_disk_stops_sending_and_loses_nothing(world: World, app: Flask, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = written(ana, about := subject("Disk full"), text="Long " * 80_000)
    services: Services = app.extensions[EXTENSION]
    engine = services.db.engine

    def fill(connection: Any, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")  # for SQLite this is a full disk

    engine.dispose()
    event.listen(engine, "connect", fill)
    try:
        refused = send(ana, form)
        assert refused.status_code == 503
        assert "Not sent" in refused.text
        assert ana.get(folder_url(SUPPORT)).status_code == 200
    finally:
        event.remove(engine, "connect", fill)
        engine.dispose()
    assert is_sound(world)
    assert copies(world, KIM, about) == 0
    assert send(ana, form).status_code == 303
    arrived(world, KIM, about)


def test_a_change_the_database_refuses_is_said_in_words(world: World, smtp_line: Relay, sign_in: SignIn) -> None:
    ana = sign_in(ANA)
    form = written(ana, subject("Never dismissed"))
    smtp_line.trouble("cut before", DOT)
    send(ana, form)
    page = ana.page(folder_url(SUPPORT))
    dismiss = next(control for control in page.controls if control.endswith("/dismiss"))
    with locked(world):
        refused = ana.post(dismiss, {}, token=page.fields["csrf_token"])
    assert refused.status_code == 503
    assert "can't save anything" in Page(refused.text).text
    assert ana.post(dismiss, {}).status_code == 303
