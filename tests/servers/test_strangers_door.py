"""The door for strangers: mail for mailboxes here, and nothing else."""

import smtplib
from collections.abc import Iterator

import pytest

from tests.servers.doors import ANA, KIM, SUPPORT, letter, submit
from tests.servers.harness import World

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
        ("", letter()),
    ],
)
def test_nobody_outside_writes_as_a_shared_mailbox(door: smtplib.SMTP, sender: str, message: bytes) -> None:
    assert submit(door, sender, [KIM], message)[0] == 550


@pytest.mark.parametrize(
    "message",
    [
        letter(STRANGER, body="a\nb"),
        letter(STRANGER, body="a\n.\r\nMAIL FROM:<x@y.example>"),
        letter(STRANGER, *("Received: by loop" for _ in range(60))),
    ],
)
def test_smuggled_and_circling_mail_is_refused(door: smtplib.SMTP, message: bytes) -> None:
    assert submit(door, STRANGER, [KIM], message)[0] == 554


def test_a_name_that_is_no_name_is_not_repeated(world: World, door: smtplib.SMTP) -> None:
    door.docmd("EHLO", "evil) by mail.postroom.test (x")
    assert submit(door, STRANGER, [KIM], letter(STRANGER))[0] == 250
    assert b"evil" not in world.folder(KIM)[-1]
    assert b"Received: from unknown ([127.0.0.1])" in world.folder(KIM)[-1]
