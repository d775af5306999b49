"""A person's mailbox becomes shared, and a person's again: everything that opened it is shut, and the mail stays."""

import base64
import imaplib
import smtplib
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from auth import app_passwords
from auth.models import Login
from mailboxes.models import AuditEntry, Mailbox
from tests.cast import ANA, BEN, CLEO, DAN, OWNER, PASSWORD, SALES, SUPPORT
from tests.pages.console.conftest import Audit
from tests.pages.console.console import Desk, secret_on
from tests.servers.harness import World, dial_imap
from tests.visitor import Visitor, folder_url
from tests.waiting import PATIENCE

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
    server = smtplib.SMTP("127.0.0.1", world.config.submission_port, "tests", timeout=PATIENCE)
    server.ehlo()
    return server


def plain(address: str, secret: str) -> str:
    return base64.b64encode(f"\0{address}\0{secret}".encode()).decode()


def test_everything_that_opened_it_is_dead_at_once(world: World, olive: Desk, audit: Audit) -> None:
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
        for words in ("1  open session ends", "1  app password is revoked", "2  unread messages", SUPPORT, SALES):
            assert words in preview

        answer = olive.post(f"{olive.path(ANA)}/convert-to-shared", member_mailbox_ids=[olive.mailbox(DAN)])
        assert answer.status_code == 303
        while live.readline():
            pass
        assert visitor.get(folder_url(ANA)).status_code == 303
        codes = [smtp.docmd("MAIL", f"FROM:<{ANA}>")[0], smtp.docmd("RCPT", f"TO:<{BEN}>")[0]]
        sent = smtp.docmd("DATA")[0] == 354 and smtp.data(LETTER.replace(b"kim@customer.test", ANA.encode()))[0] == 250
        assert not sent, codes
        # A sign-in begun now is refused; the answer comes after a second, on purpose.
        with ThreadPoolExecutor() as crowd:
            opened = crowd.map(lambda secret: imap_opens(world, ANA, secret), (PASSWORD, app_password))
        assert list(opened) == [False, False]
    with submission(world) as smtp:
        assert smtp.docmd("AUTH PLAIN", plain(ANA, PASSWORD))[0] == 535

    stranger = Visitor(olive.client.application, ANA)
    answer = stranger.post("/login", {"address": ANA, "password": PASSWORD}, token=stranger.token("/login"))
    assert answer.status_code == 403
    with submission(world) as smtp:
        assert smtp.docmd("AUTH PLAIN", plain(ANA, app_password))[0] == 535
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
    preview = " ".join(olive.page(f"{olive.path(ANA)}/convert-to-regular").text.split())
    assert f"1 member loses access at once: {DAN} ." in preview
    assert "2 unread messages among them" in preview
    with world.imap(DAN, mailbox=ANA) as members:
        answer = olive.post(f"{olive.path(ANA)}/convert-to-regular", password_mode="generated")
        assert answer.status_code == 200
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


def broken(olive: Desk, statement: str, path: str, **form: object) -> int:
    """What a form is answered when the database fails at this statement."""

    def fail(_connection: object, _cursor: object, running: str, *_more: object) -> None:
        if running.startswith(statement):
            raise RuntimeError("the power went")

    engine: Engine = olive.client.application.extensions["postroom"].db.engine
    token = olive.token()
    event.listen(engine, "before_cursor_execute", fail)
    try:
        return olive.client.post(f"/console{path}", data=form | {"csrf_token": token}).status_code
    finally:
        event.remove(engine, "before_cursor_execute", fail)


def entries(world: World) -> int:
    with world.db.read() as session:
        return len(session.scalars(select(AuditEntry.id)).all())


def kind(world: World, address: str) -> str:
    with world.db.read() as session:
        return session.scalars(select(Mailbox.kind).where(Mailbox.address == address)).one()


@pytest.mark.parametrize(
    "statement", ["DELETE FROM login", "UPDATE mailbox", "INSERT INTO membership", "INSERT INTO audit_entry"]
)
def test_a_failure_in_the_middle_leaves_what_was(world: World, olive: Desk, statement: str) -> None:
    before = entries(world)
    form = {"member_mailbox_ids": [olive.mailbox(DAN)]}
    assert broken(olive, statement, f"{olive.path(CLEO)}/convert-to-shared", **form) == 500
    assert kind(world, CLEO) == "regular"
    assert entries(world) == before
    assert imap_opens(world, CLEO, PASSWORD)
    assert CLEO in olive.members(SUPPORT)


@pytest.mark.parametrize(
    "statement", ["INSERT INTO audit_entry", "DELETE FROM membership", "UPDATE mailbox", "INSERT INTO login"]
)
def test_and_so_it_does_on_the_way_back(world: World, olive: Desk, statement: str) -> None:
    before, members = entries(world), olive.members(SUPPORT)
    form = {"password_mode": "set", "password": PASSWORD}
    assert broken(olive, statement, f"{olive.path(SUPPORT)}/convert-to-regular", **form) == 500
    assert kind(world, SUPPORT) == "shared"
    assert entries(world) == before
    assert olive.members(SUPPORT) == members
    with world.imap(CLEO, mailbox=SUPPORT) as connection:
        assert connection.select(readonly=True)[0] == "OK"
    assert not imap_opens(world, SUPPORT, PASSWORD)


def test_an_empty_team_loses_nothing(olive: Desk) -> None:
    lone = olive.make("lone")
    shared = olive.make_shared("empty", lone)
    olive.post(f"{olive.path(lone)}/delete", address=lone)
    said = olive.page(f"{olive.path(shared)}/convert-to-regular").text
    assert "Nobody has access now" in said
    assert "0" not in said.partition("What will happen")[2].partition("Every message")[0]


def test_what_there_is_none_of_is_not_counted(olive: Desk) -> None:
    said = olive.page(f"{olive.path(DAN)}/convert-to-shared").text
    assert "app password" not in said.partition("What will happen")[2].partition("Every message")[0]


def test_the_last_member_of_a_team_is_said_to_be_the_last(olive: Desk) -> None:
    last = olive.make("solo")
    shared = olive.make_shared("solos", last)
    olive.make_shared("pairs", last, DAN)
    for page in ("delete", "convert-to-shared"):
        said = " ".join(olive.page(f"{olive.path(last)}/{page}").text.split())
        assert f"Nobody else is a member of {shared} : nobody reads mail there" in said
        assert "member of pairs@brand-a.test :" not in said
    assert "Restored, it is a member nowhere" in olive.page(f"{olive.path(last)}/delete").text


def test_an_owners_letters_are_thought_of(olive: Desk) -> None:
    for page in ("delete", "convert-to-shared"):
        assert "An owner of this account signs in with this address" in olive.page(f"{olive.path(OWNER)}/{page}").text
        assert "An owner of this account" not in olive.page(f"{olive.path(DAN)}/{page}").text


def test_deleting_a_team_says_who_and_what_is_in_it(world: World, olive: Desk) -> None:
    shared = olive.make_shared("leaving", CLEO, DAN)
    world.deliver(shared, LETTER)
    said = " ".join(olive.page(f"{olive.path(shared)}/delete").text.split())
    assert f"2 members lose access at once: {CLEO} , {DAN} ." in said
    assert "1 unread message lies in it." in said


def test_a_restored_person_is_a_member_nowhere_and_that_is_said(olive: Desk) -> None:
    gone = olive.make("ghost")
    shared = olive.make_shared("ghosts", gone, DAN)
    olive.post(f"{olive.path(gone)}/delete", address=gone)
    assert "is a member nowhere until you add them again" in olive.page("/mailboxes/bin").text
    olive.post(f"/mailboxes/bin/{olive.mailbox(gone)}/restore")
    assert "If it worked in shared mailboxes, add it to them again." in olive.page(olive.path(gone)).text
    assert set(olive.members(shared)) == {DAN}
