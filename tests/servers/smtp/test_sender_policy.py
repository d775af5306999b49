"""What our own people may send: one table of forgeries, on the real submission door."""

import re
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.smtp.policy import LARGEST_MESSAGE, Refused, checked, single_address, split
from tests.servers.harness import World
from tests.servers.raw_clients import (
    ANA,
    BEN,
    CLEO,
    KIM,
    SALES,
    SUPPORT,
    auth_plain,
    dial_submission,
    letter,
    signed_in,
    submit,
)

FORGERIES = {
    "null sender": ("", letter()),
    "own envelope, From of support": (BEN, letter()),
    "envelope of a stranger": ("ceo@brand-a.test", letter()),
    "envelope of another shared mailbox": (SALES, letter(SALES)),
    "From of the member": (SUPPORT, letter(BEN)),
    "From of a colleague": (SUPPORT, letter(ANA)),
    "From outside": (SUPPORT, letter("ceo@bank.example")),
    "two From lines": (SUPPORT, letter(SUPPORT, f"From: {BEN}")),
    "two From lines, same author": (SUPPORT, letter(SUPPORT, f"From: {SUPPORT}")),
    "two authors in From": (SUPPORT, letter(f"{SUPPORT}, {BEN}")),
    "no From line": (SUPPORT, b"To: kim@customer.test\r\nSubject: x\r\n\r\nhello"),
    "empty From": (SUPPORT, letter("")),
    "From that is a group": (SUPPORT, letter(f"Team: {SUPPORT};")),
    "From with a second address in a comment": (SUPPORT, letter(f"{SUPPORT} ({BEN})")),
    "From with an address as name": (SUPPORT, letter(f"{BEN} <{SUPPORT}>")),
    "From with two pairs of brackets": (SUPPORT, letter(f"<{BEN}> <{SUPPORT}>")),
    "From with a route": (SUPPORT, letter(f"<@{BEN.partition('@')[2]}:{SUPPORT}>")),
    "From with an open quote": (SUPPORT, letter(f'"Support <{SUPPORT}>')),
    "From with a space before the colon": (SUPPORT, letter().replace(b"From:", b"From :")),
    "From behind a folded first line": (SUPPORT, b" " + letter()),
    "second From with a space before the colon": (SUPPORT, letter(SUPPORT, f"From : {BEN}")),
    "foreign Sender": (SUPPORT, letter(SUPPORT, f"Sender: {BEN}")),
    "one good and one foreign Sender": (SUPPORT, letter(SUPPORT, f"Sender: {SUPPORT}", f"Sender: {BEN}")),
    "Resent-From": (SUPPORT, letter(SUPPORT, f"Resent-From: {BEN}")),
    "resent-sender": (SUPPORT, letter(SUPPORT, f"resent-sender: {BEN}")),
    "a header without a colon": (SUPPORT, letter(SUPPORT, "this is no header")),
    "a header that is not ASCII": (SUPPORT, letter(SUPPORT, "Frøm: x")),
    "no headers at all": (SUPPORT, b"\r\nhello"),
    "a NUL": (SUPPORT, letter(body="a\0b")),
    "a bare LF": (SUPPORT, letter(body="a\nb")),
    "a bare CR": (SUPPORT, letter(body="a\rb")),
    "a bare LF in a header": (SUPPORT, letter(subject=f"x\nFrom: {BEN}")),
    "an endless header block": (SUPPORT, letter(SUPPORT, *(f"X-{n}: {'y' * 900}" for n in range(160)))),
    "a thousand headers": (SUPPORT, letter(SUPPORT, *("A: b" for _ in range(1001)))),
    "an endless header line": (SUPPORT, letter(subject="x" * 1200)),
}


# Each is ben's own address to somebody, and to somebody else that of a mailbox of the team.
OF_BEN = {
    "a quoted word glued in front": f'"support"{BEN}',
    "an address inside a glued word": f'"{SUPPORT},"{BEN}',
    "a second author behind a quotation mark": f'"S <{SUPPORT}>, " {BEN}',
    "a quoted address behind": f'{BEN}" <{SUPPORT}>"',
    "a quoted address behind the brackets": f'"x" <{BEN}> "<{SUPPORT}>"',
    "a form feed in front": f"\x0c{BEN}",
    "a vertical tab in the name": f"support\x0b<{BEN}>",
    "the shared address as name": f'"{SUPPORT}" <{BEN}>',
    "the shared address in brackets as name": f'"<{SUPPORT}>" <{BEN}>',
    "the shared address in an encoded name": f"=?utf-8?q?Support_=3C{SUPPORT.replace('@', '=40')}=3E=2C?= <{BEN}>",
    "a stranger's address as name": f'"ceo@bank.example" <{BEN}>',
    "a colleague's address as name": f'"{ANA} (Ana)" <{BEN}>',
    "an address behind a harmless at sign": f'"Ben @ work, ceo@bank.example" <{BEN}>',
    "a wide at sign": f'"support\N{FULLWIDTH COMMERCIAL AT}brand-a.test" <{BEN}>',
    "a letter of another alphabet": f'"supp\N{CYRILLIC SMALL LETTER O}rt@brand-a.test" <{BEN}>',
    "a sub-address of the shared one as name": f'"{SUPPORT.replace("@", "+refund@")}" <{BEN}>',
}


@pytest.mark.parametrize("name", OF_BEN)
@pytest.mark.parametrize("header", ["From", "Sender"])
def test_ben_as_himself_is_nobody_else_to_any_reader(world: World, header: str, name: str) -> None:
    message = letter(OF_BEN[name]) if header == "From" else letter(BEN, f"Sender: {OF_BEN[name]}")
    with signed_in(world, BEN) as server:
        code, text = submit(server, BEN, [KIM], message)
    assert code in (550, 553), text


@pytest.mark.parametrize("name", FORGERIES)
def test_ben_cannot_forge(world: World, name: str) -> None:
    sender, message = FORGERIES[name]
    before = len(world.folder(KIM))
    with signed_in(world, BEN, SUPPORT) as server:
        code, text = submit(server, sender, [KIM], message)
        assert 500 <= code < 600, text
        # The connection is still good for an honest message.
        assert submit(server, SUPPORT, [KIM], letter())[0] == 250
    assert len(world.folder(KIM)) == before + 1


@pytest.mark.parametrize(
    "author",
    [
        SUPPORT,
        f"<{SUPPORT}>",
        f"Support <{SUPPORT}>",
        f'"Support, all of us; \\"here\\" <x>" <{SUPPORT}>',
        f"=?utf-8?q?S=C3=BCpport=2C_x=40y?= <{SUPPORT}>",
        f'"{SUPPORT}" <{SUPPORT}>',
        f'"Support @ St. Mary" <{SUPPORT}>',
        f"Support\r\n <{SUPPORT}>",
        "Support <Support@Brand-A.test>",
    ],
)
def test_honest_ways_to_write_the_author_are_taken(world: World, author: str) -> None:
    with signed_in(world, BEN, SUPPORT) as server:
        assert submit(server, SUPPORT, [KIM], letter(author))[0] == 250
        assert submit(server, SUPPORT, [KIM], letter(author, f"Sender: {SUPPORT}"))[0] == 250


def test_from_ones_own_mailbox_nobody_sends_as_support(world: World) -> None:
    with signed_in(world, BEN) as server:
        assert submit(server, SUPPORT, [KIM], letter())[0] == 553
        assert submit(server, "", [KIM], letter())[0] == 553
        assert submit(server, BEN, [KIM], letter())[0] == 553
        assert submit(server, BEN, [KIM], letter(BEN))[0] == 250


def test_a_read_only_member_cannot_act_as_support(world: World) -> None:
    with dial_submission(world.config) as server:
        assert auth_plain(server, CLEO, world.key(CLEO), SUPPORT) == 235
        assert submit(server, SUPPORT, [KIM], letter())[0] == 553
        assert submit(server, "", [KIM], letter())[0] == 553
    with signed_in(world, CLEO) as server:
        assert submit(server, SUPPORT, [KIM], letter())[0] == 553


def test_nobody_sends_without_signing_in(world: World) -> None:
    with dial_submission(world.config) as server:
        assert submit(server, SUPPORT, [KIM], letter())[0] == 530
        assert server.docmd("RCPT", f"TO:<{KIM}>")[0] == 503
        assert server.docmd("DATA")[0] == 503


def test_what_arrives_names_nobody_of_the_team(world: World) -> None:
    """Whatever ben's program writes about ben and his machine stays behind."""
    telling = [
        f"Received: from laptop.brand-b.test ([127.0.0.9]) by relay; {BEN}",
        f"Return-Path: <{BEN}>",
        f"Delivered-To: {BEN}",
        f"Bcc: {BEN}",
        "User-Agent: Ben's Phone",
        "X-Originating-IP: [127.0.0.9]",
        f"X-Sender: {BEN}",
        "X-Mailer: Ben Mail 3",
        "Organization: Brand B",
        f"X-Long: a\r\n {BEN}",
        f"Reply-To: {BEN}",
        f"Disposition-Notification-To: {BEN}",
        f"Return-Receipt-To: {BEN}",
        f"Errors-To: {BEN}",
        f"List-Unsubscribe: <mailto:{BEN}>",
        "Comments: Ben",
        "Message-ID: <abc@bens-laptop.brand-b.test>",
        "Date: Fri, 27 Nov 2026 18:00:00 +1300",
    ]
    with signed_in(world, BEN, SUPPORT) as server:
        assert submit(server, SUPPORT, [KIM], letter(f"Support <{SUPPORT}>", *telling))[0] == 250
    arrived = world.folder(KIM)[-1]
    head, _, body = arrived.partition(b"\n\n")
    assert body.strip() == b"Good morning."
    traces = ("ben", "brand-b", r"127\.0\.0", "localhost", r"client\.test", re.escape(socket.gethostname()))
    # As whole words: random ids hold every short one now and then.
    assert not re.search(rf"\b(?:{'|'.join(traces)})\b", head.decode(), re.IGNORECASE), head.decode()
    assert b"+1300" not in head
    assert b"\nReply-To:" not in head
    for needed in (b"Message-ID: <", b"Date: ", b"From: Support <support@brand-a.test>", b"Return-Path: <support@"):
        assert needed in head


def test_the_thread_that_leaves_support_names_no_domain_of_the_team(world: World) -> None:
    ids = "<1@customer.test> <2@brand-b.test>\r\n <3@BENS-PC.Brand-B.test> <4@brand-a.test> <5@notbrand-b.test>"
    ids += "\r\n <6@x@brand-b.test> <7@brand-b.test 8> <9@x@y.test> <no-at> <a b@y.test>"
    message = letter(SUPPORT, f"References: {ids}", "In-Reply-To: <2@brand-b.test>", subject="A thread of many")
    with signed_in(world, BEN, SUPPORT) as server:
        assert submit(server, SUPPORT, [KIM], message)[0] == 250
    arrived = next(one for one in world.folder(KIM) if b"Subject: A thread of many" in one)
    kept = b"<1@customer.test>\n <4@brand-a.test>\n <5@notbrand-b.test>\n <9@x@y.test>\n <no-at>\n <a b@y.test>\n"
    assert b"\nReferences: " + kept in arrived
    assert b"In-Reply-To" not in arrived


def test_what_the_webmail_writes_stays(world: World) -> None:
    own = [
        f"Reply-To: Support <{SUPPORT}>",
        "Message-ID: <0123@brand-a.test>",
        "Date: Fri, 27 Nov 2026 05:00:00 +0000",
        "In-Reply-To: <1@customer.test>",
        "References: <1@customer.test>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Language: en",
        "Auto-Submitted: no",
    ]
    with signed_in(world, BEN, SUPPORT) as server:
        assert submit(server, SUPPORT, [KIM], letter(f"Support <{SUPPORT}>", *own))[0] == 250
    head = world.folder(KIM)[-1].partition(b"\n\n")[0].decode()
    assert [line for line in own if line not in head.splitlines()] == []
    assert head.count("Message-ID:") == head.count("Date:") == 1


def test_a_blind_copy_reaches_its_reader_and_nobody_else_learns_of_it(world: World) -> None:
    with signed_in(world, ANA, SUPPORT) as server:
        assert submit(server, SUPPORT, [KIM, ANA, BEN], letter(subject="quiet"))[0] == 250
    for reader in (KIM, ANA, BEN):
        arrived = world.folder(reader)[-1]
        assert b"Subject: quiet" in arrived
        assert not {other.encode() for other in (ANA, BEN)} & set(arrived.split())
        assert b"ana@" not in arrived.lower()
        assert b"ben@" not in arrived.lower()


def test_the_second_end_of_a_smuggled_message_is_never_heard(world: World) -> None:
    smuggled = f"MAIL FROM:<{ANA}>\r\nRCPT TO:<{KIM}>\r\nDATA\r\nFrom: {ANA}\r\n\r\nsmuggled"
    before = len(world.folder(KIM))
    for end in ("\n.\n", "\n.\r\n", "\r.\r\n", "\r\n.\n", "\r\n.\r", "\r.\r"):
        with signed_in(world, BEN, SUPPORT) as server:
            code, _ = submit(server, SUPPORT, [KIM], letter(body="first" + end + smuggled))
            assert code == 554, repr(end)
            assert server.noop()[0] == 250
    assert len(world.folder(KIM)) == before


def test_recipients_are_answered_one_by_one(world: World) -> None:
    with signed_in(world, BEN, SUPPORT) as server:
        server.mail(SUPPORT)
        assert server.rcpt(KIM)[0] == 250
        assert server.rcpt("Kim+parcel@Customer.test")[0] == 250
        unknown = server.rcpt("nobody@brand-a.test")
        assert unknown[0] == 550
        assert unknown[1].startswith(b"5.1.1")
        outside = server.rcpt("friend@outside.example")
        assert outside[0] == 550
        assert b"doesn't send outside" in outside[1]
        assert server.docmd("RCPT", "TO:<no address>")[0] == 553
        assert server.docmd("RCPT", 'TO:<"kim kim"@customer.test>')[0] == 550
        before = len(world.folder(KIM))
        assert server.data(letter())[0] == 250
    assert len(world.folder(KIM)) == before + 1


def test_too_large_is_said_before_and_after(world: World) -> None:
    with signed_in(world, BEN, SUPPORT) as server:
        assert server.docmd("MAIL", f"FROM:<{SUPPORT}> SIZE={LARGEST_MESSAGE + 1}")[0] == 552
        line = b"x" * 900 + b"\r\n"
        assert submit(server, SUPPORT, [KIM], letter() + line * (LARGEST_MESSAGE // 900))[0] == 552
        assert submit(server, SUPPORT, [KIM], letter())[0] == 250


def test_after_three_failed_sign_ins_the_door_closes(world: World) -> None:
    started = time.monotonic()
    with dial_submission(world.config) as server:
        assert auth_plain(server, BEN, "wrong") == 535
        assert auth_plain(server, BEN, "wrong") == 535
        assert auth_plain(server, BEN, "wrong") == 421
        assert server.file is not None
        assert server.file.read(1) == b""
    assert time.monotonic() - started >= 3


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_or_checked(data: bytes) -> None:
    try:
        kept = checked(b"From: a@b.test\r\n" + data, "a@b.test", lambda _: False, team_domains={"c.test"})
    except Refused as refused:
        answer = refused.reply
    else:
        answer = "550 taken"
        headers, _ = split(kept)
        assert [header.name for header in headers].count(b"from") == 1
    assert answer.startswith("5")
    assert answer.isprintable()


@given(st.text(max_size=60))
def test_an_author_is_one_plain_address_or_none(value: str) -> None:
    found = single_address(value)
    assert found is None or (found.count("@") == 1 and found in value.lower())
