"""What a member's rights mean on raw IMAP, and how soon a change is felt."""

import pytest

from core.db import Database
from servers.demo.people import PASSWORD
from servers.run.reader_role import reader_url
from servers.smtp.database_views import DatabaseViews
from tests.servers.harness import World
from tests.servers.raw_clients import (
    ANA,
    BEN,
    CLEO,
    DAN,
    EVE,
    SUPPORT,
    auth_plain,
    dial_submission,
    letter,
    opens_imap,
    submit,
    tell,
)

MESSAGE = letter("Kim <kim@customer.test>", subject="Where is my parcel?")


@pytest.fixture(autouse=True)
def parcel(world: World) -> None:
    """One unread message in support's Inbox."""
    world.deposit(SUPPORT, MESSAGE)


def test_cleo_reads_support_and_leaves_no_trace(world: World) -> None:
    with world.imap(CLEO, mailbox=SUPPORT) as cleo:
        assert b"told OK" in tell(cleo, "EXAMINE INBOX")
        assert b"Where is my parcel?" in tell(cleo, "FETCH 1 (BODY[])")
        assert b"\\Seen" not in tell(cleo, "FETCH 1 (FLAGS)")
    with world.imap(ANA, mailbox=SUPPORT) as ana:
        tell(ana, "EXAMINE INBOX")
        assert b"\\Seen" not in tell(ana, "FETCH 1 (FLAGS)")


def test_cleo_can_change_nothing(world: World) -> None:
    with world.imap(ANA, mailbox=SUPPORT) as ana:
        tell(ana, "EXAMINE INBOX")
        tell(ana, "SUBSCRIBE Archive")
        before = tell(ana, "FETCH 1:* (UID FLAGS)")
        subscribed = _lines(tell(ana, 'LSUB "" *'))
    with world.imap(CLEO, mailbox=SUPPORT) as cleo:
        assert b"[READ-ONLY]" in tell(cleo, "SELECT INBOX")
        for command in (
            "STORE 1 +FLAGS (\\Seen)",
            "STORE 1 +FLAGS.SILENT (\\Deleted \\Flagged)",
            "UID STORE 1:* +FLAGS (\\Deleted)",
            "EXPUNGE",
            "COPY 1 Archive",
            "MOVE 1 Trash",
            "CREATE Mine",
            "DELETE Archive",
            "RENAME Archive Elsewhere",
            "UNSUBSCRIBE Archive",
            "SUBSCRIBE Mine",
        ):
            answer = tell(cleo, command)
            assert b" EXPUNGE\r\n" not in answer
            assert b"COPYUID" not in answer
        for folder in ("INBOX", "Drafts", "Sent"):
            assert cleo.append(folder, "", "", MESSAGE)[0] == "NO"
    with world.imap(ANA, mailbox=SUPPORT) as ana:
        tell(ana, "EXAMINE INBOX")
        after = tell(ana, "FETCH 1:* (UID FLAGS)")
        folders = tell(ana, 'LIST "" *')
        assert _lines(tell(ana, 'LSUB "" *')) == subscribed
        for folder in ("Archive", "Trash"):
            assert b" 0 EXISTS" in tell(ana, f"EXAMINE {folder}")
    assert _facts(after) == _facts(before)
    assert b"Mine" not in folders
    assert b"Elsewhere" not in folders
    assert b"Archive" in folders


def test_repliers_change_everything_in_support(world: World) -> None:
    with world.imap(BEN, mailbox=SUPPORT) as ben:
        for folder in ("Drafts", "Sent", "Archive", "Junk", "Trash"):
            assert ben.append(folder, "", "", MESSAGE)[0] == "OK"
        ben.select("INBOX")
        assert b"\\Answered" in tell(ben, "STORE 1 +FLAGS (\\Answered)")
        assert ben.create("Returns")[0] == "OK"
        assert ben.rename("Returns", "Returned.2026")[0] == "OK"
        assert ben.delete("Returned.2026")[0] == "OK"


def test_every_mailbox_has_the_folders_people_expect(world: World) -> None:
    with world.imap(ANA) as ana:
        listed = tell(ana, 'LIST "" *')
    for role in (b"Drafts", b"Sent", b"Archive", b"Junk", b"Trash"):
        assert b"\\" + role in listed


def test_a_kick_ends_an_idling_session(world: World) -> None:
    with world.imap(BEN, mailbox=SUPPORT) as ben:
        ben.select("INBOX")
        ben.send(b"i IDLE\r\n")
        assert ben.readline().startswith(b"+")
        assert [who.connections for who in world.doveadm.who(SUPPORT)] == [1]
        assert world.doveadm.kick(SUPPORT)
        assert any(ben.readline() == b"" for _ in range(5))
    assert world.doveadm.who(SUPPORT) == []


def test_a_kick_closes_only_that_mailbox(world: World) -> None:
    with world.imap(ANA) as ana:
        assert world.doveadm.kick(SUPPORT)
        assert world.doveadm.kick("*")
        assert ana.noop()[0] == "OK"


def test_kicking_a_server_that_is_away_is_said_and_not_raised(world: World) -> None:
    world.stop_dovecot()
    try:
        assert world.doveadm.kick(SUPPORT) is False
        assert world.doveadm.who(SUPPORT) == []
    finally:
        world.start_dovecot()


def test_a_removed_member_is_refused_at_the_next_sign_in(world: World) -> None:
    key = world.key(BEN)
    assert opens_imap(world.config, BEN, key, SUPPORT)
    with world.without_member(BEN, SUPPORT):
        assert not opens_imap(world.config, BEN, key, SUPPORT)
    assert opens_imap(world.config, BEN, key, SUPPORT)


def test_a_member_removed_while_signed_in_sends_nothing_more(world: World) -> None:
    with dial_submission(world.config) as server:
        assert auth_plain(server, BEN, world.key(BEN), SUPPORT) == 235
        assert submit(server, SUPPORT, [ANA], letter())[0] == 250
        with world.without_member(BEN, SUPPORT):
            code, text = server.docmd("MAIL", f"FROM:<{SUPPORT}>")
        assert code == 553
        assert b"any more" in text


def test_a_member_removed_while_the_message_comes_in_is_refused_after_it(world: World) -> None:
    with dial_submission(world.config) as server:
        auth_plain(server, BEN, world.key(BEN), SUPPORT)
        server.mail(SUPPORT)
        server.rcpt(ANA)
        before = len(world.folder(ANA))
        assert server.docmd("DATA")[0] == 354
        with world.without_member(BEN, SUPPORT):
            server.send(letter() + b"\r\n.\r\n")
            assert server.getreply()[0] == 553
        assert len(world.folder(ANA)) == before


def test_after_a_change_of_password_an_open_connection_sends_nothing_more(world: World) -> None:
    with dial_submission(world.config) as server:
        assert auth_plain(server, ANA, PASSWORD) == 235
        assert submit(server, ANA, [BEN], letter(ANA))[0] == 250
        with world.other_password(ANA):
            assert submit(server, ANA, [BEN], letter(ANA))[0] == 553
        assert submit(server, ANA, [BEN], letter(ANA))[0] == 250


def test_a_member_made_read_only_sends_nothing_more(world: World) -> None:
    with dial_submission(world.config) as server:
        auth_plain(server, BEN, world.key(BEN), SUPPORT)
        with world.read_only_member(BEN, SUPPORT):
            assert submit(server, SUPPORT, [ANA], letter())[0] == 553
        assert submit(server, SUPPORT, [ANA], letter())[0] == 250


def test_dovecot_comes_back_after_a_crash(world: World) -> None:
    key = world.key(ANA)
    world.kill_dovecot()
    world.start_dovecot()
    assert opens_imap(world.config, ANA, key, SUPPORT)


def test_what_waits_for_its_turn_is_asked_who_may_still_send(world: World) -> None:
    db = Database(reader_url(world.config))
    may_send = DatabaseViews(db, world.config.webmail_net, world.config.mail_hostname).may_send
    assert may_send(ANA, SUPPORT)
    assert may_send(ANA, ANA)
    assert not any(may_send(person, SUPPORT) for person in (CLEO, DAN, EVE, SUPPORT))
    assert not may_send(DAN, ANA)
    with world.read_only_member(ANA, SUPPORT):
        assert not may_send(ANA, SUPPORT)
    with world.without_member(BEN, SUPPORT):
        assert not may_send(BEN, SUPPORT)
    assert may_send(BEN, SUPPORT)
    db.dispose()


@pytest.mark.parametrize("name", ["subscriptions", "subscriptions-of-readers"])
def test_a_folder_may_be_called_as_a_file_of_the_servers(world: World, name: str) -> None:
    with world.imap(ANA) as ana:
        for command in (f"CREATE {name}", f"SUBSCRIBE {name}", "UNSUBSCRIBE Junk", "SUBSCRIBE Junk"):
            assert b"told OK" in tell(ana, command), command
        assert name.encode() in tell(ana, 'LSUB "" *')
        for command in (f"UNSUBSCRIBE {name}", f"DELETE {name}"):
            assert b"told OK" in tell(ana, command), command


def _lines(answer: bytes) -> set[bytes]:
    return {line for line in answer.splitlines() if line.startswith(b"*")}


def _facts(answer: bytes) -> list[bytes]:
    """The FETCH lines, without the flag that every first look takes away."""
    lines = answer.replace(b" \\Recent", b"").replace(b"\\Recent", b"").splitlines()
    return [line for line in lines if b"FETCH" in line and not line.startswith(b"told")]
