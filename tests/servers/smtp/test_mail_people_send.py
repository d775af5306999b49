"""What the world really sends comes in as it is: long addresses, long lines, letters beyond ASCII, all at once."""

import re
import smtplib
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.message.addresses import sendable, wire
from mailboxes.audit import Doer
from mailboxes.directory import choose_role_mailbox, find_domain
from mailboxes.errors import BadRoleMailbox
from servers.smtp.database_views import DatabaseViews, Reach
from servers.smtp.paths import NULL, canonical, parse_path
from tests.cast import OWNER
from tests.servers.harness import World
from tests.servers.raw_clients import (
    ANA,
    DAN,
    EVE,
    KIM,
    SUPPORT,
    auth_plain,
    dial_submission,
    letter,
    signed_in,
    submit,
)

STRANGER = "stranger@outside.example"
_STATUS = re.compile(rb"[245]\.\d{1,3}\.\d{1,3} ")


@pytest.fixture
def door(world: World) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", world.config.smtp_port, "mail.outside.example", 20) as server:
        server.ehlo()
        yield server


@contextmanager
def line_to(world: World) -> Iterator[tuple[socket.socket, "Replies"]]:
    """The door for strangers, octet by octet, greeted."""
    with socket.create_connection(("127.0.0.1", world.config.smtp_port), 20) as line, line.makefile("rb") as file:
        replies = Replies(file)
        replies.read()
        line.sendall(b"EHLO mail.outside.example\r\n")
        replies.read()
        yield line, replies


class Replies:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self) -> bytes:
        """One reply, all of its lines."""
        whole = b""
        while piece := self._file.readline():
            whole += piece
            if piece[3:4] != b"-":
                return whole
        return whole


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"SRS0=ab/c=XY=some-domain.example={'j' * 70}@forwarder.example", ""),
        (f"{'jo+caf_=support=brand-a.test' * 5}@gmail.example", ""),
        (f"Bounce-{'9' * 400}@news.example", ""),
        ("taro..yama.@docomo.example", '"taro..yama."@docomo.example'),
        ('"taro..yama."@docomo.example', ""),
        ('"jo at work"@outside.example', ""),
        ("jo@under_score.example", ""),
        ("jo@outside.example.", "jo@outside.example"),
        ("jo@[192.0.2.7]", ""),
        ("jo@[IPv6:2001:DB8::7]", "jo@[ipv6:2001:db8::7]"),
        (f"{'x' * 880}@news.example", ""),
        ("@relay.example:jo@outside.example", "jo@outside.example"),
    ],
)
def test_whatever_a_strangers_address_looks_like_their_mail_arrives(
    world: World, door: smtplib.SMTP, said: str, kept: str
) -> None:
    assert submit(door, said, [SUPPORT], letter(STRANGER))[0] == 250
    assert f"Return-Path: <{kept or said}>\n".encode() in world.folder(SUPPORT)[-1]


@pytest.mark.parametrize(
    "said", ["<root>", "<jo@>", "<@outside.example>", "<jo@a@b>", "<jo@b.example", "<jo@b..example>"]
)
def test_what_nobody_could_answer_is_no_sender(door: smtplib.SMTP, said: str) -> None:
    assert door.docmd("MAIL", f"FROM:{said}")[0] in (501, 553)


@pytest.mark.parametrize(
    "message",
    [
        letter(STRANGER, body="x" * 1_000),
        letter(STRANGER, "Content-Type: text/html", body="<p>" + "word " * 60_000 + "THE END"),
        letter(STRANGER, "Cc: " + ", ".join(f"Person {number} <person{number}@example.net>" for number in range(80))),
        letter(STRANGER, "X-Report: " + "y" * 200_000),
        letter(STRANGER, "this is no header line", "Neither: is\r\n\t this\r\nFrom the old days", body="."),
        b"no header line at all\r\n\r\nhello",
        b"\r\nnothing but a text",
    ],
)
def test_a_message_is_kept_octet_for_octet(world: World, door: smtplib.SMTP, message: bytes) -> None:
    code, text = submit(door, STRANGER, [DAN], message.replace(b"\r\n.", b"\r\n.."))
    assert (code, text[:6]) == (250, "2.0.0 ")
    with world.imap(DAN) as connection:
        connection.select("INBOX", readonly=True)
        _, (numbers,) = connection.search(None, "ALL")
        _, answer = connection.fetch(numbers.split()[-1].decode(), "(BODY.PEEK[])")
    assert isinstance(answer[0], tuple)
    assert answer[0][1].rstrip(b"\r\n").endswith(message.rstrip(b"\r\n"))


def test_a_crowd_of_commands_in_one_packet_is_answered_in_order(world: World) -> None:
    before = len(world.folder(KIM))
    start = f"MAIL FROM:<{STRANGER}>\r\nRCPT TO:<nobody@brand-a.test>\r\nRCPT TO:<{KIM}>\r\nDATA\r\n".encode()
    end = b"\r\n.\r\n"
    with line_to(world) as (line, replies):
        line.sendall(start)
        assert [replies.read()[:3] for _ in range(4)] == [b"250", b"550", b"250", b"354"]
        # The next message right behind the end of this one (RFC 2920 §3.1).
        line.sendall(letter(STRANGER, subject="one") + end + start)
        assert [replies.read()[:3] for _ in range(5)] == [b"250", b"250", b"550", b"250", b"354"]
        line.sendall(letter(STRANGER, subject="two") + end + b"QUIT\r\n")
        assert [replies.read()[:3] for _ in range(2)] == [b"250", b"221"]
    assert [b"Subject: one" in one or b"Subject: two" in one for one in world.folder(KIM)[before:]] == [True, True]


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r"])
def test_what_is_smuggled_in_one_packet_is_never_heard(world: World, end: bytes) -> None:
    before = len(world.folder(KIM)), len(world.folder(DAN))
    start = f"MAIL FROM:<{STRANGER}>\r\nRCPT TO:<{KIM}>\r\nDATA\r\n".encode()
    smuggled = f"MAIL FROM:<{KIM}>\r\nRCPT TO:<{DAN}>\r\nDATA\r\nFrom: {KIM}\r\n\r\nsmuggled".encode()
    with line_to(world) as (line, replies):
        line.sendall(start)
        assert [replies.read()[:3] for _ in range(3)] == [b"250", b"250", b"354"]
        line.sendall(letter(STRANGER) + end + smuggled + b"\r\n.\r\nNOOP\r\n")
        assert [replies.read()[:3] for _ in range(2)] == [b"554", b"250"]
    assert (len(world.folder(KIM)), len(world.folder(DAN))) == before


def test_every_answer_says_why_in_numbers_too(world: World) -> None:
    said = [
        b"MAIL",
        b"RCPT TO:<a@b.example>",
        b"DATA",
        b"HELP",
        b"HELP MAIL",
        b"VRFY",
        b"VRFY kim@customer.test",
        b"EXPN x",
    ]
    said += [
        b"EXPN x",
        b"NOOP",
        b"RSET",
        b"RSET x",
        b"AUTH PLAIN AGEAYg==",
        b"GET / HTTP/1.1",
        b"",
        b"STARTTLS",
        b"x" * 20_000,
    ]
    said += [b"MAIL FROM:<a@b.example> SIZE=99999999999", b"MAIL FROM:<a@b.example> COLOUR=red", b"MAIL FROM:<a b>"]
    said += [b"MAIL FROM:<a@b.example>", b"MAIL FROM:<a@b.example>", b"DATA", b"RCPT TO:<>", b"RCPT TO:<x@y.example>"]
    said += [f"RCPT TO:<{KIM}>".encode(), b"RCPT TO:<nobody@brand-a.test>", b"QUIT x", b"QUIT"]
    with line_to(world) as (line, replies):
        for command in said:
            line.sendall(command + b"\r\n")
            reply = replies.read()
            assert _STATUS.match(reply, 4), (command, reply)
            assert reply[:1] == reply[4:5], reply
    with dial_submission(world.config) as server:
        assert {"pipelining", "enhancedstatuscodes", "smtputf8", "8bitmime", "size"} <= set(server.esmtp_features)
        assert b"." not in server.docmd("EHLO", "again")[1].split(b"\n")[0].removeprefix(b"mail.postroom.test")
        assert auth_plain(server, KIM, "wrong") == 535


def test_who_writes_beyond_ascii_says_so_and_arrives(world: World, door: smtplib.SMTP) -> None:
    with line_to(world) as (line, replies):
        line.sendall("MAIL FROM:<用户@例え.example>\r\n".encode())
        assert replies.read().startswith(b"553 5.6.7")
        line.sendall(f"MAIL FROM:<用户@例え.example> SMTPUTF8\r\nRCPT TO:<{KIM}>\r\nDATA\r\n".encode())
        assert [replies.read()[:3] for _ in range(3)] == [b"250", b"250", b"354"]
        line.sendall("From: 用户 <用户@例え.example>\r\nSubject: 你好\r\n\r\n你好\r\n.\r\n".encode())
        assert replies.read().startswith(b"250")
        line.sendall(b"MAIL FROM:<\xff\xfe@x.example> SMTPUTF8\r\n")
        assert replies.read().startswith(b"553 5.1.7")
        line.sendall("MAIL FROM:<> SMTPUTF8\r\nRCPT TO:<kïm@customer.test>\r\n".encode())
        assert [replies.read()[:9] for _ in range(2)] == [b"250 2.1.0", b"550 5.1.1"]
    assert "Subject: 你好\n".encode() in world.folder(KIM)[-1]


def test_in_the_demo_whoever_is_written_to_outside_is_read_by_one_mailbox(world: World) -> None:
    with signed_in(world, ANA, SUPPORT) as server:
        assert submit(server, SUPPORT, ["Marta.Lindqvist@northmail.example"], letter(subject="Your pens"))[0] == 250
        assert submit(server, SUPPORT, ["friend@outside.example"], letter())[0] == 550
    assert b"Subject: Your pens" in world.folder("outside@customer.test")[-1]


def test_every_domain_has_somebody_for_postmaster_and_abuse(world: World, door: smtplib.SMTP) -> None:
    def reached(address: str) -> list[str]:
        about = uuid.uuid4().hex
        assert submit(door, STRANGER, [address], letter(STRANGER, subject=about))[0] == 250
        return [one for one in (OWNER, KIM, SUPPORT, EVE) if any(about.encode() in mail for mail in world.folder(one))]

    assert reached("Postmaster@brand-a.test") == [OWNER]  # olive runs the account and has a mailbox in it
    assert reached('"abuse"@BRAND-B.test') == [OWNER]
    assert reached("abuse@customer.test") == [KIM]  # nobody runs it: the oldest mailbox
    with world.db.write() as session:
        domain = find_domain(session, "brand-a.test")
        choose_role_mailbox(session, Doer("olive", "web"), domain, SUPPORT)
        with pytest.raises(BadRoleMailbox):
            choose_role_mailbox(session, Doer("olive", "web"), domain, EVE)  # another account's
    assert reached("postmaster@brand-a.test") == [SUPPORT]
    assert submit(door, STRANGER, ["hostmaster@brand-a.test"], letter(STRANGER))[0] == 550
    with world.db.write() as session:
        choose_role_mailbox(session, Doer("olive", "web"), find_domain(session, "brand-a.test"), "")
    assert reached("postmaster+x@brand-a.test") == [OWNER]


def test_the_server_itself_has_a_postmaster_and_its_reports_come_from_them(world: World, door: smtplib.SMTP) -> None:
    """Without a domain, in any case, and by the name that stands in greetings and reports."""
    for number, address in enumerate(
        ["postmaster", "Postmaster", "POSTMASTER@mail.postroom.test", "abuse@mail.postroom.test"]
    ):
        about = f"about the server {number} {uuid.uuid4().hex}"
        assert submit(door, STRANGER, [address], letter(STRANGER, subject=about))[0] == 250, address
        assert about.encode() in world.folder(OWNER)[-1], "olive runs the account that was made first"
    with signed_in(world, ANA) as server:
        assert submit(server, ANA, ["postmaster@mail.postroom.test"], letter(ANA, subject="Your report"))[0] == 250
    assert b"Subject: Your report" in world.folder(OWNER)[-1]
    for nobody in ("hostmaster", "ana@mail.postroom.test", "postmaster@postroom.test", "postmaster@outside.example"):
        assert submit(door, STRANGER, [nobody], letter(STRANGER))[0] >= 500, nobody


def test_the_servers_postmaster_is_of_the_account_that_was_made_first(world: World) -> None:
    """Whoever adds a domain later, whatever it is called, doesn't get what is written to the server."""
    for hostname in ("mail.customer.test", "other.test", "elsewhere.example"):
        found = DatabaseViews(world.db, world.config.webmail_net, hostname).recipient("postmaster")
        assert found is not None
        assert (found.address, found.reach) == (OWNER, Reach.LOCAL)


@given(st.text(st.sampled_from('ab@.<>"\\[]:;ü \t=/{'), max_size=40), st.sampled_from(["", " SIZE=3"]))
def test_any_path_is_read_or_none_and_written_in_one_way(text: str, options: str) -> None:
    address, rest = parse_path(f"<{text}>{options}")
    if address is None or address == NULL:
        return
    assert rest.endswith(options)
    written = canonical(address)
    assert written is None or canonical(written) == written


@given(st.text(st.sampled_from('ab@.<>"\\[]:;ü \t=/{-+16'), max_size=40))
def test_who_can_be_written_to_can_write_here_and_the_other_way_round(text: str) -> None:
    for written in (text, f"{text}@x.test", f"kim@{text}", f'"{text}"@[192.0.2.7]', f"{text * 25}@x.test"):
        if address := sendable(written):
            said, rest = parse_path(f"<{wire(address)}> SIZE=3")
            assert (said, rest) == (wire(address), " SIZE=3")
            assert canonical(said or "") == wire(address)
        said, _ = parse_path(f"<{written}>")
        heard = canonical(said) if said and said != NULL else None
        assert heard is None or wire(sendable(heard) or "") == heard
