"""A person's mailbox becomes shared, and a person's again: everything that opened it is shut, and the mail stays."""

import base64
import imaplib
import smtplib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from auth import app_passwords
from auth.models import Login
from mailboxes.models import AuditEntry, Mailbox
from tests.cast import ANA, BEN, CLEO, DAN, PASSWORD, SALES, SUPPORT
from tests.console.conftest import Audit
from tests.console.console import Desk, secret_on
from tests.servers.harness import World, dial_imap
from tests.visitor import Visitor, folder_url

LETTER = (
    b"From: kim@customer.test\r\nTo: ana@brand-a.test\r\nSubject: Kept\r\n"
    b"Message-ID: <kept@customer.test>\r\n\r\nHello\r\n"
)


def imap_opens(world: World, address: str, secret: str) -> bool:
    connection = dial_imap(world.config)
    try:
        connection.login(address, secret)
    except imaplib.IMAP4.error:
        return False
    finally:
        connection.shutdown()
    return True


def submission(world: World) -> smtplib.SMTP:
    server = smtplib.SMTP("127.0.0.1", world.config.submission_port, "tests", timeout=10)
    server.ehlo()
    return server


def plain(address: str, secret: str) -> str:
    return base64.b64encode(f"\0{address}\0{secret}".encode()).decode()


def test_everything_that_opened_it_is_dead_within_two_seconds(world: World, olive: Desk, audit: Audit) -> None:
    app_password = app_passwords.create(world.db, world.login_id(ANA), "Phone")
    world.deposit(ANA, LETTER)
    world.deposit(ANA, LETTER, folder="Projects")
    visitor = Visitor(olive.client.application, ANA).come_back(world.sign_in(ANA))
    assert visitor.get(folder_url(ANA)).status_code == 200
    with world.imap(ANA, secret=PASSWORD) as live, submission(world) as smtp:
        live.select()
        live.send(b"a IDLE\r\n")
        live.readline()
        assert smtp.docmd("AUTH PLAIN", plain(ANA, app_password))[0] == 235
        preview = olive.page(f"{olive.path(ANA)}/convert-to-shared").text
        for words in ("1  open session ends", "1  app password is revoked", "1  unread message", SUPPORT, SALES):
            assert words in preview

        answer = olive.post(f"{olive.path(ANA)}/convert-to-shared", member_mailbox_ids=[olive.mailbox(DAN)])
        began = time.monotonic()
        assert answer.status_code == 303
        live.sock.settimeout(5)
        while live.readline():
            pass
        assert visitor.get(folder_url(ANA)).status_code == 303
        codes = [smtp.docmd("MAIL", f"FROM:<{ANA}>")[0], smtp.docmd("RCPT", f"TO:<{BEN}>")[0]]
        sent = smtp.docmd("DATA")[0] == 354 and smtp.data(LETTER.replace(b"kim@customer.test", ANA.encode()))[0] == 250
        assert not sent, codes
        assert time.monotonic() - began < 2
        # A sign-in begun now is refused; the answer comes after a second, on purpose.
        with ThreadPoolExecutor() as crowd:
            opened = crowd.map(lambda secret: imap_opens(world, ANA, secret), (PASSWORD, app_password))
        assert list(opened) == [False, False]
    with submission(world) as smtp:
        assert smtp.docmd("AUTH PLAIN", plain(ANA, PASSWORD))[0] == 535

    assert Visitor(olive.client.application, ANA).post(
        "/login", {"address": ANA, "password": PASSWORD}, token=Visitor(olive.client.application).token("/login")
    ).status_code in (400, 403)
    with world.db.read() as session:
        assert session.scalars(select(Login.id).where(Login.name == ANA)).all() == []
    assert ANA not in olive.members(SUPPORT)
    assert len(world.folder(ANA)) == len(world.folder(ANA, "Projects")) == 1
    with world.imap(DAN, mailbox=ANA) as shared:
        assert shared.select()[1] == [b"1"]
        assert shared.select("Projects")[1] == [b"1"]
    actions = [entry.action for entry in audit()]
    assert actions.count("mailbox.converted_to_shared") == actions.count("member.added") == 1
    assert actions.count("member.removed") == 2

    # And back: a person signs in again, and whoever was a member no longer reads it.
    with world.imap(DAN, mailbox=ANA) as members:
        answer = olive.post(f"{olive.path(ANA)}/convert-to-regular", password_mode="generated")
        assert answer.status_code == 200
        members.sock.settimeout(2)
        while members.readline():
            pass
    secret = secret_on(answer)
    assert imap_opens(world, ANA, secret)
    assert not imap_opens(world, ANA, PASSWORD)
    assert not imap_opens(world, ANA, app_password)
    assert len(world.folder(ANA)) == len(world.folder(ANA, "Projects")) == 1
    with pytest.raises(imaplib.IMAP4.error), world.imap(DAN, mailbox=ANA):
        pass
    assert Visitor(olive.client.application, ANA).sign_in(secret).get(folder_url(ANA)).status_code == 200
    assert [entry.action for entry in audit()][-2:] == ["member.removed", "mailbox.converted_to_regular"]


def test_a_team_is_needed_and_itself_is_none(olive: Desk) -> None:
    path = f"{olive.path(BEN)}/convert-to-shared"
    assert olive.post(path).status_code == 422
    assert olive.post(path, member_mailbox_ids=[olive.mailbox(BEN)]).status_code == 422
    assert olive.post(path, member_mailbox_ids=[olive.mailbox(SUPPORT)]).status_code == 422
    assert "Security" in olive.page(olive.path(BEN)).text
    assert olive.post(f"{olive.path(SUPPORT)}/convert-to-shared").status_code == 422
    assert olive.post(f"{olive.path(BEN)}/convert-to-regular", password_mode="generated").status_code == 422


def test_a_weak_password_converts_nothing(olive: Desk) -> None:
    answer = olive.post(f"{olive.path(SUPPORT)}/convert-to-regular", password_mode="set", password="short")
    assert answer.status_code == 422
    assert "at least 12 characters" in answer.text
    assert CLEO in olive.members(SUPPORT)


@pytest.mark.parametrize(
    "statement", ["DELETE FROM login", "UPDATE mailbox", "INSERT INTO membership", "INSERT INTO audit_entry"]
)
def test_a_failure_in_the_middle_leaves_what_was(world: World, olive: Desk, statement: str) -> None:
    def fail(_connection: object, _cursor: object, running: str, *_more: object) -> None:
        if running.startswith(statement):
            raise RuntimeError("the power went")

    services = olive.client.application.extensions["postroom"]
    engine: Engine = services.db.engine
    path, form = f"{olive.path(CLEO)}/convert-to-shared", {"member_mailbox_ids": [olive.mailbox(DAN)]}
    token = olive.token()
    with world.db.read() as session:
        before = len(session.scalars(select(AuditEntry.id)).all())
    event.listen(engine, "before_cursor_execute", fail)
    try:
        assert olive.client.post(f"/console{path}", data=form | {"csrf_token": token}).status_code == 500
    finally:
        event.remove(engine, "before_cursor_execute", fail)
    with world.db.read() as session:
        assert session.scalars(select(Mailbox.kind).where(Mailbox.address == CLEO)).one() == "regular"
        assert len(session.scalars(select(AuditEntry.id)).all()) == before
    assert imap_opens(world, CLEO, PASSWORD)
    assert CLEO in olive.members(SUPPORT)
