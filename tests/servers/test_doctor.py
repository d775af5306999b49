"""The doctor says what is so, on servers that are right and on servers that aren't."""

import pytest

from mail import probe
from mail.sasl import Credential
from servers.demo_people import PASSWORD
from servers.doctor import Doctor, Finding
from tests.servers.doors import ANA, BEN, SALES, SUPPORT
from tests.servers.harness import World


@pytest.fixture
def doctor(world: World) -> Doctor:
    return Doctor(world.config, world.db, world.vault)


def test_an_open_door_is_seen_to_be_open_and_a_closed_one_closed(world: World) -> None:
    """What all findings rest on: ana's own mailbox opens with her password, on every door that is knocked at."""
    host, imap, smtp = "127.0.0.1", world.config.imap_port, world.config.submission_port
    for secret, opens in ((PASSWORD, True), ("another-password-7", False)):
        own = Credential(ANA, secret, ANA)
        assert probe.imap_opens(host, imap, own) is opens
        assert probe.imap_login_opens(host, imap, ANA, secret) is opens
        assert probe.imap_takes(host, imap, own, "Sent") is opens
        assert probe.submission_opens(host, smtp, own) is opens
        assert probe.submission_takes(host, smtp, own, ANA) is opens


def test_a_sound_house_gets_only_good_findings(world: World, doctor: Doctor) -> None:
    findings = list(doctor.examine())
    assert {finding.mailbox for finding in findings} == {SUPPORT, SALES, "help@other.test"}
    assert [finding for finding in findings if not finding.good] == []
    words = {finding.what for finding in findings if finding.mailbox == SUPPORT}
    for expected in (
        "IMAP refuses direct sign-in with an empty password",
        "submission refuses direct sign-in with a random password",
        "IMAP lets ben@brand-b.test in",
        "Sent takes a message from ana@brand-a.test",
        "Drafts refuses a message from cleo@brand-b.test",
        "submission does not let cleo@brand-b.test send as support@brand-a.test",
        "IMAP refuses tess@brand-a.test once the web session has ended",
    ):
        assert expected in words


def test_looking_leaves_no_session_and_no_message_behind(world: World, doctor: Doctor) -> None:
    before = world.folder(SUPPORT, "Drafts"), world.folder(SUPPORT, "Sent"), world.count_sessions()
    assert list(doctor.examine())
    assert (world.folder(SUPPORT, "Drafts"), world.folder(SUPPORT, "Sent"), world.count_sessions()) == before


def test_an_acl_that_lets_nobody_write_is_found(world: World, doctor: Doctor) -> None:
    acl = world.config.run_dir / "acl"
    before = acl.read_text()
    acl.write_text(before.replace("member-reply lrwstipekx", "member-reply lr"))
    try:
        wrong = {finding for finding in doctor.examine() if not finding.good}
    finally:
        acl.write_text(before)
    assert Finding(SUPPORT, f"Sent takes a message from {BEN}", good=False) in wrong


def test_servers_that_are_away_are_a_finding_and_no_crash(world: World, doctor: Doctor) -> None:
    world.stop_dovecot()
    try:
        findings = list(doctor.examine())
    finally:
        world.start_dovecot()
    assert any("no answer" in finding.what for finding in findings if not finding.good)
