"""What the sender is told, and who has the message, when the next server fails half-way."""

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.config import Config
from servers.smtp.database_views import Reach, Recipient
from servers.smtp.delivery import Delivery
from servers.smtp.spool import Spool
from tests.servers.harness import free_ports
from tests.servers.raw_clients import letter
from tests.servers.smtp.lmtp_script import HANG_UP, ScriptedServer

SENDER = "support@brand-a.test"
KIM = Recipient("kim@customer.test", Reach.LOCAL)
ANA = Recipient("ana@brand-a.test", Reach.LOCAL)
DAN = Recipient("dan@brand-a.test", Reach.LOCAL)
FRIEND = Recipient("friend@outside.example", Reach.OUTSIDE)
MESSAGE = letter(body=".starts with a dot\r\n..and two")
LATER, NEVER = "451 4.2.0 busy", "552 5.2.2 full"


def is_ours(domain: str) -> bool:
    return domain.endswith(".test")


class Post:
    """A delivery in front of scripted servers, and a clock to move."""

    def __init__(self, directory: Path, relay_port: int) -> None:
        self.config = Config.from_env({"DATA_DIR": str(directory), "SMTP_RELAY": f"127.0.0.1:{relay_port}"})
        self.config.lmtp_socket.parent.mkdir(parents=True)
        self.now = 1000.0
        self.spool = Spool(directory / "spool", lambda: self.now)
        self.members = {"ana@brand-a.test"}
        self.delivery = Delivery(self.config, self.spool, lambda person, _mailbox: person in self.members, is_ours)
        self.relay_port = relay_port

    def mailboxes(self, **replies: Any) -> ScriptedServer:
        self.config.lmtp_socket.unlink(missing_ok=True)
        return ScriptedServer(self.config.lmtp_socket, **replies)

    def relay(self, **replies: Any) -> ScriptedServer:
        return ScriptedServer(self.relay_port, **replies)

    def waiting(self) -> set[str]:
        """Who is still waited for, however far away the next try is."""
        self.now += 10**7
        found = {address for one, _ in self.spool.due() for address in (*one.local, *one.outside)}
        self.now -= 10**7
        return found


@pytest.fixture
def post(tmp_path_factory: pytest.TempPathFactory) -> Post:
    return Post(tmp_path_factory.mktemp("p"), free_ports(1)[0])


def reached(server: ScriptedServer) -> list[str]:
    return [address for address, _ in server.taken]


def test_everybody_gets_the_very_bytes(post: Post) -> None:
    with post.mailboxes() as mailboxes:
        reply = post.delivery.deliver(SENDER, [KIM, ANA], MESSAGE)
    assert reply == "250 2.0.0 OK, delivered"
    assert [address for address, _ in mailboxes.taken] == [KIM.address, ANA.address]
    assert mailboxes.taken[0][1].replace(b"\r\n..", b"\r\n.") == MESSAGE


@pytest.mark.parametrize(("no", "code"), [(LATER, "451"), (NEVER, "554")])
def test_one_refusal_before_the_message_and_nobody_has_it(post: Post, no: str, code: str) -> None:
    with post.mailboxes(rcpt={ANA.address: no}) as mailboxes:
        reply = post.delivery.deliver(SENDER, [KIM, ANA], MESSAGE)
    assert reply is not None
    assert reply.startswith(code)
    assert ANA.address in reply
    assert mailboxes.taken == []


def test_without_the_next_server_nothing_is_lost_and_all_may_be_sent_again(post: Post) -> None:
    reply = post.delivery.deliver(SENDER, [KIM], MESSAGE)
    assert reply is not None
    assert reply.startswith("451")
    assert post.waiting() == set()


@pytest.mark.parametrize(("no", "code"), [(LATER, "451"), (NEVER, "554")])
def test_when_all_refuse_the_message_the_sender_is_told_no(post: Post, no: str, code: str) -> None:
    with post.mailboxes(data={KIM.address: no, ANA.address: no}):
        reply = post.delivery.deliver(SENDER, [KIM, ANA], MESSAGE)
    assert reply is not None
    assert reply.startswith(code)
    assert post.waiting() == set()


def test_one_who_can_take_it_later_gets_it_later_and_the_others_once(post: Post) -> None:
    with post.mailboxes(data={ANA.address: LATER}) as mailboxes:
        reply = post.delivery.deliver(SENDER, [KIM, ANA], MESSAGE)
        assert reply is not None
        assert reply.startswith("250")
        assert post.waiting() == {ANA.address}
        post.delivery.retry()  # not due yet
        assert reached(mailboxes) == [KIM.address]
        mailboxes.data.clear()
        post.now += 31
        post.delivery.retry()
        assert reached(mailboxes) == [KIM.address, ANA.address]
        assert post.waiting() == set()


def test_what_waits_goes_out_while_who_wrote_it_may_still_send(post: Post) -> None:
    with post.mailboxes(data={KIM.address: LATER}) as mailboxes:
        post.delivery.deliver(SENDER, [KIM, DAN], MESSAGE, person=ANA.address)
        post.now += 31
        post.delivery.retry()  # busy still: who wrote it is remembered for the next time
        mailboxes.data.clear()
        post.now += 121
        post.delivery.retry()
        assert reached(mailboxes) == [DAN.address, KIM.address]


@pytest.mark.parametrize("busy_for", [0, 1])
def test_what_waits_is_taken_back_once_who_wrote_it_may_not_send_any_more(post: Post, busy_for: int) -> None:
    with post.mailboxes(data={KIM.address: LATER}) as mailboxes:
        post.delivery.deliver(SENDER, [KIM, DAN], MESSAGE, person=ANA.address)
        for _ in range(busy_for):
            post.now += 31
            post.delivery.retry()
        mailboxes.data.clear()
        post.members.clear()
        post.now += 121
        post.delivery.retry()
        # The team is told who hasn't got it; the customer gets nothing.
        assert reached(mailboxes) == [DAN.address, SENDER]
        assert b"may not send from this mailbox any more" in mailboxes.taken[1][1]
        assert KIM.address.encode() in mailboxes.taken[1][1]
        assert post.waiting() == set()


def test_one_who_never_can_is_reported_to_the_sender(post: Post) -> None:
    with post.mailboxes(data={ANA.address: NEVER}) as mailboxes:
        reply = post.delivery.deliver(SENDER, [KIM, ANA], MESSAGE)
    assert reply is not None
    assert reply.startswith("250")
    assert reached(mailboxes) == [KIM.address, SENDER]
    note = mailboxes.taken[1][1]
    assert ANA.address.encode() in note
    assert b"552 5.2.2 full" in note
    assert b"Auto-Submitted: auto-replied" in note


def test_a_bounce_is_not_bounced(post: Post) -> None:
    with post.mailboxes(data={ANA.address: NEVER}) as mailboxes:
        assert post.delivery.deliver("", [KIM, ANA], MESSAGE) is not None
    assert reached(mailboxes) == [KIM.address]


def test_after_the_last_try_the_sender_is_told(post: Post) -> None:
    with post.mailboxes(data={ANA.address: LATER}) as mailboxes:
        post.delivery.deliver(SENDER, [KIM, ANA], MESSAGE)
        for _ in range(10):
            post.now += 86_401
            post.delivery.retry()
        assert reached(mailboxes) == [KIM.address, SENDER]
        assert post.waiting() == set()


def test_a_connection_lost_after_the_message_is_no_answer(post: Post) -> None:
    with post.mailboxes(data={KIM.address: HANG_UP}):
        assert post.delivery.deliver(SENDER, [KIM], MESSAGE) is None
    assert post.waiting() == set()


def test_lost_after_one_had_it_the_other_is_reported_and_never_tried_twice(post: Post) -> None:
    with post.mailboxes(data={ANA.address: HANG_UP}) as mailboxes:
        reply = post.delivery.deliver(SENDER, [KIM, ANA], MESSAGE)
    assert reply is not None
    assert reply.startswith("250")
    assert reached(mailboxes) == [KIM.address, SENDER]
    assert b"not known whether" in mailboxes.taken[1][1]
    assert post.waiting() == set()


def test_mail_for_outside_goes_to_the_relay_and_the_rest_to_the_mailboxes(post: Post) -> None:
    with post.mailboxes() as mailboxes, post.relay() as relay:
        assert post.delivery.deliver(SENDER, [KIM, FRIEND], MESSAGE) == "250 2.0.0 OK, delivered"
    assert reached(mailboxes) == [KIM.address]
    assert reached(relay) == [FRIEND.address]


@pytest.mark.parametrize("fault", [{"rcpt": {FRIEND.address: LATER}}, {"data": {FRIEND.address: LATER}}])
def test_when_the_relay_says_no_the_mailboxes_have_nothing_either(post: Post, fault: dict[str, dict[str, str]]) -> None:
    with post.mailboxes() as mailboxes, post.relay(**fault) as relay:
        reply = post.delivery.deliver(SENDER, [KIM, FRIEND], MESSAGE)
    assert reply is not None
    assert reply.startswith("451")
    assert mailboxes.taken == []
    assert relay.taken == []


def test_when_the_mailbox_fails_after_the_relay_had_it_the_mailbox_is_tried_again(post: Post) -> None:
    with post.mailboxes(data={KIM.address: LATER}) as mailboxes, post.relay() as relay:
        reply = post.delivery.deliver(SENDER, [KIM, FRIEND], MESSAGE)
        assert reply is not None
        assert reply.startswith("250")
        mailboxes.data.clear()
        post.now += 31
        post.delivery.retry()
    assert reached(mailboxes) == [KIM.address]
    assert reached(relay) == [FRIEND.address]


@pytest.mark.parametrize(("busy", "ready"), [(KIM, ANA), (ANA, KIM)])
def test_when_it_is_tried_again_who_is_still_busy_waits_on_and_the_other_has_it(
    post: Post, busy: Recipient, ready: Recipient
) -> None:
    with post.mailboxes(data={ANA.address: LATER, KIM.address: LATER}) as mailboxes:
        post.delivery.deliver(SENDER, [DAN, KIM, ANA], MESSAGE)
        mailboxes.data.clear()
        mailboxes.rcpt[busy.address] = LATER
        post.now += 31
        post.delivery.retry()
        assert reached(mailboxes) == [DAN.address, ready.address]
        assert post.waiting() == {busy.address}
        mailboxes.rcpt.clear()
        post.now += 121
        post.delivery.retry()
        assert reached(mailboxes) == [DAN.address, ready.address, busy.address]
        assert post.waiting() == set()


def test_without_room_for_the_spool_who_has_not_got_it_is_reported(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with post.mailboxes(data={ANA.address: LATER}) as mailboxes:
        assert post.delivery.deliver(SENDER, [KIM, ANA], MESSAGE) == "250 2.0.0 OK, delivered"
        assert reached(mailboxes) == [KIM.address, SENDER]
        assert ANA.address.encode() in mailboxes.taken[1][1]
        assert b"Everybody else got it." in mailboxes.taken[1][1]
    assert list((post.config.data_dir / "spool").iterdir()) == []


def test_a_try_that_cannot_be_noted_is_the_last_one(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    with post.mailboxes(data={ANA.address: LATER, KIM.address: LATER}) as mailboxes:
        post.delivery.deliver(SENDER, [DAN, KIM, ANA], MESSAGE)
        del mailboxes.data[KIM.address]
        post.now += 31
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
            post.delivery.retry()
        post.now += 10**6
        post.delivery.retry()
        assert reached(mailboxes) == [DAN.address, KIM.address, SENDER]
        assert ANA.address.encode() in mailboxes.taken[2][1]


def test_one_note_that_cannot_be_read_holds_up_no_other(post: Post) -> None:
    spool = post.config.data_dir / "spool"
    with post.mailboxes(data={ANA.address: LATER}) as mailboxes:
        post.delivery.deliver(SENDER, [KIM, ANA], MESSAGE)
        for name, text in (("0-empty", ""), ("0-list", "[]"), ("0-lost", (next(spool.glob("*.json"))).read_text())):
            (spool / f"{name}.json").write_text(text.replace('"key": "', '"key": "lost'))
        mailboxes.data.clear()
        post.now += 31
        post.delivery.retry()
        assert reached(mailboxes) == [KIM.address, ANA.address]
    assert sorted(path.name for path in spool.iterdir()) == [
        f"0-{name}.unreadable" for name in ("empty", "list", "lost")
    ]


def test_a_message_that_cannot_be_read_for_a_while_waits_on_and_holds_up_no_other(post: Post) -> None:
    with post.mailboxes(data={ANA.address: LATER}) as mailboxes:
        post.delivery.deliver(SENDER, [KIM, ANA], MESSAGE)
        (kept,) = (post.config.data_dir / "spool").glob("*.eml")
        away = kept.rename(kept.with_suffix(".away"))
        kept.mkdir()  # the disk gives an error, and nothing else is wrong
        post.now += 1
        post.delivery.deliver(SENDER, [DAN, ANA], MESSAGE)
        mailboxes.data.clear()
        post.now += 31
        post.delivery.retry()
        assert reached(mailboxes) == [KIM.address, DAN.address, ANA.address]
        kept.rmdir()
        away.rename(kept)
        post.delivery.retry()
        assert reached(mailboxes) == [KIM.address, DAN.address, ANA.address, ANA.address]


def test_without_the_relay_what_waits_for_outside_waits_on_and_the_rest_goes(post: Post) -> None:
    post.spool.keep(SENDER, [], [FRIEND.address], MESSAGE)
    post.spool.keep(SENDER, [ANA.address], [], MESSAGE)
    post.delivery = Delivery(replace(post.config, relay=""), post.spool, lambda *_: True, is_ours)
    with post.mailboxes() as mailboxes:
        post.now += 31
        post.delivery.retry()
        assert reached(mailboxes) == [ANA.address]
    assert post.waiting() == {FRIEND.address}


def test_the_report_itself_waits_while_its_reader_can_take_no_mail(post: Post) -> None:
    with post.mailboxes(data={ANA.address: NEVER, SENDER: LATER}) as mailboxes:
        post.delivery.deliver(SENDER, [KIM, ANA], MESSAGE)
        assert reached(mailboxes) == [KIM.address]
        assert post.waiting() == {SENDER}
        mailboxes.data.clear()
        post.now += 31
        post.delivery.retry()
        assert reached(mailboxes) == [KIM.address, SENDER]
        assert ANA.address.encode() in mailboxes.taken[1][1]
        assert post.waiting() == set()


def test_a_report_nobody_ever_takes_ends(post: Post) -> None:
    with post.mailboxes(data={ANA.address: NEVER, SENDER: LATER}) as mailboxes:
        post.delivery.deliver(SENDER, [KIM, ANA], MESSAGE)
        for _ in range(10):
            post.now += 86_401
            post.delivery.retry()
        assert post.waiting() == set()
        assert reached(mailboxes) == [KIM.address]


def test_the_report_says_when_others_are_still_tried(post: Post) -> None:
    with post.mailboxes(data={ANA.address: LATER, KIM.address: NEVER}) as mailboxes:
        post.delivery.deliver(SENDER, [DAN, KIM, ANA], MESSAGE)
        assert b"For others it is tried again." in mailboxes.taken[1][1]


@pytest.mark.parametrize("sender", ["taro..yama.", "SRS0=ab=cd=outside.example=" + "j" * 80, "jörg"])
def test_a_stranger_is_told_by_the_relay_who_did_not_get_it(post: Post, sender: str) -> None:
    sender = f"{sender}@docomo.example"
    with post.mailboxes(data={ANA.address: NEVER}) as mailboxes, post.relay(extensions=["SMTPUTF8"]) as relay:
        assert post.delivery.deliver(sender, [KIM, ANA], MESSAGE) == "250 2.0.0 OK, delivered"
    assert reached(mailboxes) == [KIM.address]
    ((reader, note),) = relay.taken
    assert reader == sender
    assert f"To: <{sender}>\r\n".encode() in note
    assert relay.senders == [f"MAIL FROM:<>{'' if sender.isascii() else ' SMTPUTF8'}"]
    assert (b"\r\nContent-Type: message/global-delivery-status\r\n" in note) is not sender.isascii()
    assert b"\n\n" not in note
    assert post.waiting() == set()


def test_without_a_relay_a_strangers_report_ends_here(post: Post) -> None:
    post.delivery = Delivery(replace(post.config, relay=""), post.spool, lambda *_: True, is_ours)
    with post.mailboxes(data={ANA.address: NEVER}) as mailboxes:
        assert post.delivery.deliver("stranger@outside.example", [KIM, ANA], MESSAGE) == "250 2.0.0 OK, delivered"
    assert reached(mailboxes) == [KIM.address]
    assert post.waiting() == set()


@pytest.mark.parametrize(
    ("recipient", "message"),
    [("jörg@outside.example", MESSAGE), (FRIEND.address, letter(subject="Grüße"))],
)
def test_beyond_ascii_only_goes_where_it_is_understood(post: Post, recipient: str, message: bytes) -> None:
    to = [KIM, Recipient(recipient, Reach.OUTSIDE)]
    with post.mailboxes() as mailboxes:
        with post.relay() as relay:
            reply = post.delivery.deliver(SENDER, to, message)
            assert reply is not None
            assert reply.startswith("554")
            assert "5.6.7 the next mail server takes no" in reply
            assert mailboxes.taken == relay.taken == []
        with post.relay(extensions=["8BITMIME", "SMTPUTF8"]) as relay:
            assert post.delivery.deliver(SENDER, to, message) == "250 2.0.0 OK, delivered"
            assert relay.senders[-1] == f"MAIL FROM:<{SENDER}> SMTPUTF8"
    assert reached(relay) == [recipient]
    assert reached(mailboxes) == [KIM.address]


@pytest.mark.parametrize("recipients", [[KIM], [FRIEND], [KIM, FRIEND]])
def test_who_is_removed_while_the_message_is_handed_over_has_kept_it_back(
    post: Post, recipients: list[Recipient]
) -> None:
    may_send = True

    def remove() -> None:
        nonlocal may_send
        may_send = False

    with post.mailboxes(at_data=remove) as mailboxes, post.relay(at_data=remove) as relay:
        reply = post.delivery.deliver(SENDER, recipients, MESSAGE, ANA.address, lambda: may_send)
    assert reply is not None
    assert reply.startswith("554")
    assert "may not send from this mailbox any more" in reply
    assert mailboxes.taken == relay.taken == []
    assert post.waiting() == set()


def test_who_is_removed_when_the_relay_has_it_has_sent_it_to_all(post: Post) -> None:
    may_send = True

    def remove() -> None:
        nonlocal may_send
        may_send = False

    with post.mailboxes(at_data=remove) as mailboxes, post.relay() as relay:
        assert post.delivery.deliver(SENDER, [KIM, FRIEND], MESSAGE, ANA.address, lambda: may_send) is not None
    assert reached(mailboxes) == [KIM.address]
    assert reached(relay) == [FRIEND.address]


def test_what_waits_is_kept_back_until_the_last_moment_as_well(post: Post) -> None:
    with post.mailboxes(data={KIM.address: LATER}) as mailboxes:
        post.delivery.deliver(SENDER, [KIM, DAN], MESSAGE, person=ANA.address)
    post.now += 31
    with post.mailboxes(at_data=post.members.clear) as mailboxes:
        post.delivery.retry()
        assert reached(mailboxes) == [SENDER]
        assert b"may not send from this mailbox any more" in mailboxes.taken[0][1]
