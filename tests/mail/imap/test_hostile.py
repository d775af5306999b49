"""A server gone mad gets no more of our memory and time than an honest one."""

import contextlib
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from mail.errors import MailError, MailServerUnavailable, NotPermitted, OutcomeUnknown, ProtocolTrouble, SignInRefused
from mail.imap.client import Imap, connect
from mail.sasl import Credential

CAPABLE = b"[CAPABILITY IMAP4rev1 ESEARCH LIST-EXTENDED LIST-STATUS MOVE PREVIEW SPECIAL-USE UIDPLUS]"
Say = Callable[[socket.socket, bytes, bytes], None]


class Mad:
    """Greets and signs in like anyone; what it answers to other commands is the test's choice."""

    def __init__(self, say: Say, greeting: bytes = b"* OK ready\r\n", sign_in_seconds: float = 0) -> None:
        self._say, self._greeting, self._sign_in_seconds = say, greeting, sign_in_seconds
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def connect(self, timeout: float = 1.0) -> Imap:
        return connect("127.0.0.1", self.port, Credential("ana", "key", "ana"), timeout)

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, client.makefile("rb") as lines:
            client.sendall(self._greeting)
            for line in lines:
                tag, _, command = line.rstrip().partition(b" ")
                if command.startswith(b"AUTHENTICATE"):
                    time.sleep(self._sign_in_seconds)
                    client.sendall(tag + b" OK " + CAPABLE + b" in\r\n")
                elif command.startswith((b"EXAMINE", b"SELECT")):
                    client.sendall(
                        b"* 5 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 6] x\r\n" + tag + b" OK x\r\n"
                    )
                else:
                    self._say(client, tag, command)


@pytest.fixture
def mad() -> Iterator[Callable[..., Mad]]:
    with contextlib.ExitStack() as stack:
        yield lambda *args, **more: stack.enter_context(contextlib.closing(Mad(*args, **more)))


def flood(piece: bytes, times: int) -> Say:
    def say(client: socket.socket, tag: bytes, command: bytes) -> None:
        for _ in range(times // 1000):
            client.sendall(piece * 1000)
        client.sendall(tag + b" OK done\r\n")

    return say


def once(answer: bytes) -> Say:
    return lambda client, tag, command: client.sendall(answer.replace(b"TAG", tag))


def drip(client: socket.socket, tag: bytes, command: bytes) -> None:
    while True:
        client.sendall(b"*")
        time.sleep(0.05)


def hang(client: socket.socket, tag: bytes, command: bytes) -> None:
    threading.Event().wait()  # until the tests are over


@pytest.mark.parametrize(
    "say",
    [
        once(b"* 1 FETCH (UID 1 BODY[1]<0> {4294967296}\r\n" + b"x" * 100),
        once(b"* 1 FETCH (UID 1 BODY[1]<0> {9999999999999999999}\r\n"),
        once(b"* 1 FETCH (UID 1 BODY[1]<0> {60000000}\r\n"),
        flood(b"* 1 EXISTS\r\n", 1_000_000),
        flood(b"* 1 FETCH (UID 1 FLAGS ())\r\n", 1_000_000),
        flood(b"* X\r\n", 1_000_000),
        flood(b"* 1 FETCH (UID 1 BODY[1]<0> {1}\r\nx ", 1_000_000),
        flood(b"x" * 1000, 100_000),
        once(b"what?\r\n"),
        once(b"+ go on\r\n"),
        once(b"TAG BAD no\r\n"),
        once(b"TAG what\r\n"),
        once(b"* 1 FETCH (UID 1 BODY[1]<0> (((\r\nTAG OK x\r\n"),
        once(b"* 1 FETCH (UID x)\r\nTAG OK x\r\n"),
    ],
    ids=lambda _: "",
)
def test_nonsense_and_floods_are_trouble_within_bounds(mad: Callable[..., Mad], say: Say) -> None:
    with contextlib.closing(mad(say).connect(5)) as imap:
        imap.session.select("INBOX")
        tracemalloc.start()
        with pytest.raises((ProtocolTrouble, MailServerUnavailable)):
            imap.messages.part(1, "1")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 32 * 1024 * 1024
        assert imap.session.traffic.received < 3_000_000


@pytest.mark.parametrize("answer", [b"* X\r\n", b'* LIST () "/" a\r\n'])
def test_answers_without_an_end_are_counted(mad: Callable[..., Mad], answer: bytes) -> None:
    with contextlib.closing(mad(flood(answer, 1_000_000)).connect(20)) as imap, pytest.raises(ProtocolTrouble):
        imap.folders.all()


@pytest.mark.parametrize("say", [drip, hang], ids=["drip", "hang"])
def test_a_slow_server_holds_nobody_up(mad: Callable[..., Mad], say: Say) -> None:
    with contextlib.closing(mad(say).connect(0.5)) as imap:
        imap.session.select("INBOX")
        with pytest.raises(MailServerUnavailable):  # of a server that would never have done
            imap.rows.page(1, 5)
        assert not imap.session.usable


def test_a_slow_server_is_not_asked_a_second_time(mad: Callable[..., Mad]) -> None:
    with contextlib.closing(mad(hang).connect(0.5)) as imap:
        imap.session.resume()
        started = time.monotonic()
        with pytest.raises(MailServerUnavailable):
            imap.session.noop()
        assert time.monotonic() - started < 0.9


@pytest.mark.parametrize(
    ("greeting", "error"),
    [
        (b"* BYE full\r\n", MailServerUnavailable),
        (b"* PREAUTH you are root\r\n", ProtocolTrouble),
        (b"SSH-2.0\r\n", ProtocolTrouble),
        (b"", MailServerUnavailable),
        (b"x" * 100, MailServerUnavailable),
    ],
)
def test_a_greeting_that_is_none(mad: Callable[..., Mad], greeting: bytes, error: type[MailError]) -> None:
    with pytest.raises(error):
        mad(hang, greeting=greeting).connect(0.5)


def test_nobody_listening_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(MailServerUnavailable):
        connect("127.0.0.1", port, Credential("ana", "key", "ana"))


def test_a_change_whose_answer_is_lost_has_an_unknown_outcome(mad: Callable[..., Mad]) -> None:
    def lose(client: socket.socket, tag: bytes, command: bytes) -> None:
        client.shutdown(socket.SHUT_RDWR)

    with contextlib.closing(mad(lose).connect()) as imap, pytest.raises(OutcomeUnknown):
        imap.folders.create("New")
    with contextlib.closing(mad(lose).connect()) as imap, pytest.raises(MailServerUnavailable):
        imap.changes.append("INBOX", b"never wanted")
    with contextlib.closing(mad(lose).connect()) as imap, pytest.raises(MailServerUnavailable):
        imap.folders.unseen("INBOX")


def test_answers_about_other_messages_are_not_taken_for_ours(mad: Callable[..., Mad]) -> None:
    answer = b"* 2 FETCH (UID 2 BODY[1]<0> wrong)\r\n* 1 FETCH (FLAGS ())\r\n* 1 FETCH (UID 1 FLAGS ())\r\n"
    with contextlib.closing(mad(once(answer + b"TAG OK x\r\n")).connect()) as imap:
        imap.session.select("INBOX")
        with pytest.raises(MailError) as gone:
            imap.messages.part(1, "1")
        assert gone.value.code == "message_gone"


def test_a_move_that_left_the_message_where_it_was_is_not_believed(mad: Callable[..., Mad]) -> None:
    def copy_only(client: socket.socket, tag: bytes, command: bytes) -> None:
        moved = b"* OK [COPYUID 7 1 9] x\r\n" if b"MOVE" in command else b"* 1 FETCH (UID 1 FLAGS ())\r\n"
        client.sendall(moved + tag + b" OK x\r\n")

    with contextlib.closing(mad(copy_only).connect()) as imap:
        imap.session.select("INBOX", writable=True)
        with pytest.raises(NotPermitted):
            imap.changes.move([1], "Trash")


def test_refusals_carry_their_meaning(mad: Callable[..., Mad]) -> None:
    for code, meaning in (
        (b"OVERQUOTA", "quota_exceeded"),
        (b"UNAVAILABLE", "mail_server_unavailable"),
        (b"X", "mail_error"),
    ):
        with contextlib.closing(mad(once(b"TAG NO [%s] no\r\n" % code)).connect()) as imap:
            with pytest.raises(MailError) as refused:
                imap.folders.create("New")
            assert refused.value.code == meaning
            assert imap.session.usable
    assert not issubclass(SignInRefused, MailServerUnavailable)
