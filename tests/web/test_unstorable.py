"""NUL in whatever people send is refused in words at the door: PostgreSQL would fail on it, SQLite keep it."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.apps import made
from tests.cast import ANA, EVE, KIM
from tests.pages.console.console import Desk
from tests.pages.mail.letters import arrived, find
from tests.servers.harness import World, free_ports
from tests.servers.postgres import Cluster
from tests.visitor import Page, Visitor, folder_url

NUL = "a\0b"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Cluster(free_ports(1)[0]) as cluster, World(cluster.database(), mail=False) as world:
        yield world


@pytest.fixture(scope="module")
def app(world: World) -> Iterator[Flask]:
    with made(world.config) as app:
        yield app


def test_whoever_signs_in_is_told(app: Flask) -> None:
    stranger = Visitor(app)
    answer = stranger.post("/login", {"address": NUL, "password": "x"}, token=stranger.token("/login"))
    assert answer.status_code == 400
    assert "can&#39;t be kept (NUL)" in answer.text


@pytest.mark.parametrize("disposition", ["form-data", "form-data; filename=x", "form-data; aaaa=b"])
def test_a_field_without_a_name_is_a_broken_form(app: Flask, disposition: str) -> None:
    part = f"--edge\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n--edge--\r\n"
    answer = app.test_client().post("/login", data=part, content_type="multipart/form-data; boundary=edge")
    assert answer.status_code == 400
    Page(answer.text).check()


@pytest.mark.parametrize(
    "path", ["/mailboxes?q=a%00b", "/audit?mailbox=a%00b", "/audit.csv?mailbox=a%00b", "/people?q=%00"]
)
def test_olive_searches_for_it(world: World, app: Flask, path: str) -> None:
    assert Desk(world, app).get(path).status_code == 400


def test_olive_names_something_so(world: World, app: Flask) -> None:
    olive = Desk(world, app)
    answer = olive.post(f"{olive.path(ANA)}/rename", display_name=NUL)
    assert answer.status_code == 400


@pytest.mark.parametrize("path", [f"/mail/{EVE}%00/", "/mail/a%00/f/INBOX/", f"{folder_url(ANA)}?q=%00"])
def test_ana_asks_for_it(world: World, app: Flask, path: str) -> None:
    ana = Visitor(app, ANA).come_back(world.sign_in(ANA))
    assert ana.get(path).status_code == (400 if "?" in path else 404)


def test_her_letter_comes_back_to_her(world: World, app: Flask) -> None:
    ana = Visitor(app, ANA).come_back(world.sign_in(ANA))
    fields = ana.page(f"/mail/{ANA}/compose").fields
    answer = ana.post(f"/mail/{ANA}/send", dict(fields) | {"subject": NUL, "text": "What I wrote"})
    assert answer.status_code == 400
    assert "What I wrote" in answer.text


def test_what_has_a_very_long_message_id_is_answered(world: World, app: Flask) -> None:
    """PostgreSQL counts characters, where SQLite doesn't."""
    ana = Visitor(app, ANA).come_back(world.sign_in(ANA))
    message_id = f"<{'a' * 200}@{'b' * 195}.test>"
    world.deposit(ANA, f"From: {KIM}\r\nSubject: Long\r\nMessage-ID: {message_id}\r\n\r\nHello\r\n".encode())
    fields = dict(ana.page(find(ana, ANA, "Long") + "/reply").fields)
    assert fields["in_reply_to"] == message_id
    assert ana.post(f"/mail/{ANA}/send", fields | {"text": "Answered", "subject": "Re: Long"}).status_code == 303
    assert arrived(world, KIM, "Re: Long")["In-Reply-To"] == message_id
