"""The door for strangers: mail for mailboxes here, and nothing else."""

import re
import smtplib
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.message.addresses import parse_list
from servers.smtp.authors import Unreadable, named
from servers.smtp.policy import Refused, domains_from_outside, parse_address
from tests.effort import effort
from tests.servers.harness import World
from tests.servers.raw_clients import ANA, DAN, KIM, SUPPORT, letter, signed_in, submit

STRANGER = "stranger@outside.example"


@pytest.fixture
def door(world: World) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", world.config.smtp_port, "mail.outside.example", 20) as server:
        server.ehlo()
        yield server


def test_a_stranger_writes_to_support_and_it_arrives(world: World, door: smtplib.SMTP) -> None:
    assert submit(door, STRANGER, [SUPPORT], letter(STRANGER, subject="From afar"))[0] == 250
    arrived = world.folder(SUPPORT)[-1]
    assert b"Subject: From afar" in arrived
    assert f"Return-Path: <{STRANGER}>".encode() in arrived
    assert b"Received: from mail.outside.example ([127.0.0.1])" in arrived


def test_a_bounce_arrives(world: World, door: smtplib.SMTP) -> None:
    assert submit(door, "", [ANA], letter("postmaster@outside.example", subject="Returned"))[0] == 250
    assert b"Return-Path: <>" in world.folder(ANA)[-1]


@pytest.mark.parametrize("recipient", ["friend@outside.example", "kim%outside.example@elsewhere.example"])
def test_it_relays_for_nobody(door: smtplib.SMTP, recipient: str) -> None:
    code, text = submit(door, STRANGER, [recipient], letter(STRANGER))
    assert code == 550
    assert "5.7.1" in text


def test_an_unknown_mailbox_is_said(door: smtplib.SMTP) -> None:
    assert submit(door, STRANGER, ["nobody@brand-a.test"], letter(STRANGER))[0] == 550


def test_it_offers_no_sign_in(door: smtplib.SMTP) -> None:
    assert not door.has_extn("auth")
    assert door.docmd("AUTH", "PLAIN AGEAYg==")[0] == 538


@pytest.mark.parametrize(
    ("sender", "message"),
    [
        (SUPPORT, letter()),
        (STRANGER, letter(f"Support <{SUPPORT}>")),
        (STRANGER, letter(f"{STRANGER}, Support <SUPPORT@Brand-A.test>")),
        (STRANGER, letter(STRANGER, f"Sender: {SUPPORT}")),
        (SUPPORT.replace("@", "+a@"), letter(STRANGER)),
        (STRANGER, letter(f"Support <{SUPPORT.replace('@', '+refund@')}>")),
        ("", letter()),
    ],
)
def test_nobody_outside_writes_as_a_shared_mailbox(door: smtplib.SMTP, sender: str, message: bytes) -> None:
    assert submit(door, sender, [KIM], message)[0] == 550


@pytest.mark.parametrize(
    "author",
    [
        "=?utf-8?q?support=40brand-a=2Etest?=",
        "=?utf-8?q?Support?= <=?utf-8?q?support=40brand-a=2Etest?=>",
        '"support"@brand-a.test',
        'Support <"support"@brand-a.test>',
        "support(the team)@brand-a.test",
        'support("(")@brand-a.test',
        "support(a(b)c)@brand-a.test",
        "support @ brand-a.test",
        "Support <support@ brand-a.test>",
        "Support <sup\r\n port@brand-a.test>",
        "<" + "x" * 800 + "\r\n x> <support@brand-a.test>",
        "Support <support\u200b@brand-a.test>",
        "Support <support@brand-a.test.>",
        "<@relay.example:support@brand-a.test>",
        "Team: support@brand-a.test;",
    ],
)
def test_however_the_shared_address_is_spelt(door: smtplib.SMTP, author: str) -> None:
    code, text = submit(door, STRANGER, [KIM], letter(author))
    assert code == 550
    assert "own people" in text


def test_two_authors_lines_and_endless_ones_are_refused(door: smtplib.SMTP) -> None:
    assert submit(door, STRANGER, [KIM], letter(STRANGER, f"From: {STRANGER}"))[0] == 550
    endless = "\r\n ".join(["a" * 900] * 12)
    assert submit(door, STRANGER, [KIM], letter(f"{endless} <{STRANGER}>"))[0] == 550
    crowd = ",\r\n ".join(f"one{number}@outside.example" for number in range(40))
    assert submit(door, STRANGER, [KIM], letter(crowd))[0] == 550


@pytest.mark.parametrize(
    "author", ['"Kim (support)" <stranger@outside.example>', "=?utf-8?q?K=C3=BCm?= <stranger@outside.example>"]
)
def test_honest_authors_come_in(door: smtplib.SMTP, author: str) -> None:
    assert submit(door, STRANGER, [KIM], letter(author))[0] == 250


def test_a_whole_header_block_of_one_letter_is_read_at_once() -> None:
    one, began = effort(), time.thread_time()
    for hostile in (b"a" * 8_000, b"@" * 8_000, b"a@" * 10, b"(" * 8_000, b"\\" * 8_000, b'"' * 8_000):
        named(hostile)
    assert (time.thread_time() - began) / one < 40  # a quadratic reading of these takes half a minute


@given(st.binary(max_size=300))
def test_any_line_names_addresses_or_is_unreadable(value: bytes) -> None:
    try:
        found = named(value)
    except Unreadable:
        return
    assert all(one == one.lower() and one.count("@") >= 1 for one in found)


@given(st.text(st.sampled_from('ab @.<>()",;:=?'), max_size=60))
def test_what_the_reader_shows_is_among_what_was_asked_about(value: str) -> None:
    shown = {re.sub(r'[\s"\\]', "", one.address).rstrip(".").lower() for one in parse_list(value)}
    found = named(value.encode())
    for address in shown:
        if parse_address(address):
            assert address in found


def test_a_message_that_begins_in_the_middle_of_a_line_is_refused() -> None:
    """What is put in front of it, results of checks for one, would go on in a stranger's words."""
    for blank in (b" ", b"\t"):
        with pytest.raises(Refused):
            domains_from_outside(blank + b"; dkim=pass\r\nFrom: kim@customer.test\r\n\r\nHello\r\n", lambda _one: False)


@pytest.mark.parametrize(
    "message",
    [
        letter(STRANGER, body="a\nb"),
        letter(STRANGER, body="a\n.\r\nMAIL FROM:<x@y.example>"),
        letter(STRANGER, *("Received: by loop" for _ in range(101))),
    ],
)
def test_smuggled_and_circling_mail_is_refused(door: smtplib.SMTP, message: bytes) -> None:
    assert submit(door, STRANGER, [KIM], message)[0] == 554


def test_a_name_that_is_no_name_is_not_repeated(world: World, door: smtplib.SMTP) -> None:
    door.docmd("EHLO", "evil) by mail.postroom.test (x")
    assert submit(door, STRANGER, [KIM], letter(STRANGER))[0] == 250
    assert b"evil" not in world.folder(KIM)[-1]
    assert b"Received: from unknown ([127.0.0.1])" in world.folder(KIM)[-1]


CLAIMS = {
    "her address": f"Ana Almeida <{ANA}>",
    "an address nobody has here": "Payroll <payroll@brand-a.test>",
    "her address as a name": f'"{ANA}" <{STRANGER}>',
    "her address within a name": f'"Ana, {ANA} (at home)" <{STRANGER}>',
    "her address encoded": f"=?utf-8?q?{ANA.replace('@', '=40')}?= <{STRANGER}>",
    "an at sign that isn't one": f'"ana\N{FULLWIDTH COMMERCIAL AT}brand-a.test" <{STRANGER}>',
    "a separator within quotes": 'Ana Almeida <"ana,"@brand-a.test>',
    "a letter of another alphabet": f'"\N{CYRILLIC SMALL LETTER A}na@brand-a.test" <{STRANGER}>',
}


@pytest.mark.parametrize("author", CLAIMS.values(), ids=CLAIMS)
def test_a_stranger_who_claims_to_be_a_colleague_is_marked(world: World, door: smtplib.SMTP, author: str) -> None:
    forged = letter("{}", "Postroom-Notice: fine", "Authentication-Results: mail.postroom.test; auth=pass")
    for sender in (ANA, STRANGER):
        assert submit(door, sender, [DAN], forged.replace(b"{}", author.encode()))[0] == 250
        head = world.folder(DAN)[-1].partition(b"\n\n")[0]
        assert head.count(b"\nPostroom-Notice: not-from-inside brand-a.test\n") == head.count(b"Postroom-Notice") == 1
        assert head.count(b"\nAuthentication-Results: mail.postroom.test; none\n") == 1
        assert b"auth=pass" not in head


@pytest.mark.parametrize("author", [STRANGER, f"Ana Almeida <{STRANGER}>", "brand-a.test <jo@notbrand-a.test>"])
def test_a_stranger_who_claims_nothing_is_not_marked(world: World, door: smtplib.SMTP, author: str) -> None:
    assert submit(door, ANA, [DAN], letter(author))[0] == 250
    assert b"Postroom-Notice" not in world.folder(DAN)[-1]


@pytest.mark.parametrize(
    "lines",
    [
        'From: Ana Almeida <"ana,"@brand-a.test>',
        'From: Ana Almeida <"ana:"@brand-a.test>',
        'From: Ana Almeida <"ana;"@brand-a.test>',
        'From: Ana Almeida <"(ana)"@brand-a.test>',
        'From: Ana Almeida <"[ana]"@brand-a.test>',
        'From: Ana Almeida <"ana@x,"@brand-a.test>',
        "From: Ana Almeida <ana@[brand-a.test]>",
        'From: "ana,"@brand-a.test(at work)',
        'From: "ana;" @ Brand-\N{CYRILLIC SMALL LETTER A}.test',
        'From: Kim <kim@customer.test>, Ana <"ana,"@brand-a.test>',
        "Sender: Ana <ana@brand-a.test>",
        "From:\r\nSender: Ana <ana@brand-a.test>",
        'From: Ana Almeida <>\r\nSender: "ana,"@brand-a.test',
    ],
)
def test_whatever_stands_before_the_at_sign_a_domain_of_ours_is_claimed(lines: str) -> None:
    message = f"{lines}\r\n\r\nHello\r\n".encode()
    assert "brand-a.test" in domains_from_outside(message, lambda _one: False)


def test_who_sends_for_a_customer_that_is_named_is_no_author() -> None:
    message = f"From: {KIM}\r\nSender: Ana <{ANA}>\r\n\r\nHello\r\n".encode()
    assert domains_from_outside(message, lambda _one: False) == {"customer.test"}


def test_a_crowd_within_quotes_is_a_crowd() -> None:
    crowd = ", ".join(f'"one,"@h{number}.example' for number in range(40))
    with pytest.raises(Refused):
        domains_from_outside(f"From: {crowd}\r\n\r\nHello\r\n".encode(), lambda _one: False)


def test_ana_who_signed_in_is_not_marked_whatever_she_writes_on_it(world: World) -> None:
    with signed_in(world, ANA) as server:
        assert submit(server, ANA, [DAN], letter(ANA, "Postroom-Notice: not-from-inside"))[0] == 250
    assert b"Postroom-Notice" not in world.folder(DAN)[-1]
