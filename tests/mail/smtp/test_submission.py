"""A message is sent once, or not at all, or nobody knows; and the three are never mixed up."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from hypothesis import given
from hypothesis import strategies as st

from mail.errors import (
    MailServerUnavailable,
    ProtocolTrouble,
    SignInRefused,
    SubmissionRefused,
    SubmissionUnknown,
    UnsafeText,
)
from mail.sasl import Credential
from mail.smtp.submission import Submission, _on_the_wire
from tests.mail.conftest import letter
from tests.servers.harness import free_ports
from tests.waiting import PATIENCE

ANA = Credential("ana@brand-a.test", "key", "ana@brand-a.test")
KIM, LEO, MIA = "kim@customer.test", "leo@customer.test", "mia@customer.test"


class Policy:
    """A submission server's opinion: refuses what the test tells it to, keeps what it took."""

    def __init__(self) -> None:
        self.refuse: dict[str, str] = {}
        self.taken: list[Envelope] = []
        self.heard: list[str] = []

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.heard.append(hostname)
        return responses

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.refuse.get("MAIL"):
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.refuse.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if answer := self.refuse.get("DATA"):
            return answer
        self.taken.append(envelope)
        return "250 2.0.0 taken as 7"


def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(handled=False, success=data.password == b"key" and data.login == b"ana@brand-a.test")


@pytest.fixture
def policy() -> Policy:
    return Policy()


@pytest.fixture
def submission(policy: Policy) -> Iterator[Submission]:
    port = free_ports(1)[0]
    options: dict[str, Any] = {"authenticator": authenticate, "auth_require_tls": False}
    server = Controller(policy, hostname="127.0.0.1", port=port, decode_data=False, **options)
    server.start()
    yield Submission("127.0.0.1", port, "mail.postroom.test", timeout=PATIENCE)
    server.stop()


def test_kim_gets_the_message_as_it_was_written(submission: Submission, policy: Policy) -> None:
    message = letter("Grüße", "first\r\n.\r\n..dots\r\n.hidden\r\nlast ß\r\n")
    receipt = submission.send(ANA, "ana@brand-a.test", [KIM, LEO, KIM], message)
    assert receipt.accepted == (KIM, LEO)
    assert receipt.reply == "250 2.0.0 taken as 7"
    (taken,) = policy.taken
    assert (taken.mail_from, taken.rcpt_tos, taken.content) == ("ana@brand-a.test", [KIM, LEO], message)
    assert f"SIZE={len(message)}" in taken.mail_options
    assert "BODY=8BITMIME" in taken.mail_options
    assert policy.heard == ["mail.postroom.test"]


def test_a_wrong_key_sends_nothing(submission: Submission, policy: Policy) -> None:
    with pytest.raises(SignInRefused):
        submission.send(Credential("ana@brand-a.test", "old", "ana@brand-a.test"), KIM, [KIM], b"x")
    assert policy.taken == []


@pytest.mark.parametrize("code", [451, 553])
@pytest.mark.parametrize(
    ("stage", "named"),
    [("sender", "ana@brand-a.test"), ("recipients", KIM), ("message", KIM)],
)
def test_a_refusal_says_where_and_whether_later_is_better(
    submission: Submission, policy: Policy, stage: str, named: str, code: int
) -> None:
    policy.refuse[{"sender": "MAIL", "recipients": KIM, "message": "DATA"}[stage]] = f"{code} 5.7.1 no\x1b[2J thanks"
    with pytest.raises(SubmissionRefused) as refused:
        submission.send(ANA, "ana@brand-a.test", [KIM], letter("Hello"))
    assert refused.value.stage == stage
    assert refused.value.recipients == {named: (code, "5.7.1 no [2J thanks")}
    assert refused.value.temporary == (code == 451)
    assert policy.taken == []


def test_one_of_three_is_refused_and_named_and_nobody_gets_it(submission: Submission, policy: Policy) -> None:
    policy.refuse[LEO] = "550 5.1.1 nobody here"
    with pytest.raises(SubmissionRefused) as refused:
        submission.send(ANA, "ana@brand-a.test", [KIM, LEO, MIA], letter("Hello"))
    assert refused.value.recipients == {LEO: (550, "5.1.1 nobody here")}
    assert policy.taken == []


def test_a_server_that_leaves_may_be_tried_again(submission: Submission, policy: Policy) -> None:
    policy.refuse["MAIL"] = "421 4.3.2 closing"
    with pytest.raises(MailServerUnavailable):
        submission.send(ANA, "ana@brand-a.test", [KIM], letter("Hello"))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "kim",
        "kim@",
        "@x",
        "k im@x.test",
        "kim@x.test>\r\nRCPT TO:<eve@x.test",
        "<kim@x.test>",
        "k\u202eim@x.test",
        '"kim> SIZE=1 <eve"@x.test',
        "a@b\0",
        "k" * 900 + "@x.test",
    ],
)
def test_an_address_that_would_bend_the_protocol_is_not_sent(
    submission: Submission, policy: Policy, address: str
) -> None:
    for sender, recipients in ((address, [KIM]), ("küm@x.test", [KIM]), ("ana@brand-a.test", [KIM, address])):
        with pytest.raises(UnsafeText):
            submission.send(ANA, sender, recipients, letter("Hello"))
    assert policy.taken == []
    assert policy.heard == []


def test_odd_addresses_go_over_the_wire_as_it_has_them(
    submission: Submission, policy: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "mail.log")
    odd = ["taro..yama.@docomo.example", '"kim keller"@x.test', "reply+" + "a" * 400 + "@x.test", "jörg@x.test"]
    assert submission.send(ANA, "ana@brand-a.test", odd, letter("Hello")).accepted == tuple(odd)
    (taken,) = policy.taken
    assert taken.rcpt_tos == odd
    assert """RCPT TO:<"taro..yama."@docomo.example>""" in caplog.text
    assert "SMTPUTF8" in taken.mail_options
    submission.send(ANA, "ana@brand-a.test", odd[:3], letter("Hello"))
    assert "SMTPUTF8" not in policy.taken[1].mail_options


def test_a_server_without_smtputf8_is_not_given_jorg(
    submission: Submission, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def without(
        _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [line for line in responses if "SMTPUTF8" not in line]

    monkeypatch.setattr(policy, "handle_EHLO", without)
    with pytest.raises(SubmissionRefused) as refused:
        submission.send(ANA, "ana@brand-a.test", [KIM, "jörg@x.test"], letter("Hello"))
    assert refused.value.recipients == {"jörg@x.test": (553, "5.6.7 SMTPUTF8 is not offered")}
    assert policy.taken == []


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"x", b"\r\n", b"\r\n.\r\n"]), max_size=30).map(b"".join))
def test_no_message_ends_before_its_end(message: bytes) -> None:
    wire = _on_the_wire(message)
    assert b"\r\n.\r\n" not in b"\r\n" + wire
    assert wire.endswith(b"\r\n")
    bare = wire.replace(b"\r\n", b"")
    assert b"\r" not in bare
    assert b"\n" not in bare
    back = b"".join(line.removeprefix(b".") + b"\r\n" for line in wire.split(b"\r\n")[:-1])
    as_lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
    assert back == b"".join(line + b"\r\n" for line in as_lines)


class Rude:
    """Follows SMTP up to one command, then does what the test says."""

    def __init__(self, at: str, act: Callable[[socket.socket], None], confirm_timeout: float = 0.5) -> None:
        self._at, self._act = at, act
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.submission = Submission(
            "127.0.0.1", port, "mail.postroom.test", timeout=0.5, confirm_timeout=confirm_timeout
        )
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            with client, client.makefile("rb") as lines:
                self._reply(client, "greeting", b"220 hi\r\n")
                for line in lines:
                    verb = line.split(b" ")[0].strip().decode()
                    self._reply(client, verb, {"EHLO": b"250 hi\r\n", "AUTH": b"235 in\r\n"}.get(verb, b"250 ok\r\n"))
                    if verb == "DATA":
                        self._read_message(client, lines)

    def _read_message(self, client: socket.socket, lines: Any) -> None:
        for line in lines:
            if line == b".\r\n":
                self._reply(client, "dot", b"250 taken\r\n")
                return

    def _reply(self, client: socket.socket, verb: str, usual: bytes) -> None:
        if verb == self._at:
            self._act(client)
        client.sendall(b"354 go\r\n" if verb == "DATA" else usual)


def hang(client: socket.socket) -> None:
    threading.Event().wait()  # until the tests are over


def leave(client: socket.socket) -> None:
    client.shutdown(socket.SHUT_RDWR)


def drip(client: socket.socket) -> None:
    while True:
        client.sendall(b"2")
        time.sleep(0.02)


def babble(client: socket.socket) -> None:
    for _ in range(1000):
        client.sendall(b"250-more\r\n" * 1000)


def nonsense(client: socket.socket) -> None:
    client.sendall(b"hello?\r\n")


ACTS = [hang, leave, drip, babble, nonsense]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
@pytest.mark.parametrize("at", ["greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
def test_trouble_before_the_final_dot_means_nothing_was_sent(at: str, act: Callable[[socket.socket], None]) -> None:
    with contextlib.closing(Rude(at, act)) as rude, pytest.raises((MailServerUnavailable, ProtocolTrouble)):
        rude.submission.send(ANA, "ana@brand-a.test", [KIM], letter("Hello"))


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_trouble_after_the_final_dot_means_nobody_knows(act: Callable[[socket.socket], None]) -> None:
    with contextlib.closing(Rude("dot", act)) as rude, pytest.raises(SubmissionUnknown):
        rude.submission.send(ANA, "ana@brand-a.test", [KIM], letter("Hello"))


def test_a_server_may_take_longer_to_confirm_than_for_any_other_answer() -> None:
    with contextlib.closing(Rude("dot", lambda _client: time.sleep(1), confirm_timeout=30)) as rude:
        receipt = rude.submission.send(ANA, "ana@brand-a.test", [KIM], letter("Hello"))
    assert receipt.accepted == (KIM,)


def test_nobody_listening_is_said_at_once() -> None:
    with pytest.raises(MailServerUnavailable):
        Submission("127.0.0.1", free_ports(1)[0], "mail.postroom.test").send(ANA, "ana@brand-a.test", [KIM], b"x")


def test_a_message_lost_on_its_way_before_the_dot_may_be_sent_again() -> None:
    def stop_reading(client: socket.socket) -> None:
        client.sendall(b"354 go\r\n")
        client.recv(1000)
        client.shutdown(socket.SHUT_RDWR)

    with contextlib.closing(Rude("DATA", stop_reading)) as rude, pytest.raises(MailServerUnavailable):
        rude.submission.send(ANA, "ana@brand-a.test", [KIM], b"x" * 20_000_000)
