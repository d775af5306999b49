"""The doctor says what is so, on servers that are right and on servers that aren't."""

import contextlib
import os
import re
import socket
import threading
from dataclasses import replace
from functools import partial

import pytest

from commands.doctor import Doctor, Finding, Verdict
from mail import probe
from mail.errors import MailServerUnavailable
from mail.sasl import Credential
from servers.demo.people import PASSWORD
from tests.apps import made
from tests.servers.harness import World, free_ports
from tests.servers.raw_clients import ANA, BEN, SALES, SUPPORT


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
    assert [finding for finding in findings if finding.verdict is not Verdict.GOOD] == []
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
        wrong = {finding for finding in doctor.examine() if finding.verdict is Verdict.WRONG}
    finally:
        acl.write_text(before)
    assert Finding(SUPPORT, f"Sent takes a message from {BEN}", Verdict.WRONG) in wrong


def test_servers_that_are_away_are_a_finding_and_no_crash(world: World, doctor: Doctor) -> None:
    world.stop_dovecot()
    try:
        findings = list(doctor.examine())
    finally:
        world.start_dovecot()
    assert any("no answer" in finding.what for finding in findings if finding.verdict is Verdict.WRONG)


class Hanging:
    """A server that accepts everybody, says `greeting`, and nothing any more."""

    def __init__(self, greeting: bytes = b"") -> None:
        self._greeting, self._kept = greeting, list[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                self._kept.append(line)
                line.sendall(self._greeting)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for line in (self._listener, *self._kept):
            line.close()


@pytest.mark.parametrize("greets", [False, True], ids=["before its greeting", "after it"])
def test_a_server_that_hangs_has_refused_nothing(greets: bool) -> None:
    own, patience = Credential(ANA, PASSWORD, ANA), 0.2
    with contextlib.closing(Hanging(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] here\r\n" if greets else b"")) as imap:
        for opens in (
            partial(probe.imap_opens, "127.0.0.1", imap.port, own),
            partial(probe.imap_login_opens, "127.0.0.1", imap.port, ANA, PASSWORD),
            partial(probe.imap_takes, "127.0.0.1", imap.port, own, "Sent"),
        ):
            with pytest.raises(probe.TooSlow):
                opens(patience=patience)
    with contextlib.closing(Hanging(b"220 here\r\n" if greets else b"")) as smtp:
        for takes in (
            partial(probe.submission_opens, "127.0.0.1", smtp.port, own),
            partial(probe.submission_takes, "127.0.0.1", smtp.port, own, ANA),
        ):
            with pytest.raises(probe.TooSlow):
                takes(patience=patience)


@pytest.mark.parametrize("answer", [b"P NO [UNAVAILABLE] Temporary authentication failure.\r\n", b"", b"P NO no\r\n"])
def test_only_a_no_is_a_refusal(answer: bytes) -> None:
    """One that can't tell now, or hangs up in the middle, has not refused."""
    own = Credential(ANA, PASSWORD, ANA)
    with contextlib.closing(Answering(answer)) as server:
        if b"NO no" in answer:
            assert not probe.imap_opens("127.0.0.1", server.port, own)
            return
        with pytest.raises(MailServerUnavailable) as trouble:
            probe.imap_opens("127.0.0.1", server.port, own)
    assert isinstance(trouble.value, probe.TooSlow) is bool(answer)


class Answering:
    """An IMAP server that gives one answer to the first sign-in and hangs up."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            line, _ = self._listener.accept()
            with line, line.makefile("rb") as said:
                line.sendall(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] here\r\n")
                for command in said:
                    tag, _, words = command.partition(b" ")
                    if words.upper().startswith(b"CAPABILITY"):
                        line.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + tag + b" OK done\r\n")
                    elif words.upper().startswith(b"AUTHENTICATE"):
                        line.sendall(b"+ \r\n")
                        said.readline()
                        line.sendall(self._answer.replace(b"P", tag, 1))
                        return

    def close(self) -> None:
        self._listener.close()


def test_a_server_that_lets_everybody_wait_is_not_called_wrong(world: World) -> None:
    with contextlib.closing(Hanging()) as hanging:
        config = replace(world.config, imap_port=hanging.port, submission_port=hanging.port)
        findings = list(Doctor(config, world.db, world.vault, patience=0.1).examine())
    assert len(findings) > 50
    assert {finding.verdict for finding in findings} == {Verdict.TOO_SLOW}
    assert all("too slow to tell" in finding.what for finding in findings)


def test_the_command_says_in_its_exit_status_that_it_could_not_tell(world: World) -> None:
    busy = [b"* BYE [UNAVAILABLE] Too many connections\r\n", b"421 4.7.0 Too many connections\r\n"]
    with contextlib.ExitStack() as stack:
        imap, smtp = (stack.enter_context(contextlib.closing(Hanging(greeting))) for greeting in busy)
        there = stack.enter_context(made(replace(world.config, imap_port=imap.port, submission_port=smtp.port)))
        said = there.test_cli_runner().invoke(args=["doctor"])
    assert said.exit_code == os.EX_TEMPFAIL == 75
    assert "WRONG" not in said.output
    assert f"slow   {SUPPORT}  IMAP lets {BEN} in: too slow to tell" in said.output
    assert re.search(r"^(\d+) checks, 0 wrong, \1 too slow to tell\.$", said.output, re.MULTILINE)


def test_the_command_fails_when_something_is_wrong_and_not_when_all_is_well(world: World) -> None:
    with made(world.config) as here:
        said = here.test_cli_runner().invoke(args=["doctor"])
        assert (said.exit_code, " 0 wrong, 0 too slow to tell." in said.output) == (0, True)
    with made(replace(world.config, imap_port=free_ports(1)[0])) as there:
        assert there.test_cli_runner().invoke(args=["doctor"]).exit_code == 1
