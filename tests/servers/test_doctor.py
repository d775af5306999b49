"""The doctor says what is so, on servers that are right and on servers that aren't."""

import pytest

from servers.doctor import Doctor, Finding
from tests.servers.doors import BEN, SALES, SUPPORT
from tests.servers.harness import World


@pytest.fixture
def doctor(world: World) -> Doctor:
    return Doctor(world.config, world.db, world.vault)


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
