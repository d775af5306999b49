"""From an accepted message to mailboxes and the outside.

The client must be able to believe the answer. "No" means that nobody has it and the whole may be sent again; "yes"
means that we answer for all of it, even where one recipient's part failed late:

1. Every next server is asked about every recipient first. One "no" there, and all are given up: nothing went out.
2. The relay is committed to first (one answer for all of its recipients), then the mailboxes (one answer each).
3. Whether the sender may still send is asked once more when all but the final dot is handed over: what took a right
   away before that moment has kept the message back.
4. Once somebody has accepted, the answer is yes. Recipients who said "later" go to the spool, those who said "never"
   or were never answered for are reported to the sender by mail. A client told "no" here would send to all again.
5. Nobody accepted, and somebody may have it (the connection broke after the last dot): no answer at all, so that the
   client knows that it doesn't know.

What waits in the spool goes out only while the person who handed it in may still send from that mailbox.
"""

import contextlib
import logging
from collections.abc import Callable, Mapping

from core.config import Config
from mail.smtp.delivery import WITHDRAWN, Answer, Handover
from servers.smtp.bounce import bounce
from servers.smtp.database_views import Reach, Recipient
from servers.smtp.spool import Spool, Waiting

log = logging.getLogger(__name__)

Answers = Mapping[str, Answer]
_UNKNOWN = "it is not known whether it arrived"
_NO_RELAY = Answer(451, "4.4.0 no relay is configured any more")


class Delivery:
    """Blocking; safe from several threads, each message on its own.

    `may_send(person, mailbox)` is asked whenever a message that waited is about to go out, `is_ours(domain)` where
    the report about one goes.
    """

    def __init__(
        self, config: Config, spool: Spool, may_send: Callable[[str, str], bool], is_ours: Callable[[str], bool]
    ) -> None:
        self._config, self._spool, self._may_send, self._is_ours = config, spool, may_send, is_ours

    def deliver(
        self,
        sender: str,
        recipients: list[Recipient],
        message: bytes,
        person: str = "",
        may_go: Callable[[], bool] = lambda: True,
    ) -> str | None:
        """The SMTP reply; None when nobody can know what became of it.

        `sender` is empty for the null sender, `person` for a stranger. `may_go` is asked at the last moment.
        """
        local = tuple(one.address for one in recipients if one.reach is Reach.LOCAL)
        outside = tuple(one.address for one in recipients if one.reach is Reach.OUTSIDE)
        handovers = self._handovers(local, outside)
        with contextlib.ExitStack() as stack:
            for handover, _ in handovers:
                stack.callback(handover.abandon)
            for handover, addresses in handovers:
                refusal = _first_refusal(_ask(handover, sender, addresses, message))
                if refusal:
                    return refusal
            answers = self._commit(handovers, message, may_go)
        return self._settle(sender, local, answers, message, person)

    def retry(self) -> None:
        """Try what is due in the spool once more. One message in trouble holds up no other."""
        for waiting, message in list(self._spool.due()):
            try:
                self._retry_one(waiting, message)
            except Exception:
                log.exception("not tried", extra={"key": waiting.key})

    def _handovers(self, local: tuple[str, ...], outside: tuple[str, ...]) -> list[tuple[Handover, tuple[str, ...]]]:
        name = self._config.mail_hostname
        found = []
        if outside:
            host, _, port = self._config.relay.rpartition(":")
            found.append((Handover.to_relay(host.strip("[]"), int(port), name), outside))
        if local:
            socket_path = self._config.lmtp_socket.resolve()
            found.append((Handover.to_mailboxes(socket_path, name), local))
        return found

    def _commit(
        self, handovers: list[tuple[Handover, tuple[str, ...]]], message: bytes, may_go: Callable[[], bool]
    ) -> dict[str, Answer]:
        answers: dict[str, Answer] = {}
        for number, (handover, addresses) in enumerate(handovers):
            # Once the relay has it, it has gone, and the mailboxes get it, too.
            answers |= handover.commit(message, may_go) if number == 0 else handover.commit(message)
            nothing_yet = not any(answer.accepted for answer in answers.values())
            if nothing_yet and number + 1 < len(handovers):
                # The relay took nothing: the mailboxes must not have what the client is told to send again.
                untried = [address for _, others in handovers[number + 1 :] for address in others]
                return answers | dict.fromkeys(untried, answers[addresses[0]])
        return answers

    def _settle(self, sender: str, local: tuple[str, ...], answers: Answers, message: bytes, person: str) -> str | None:
        if not any(answer.accepted for answer in answers.values()):
            if any(answer.unknown for answer in answers.values()):
                return None
            return _first_refusal(answers)
        later = [address for address, answer in answers.items() if answer.temporary]
        if later:
            mine, others = [a for a in later if a in local], [a for a in later if a not in local]
            try:
                self._spool.keep(sender, mine, others, message, person)
            except OSError:  # whoever has it has it: the others are reported, like those who said no
                log.exception("not kept for a later try", extra={"sender": sender, "recipients": later})
                later = []
        failed = {a: answer for a, answer in answers.items() if not answer.accepted and a not in later}
        self._report(sender, failed, message, waiting=bool(later))
        return "250 2.0.0 OK, delivered" if not later else "250 2.0.0 OK, delivered to some and queued for the rest"

    def _retry_one(self, waiting: Waiting, message: bytes) -> None:
        def may_go() -> bool:
            return not waiting.person or self._may_send(waiting.person, waiting.sender)

        if not may_go():
            self._report(waiting.sender, dict.fromkeys((*waiting.local, *waiting.outside), WITHDRAWN), message)
            self._spool.done(waiting)
            return
        answers: dict[str, Answer] = {}
        outside = waiting.outside
        if outside and not self._config.relay:
            answers, outside = dict.fromkeys(outside, _NO_RELAY), ()
        for handover, addresses in self._handovers(waiting.local, outside):
            answers |= _ask(handover, waiting.sender, addresses, message)
            answers |= handover.commit(message, may_go)
            handover.abandon()
        later = [address for address, answer in answers.items() if answer.temporary]
        kept = bool(later) and self._wait_on(waiting, later)
        failed = {a: answer for a, answer in answers.items() if not answer.accepted and not (kept and a in later)}
        self._report(waiting.sender, failed, message, waiting=kept)
        if not kept:
            self._spool.done(waiting)

    def _wait_on(self, waiting: Waiting, later: list[str]) -> bool:
        """False when it was tried often enough, or can't be noted: others have it by now, and mustn't get it twice."""
        mine, others = [a for a in later if a in waiting.local], [a for a in later if a in waiting.outside]
        try:
            return self._spool.try_later(waiting, mine, others)
        except OSError:
            log.exception("not noted for a later try", extra={"key": waiting.key})
            return False

    def _report(self, sender: str, failed: Answers, message: bytes, *, waiting: bool = False) -> None:
        """Tell the sender by mail, now or later, who did not get it. A bounce is never bounced (RFC 5321 §4.5.5)."""
        if not failed:
            return
        log.warning("not delivered", extra={"sender": sender, "recipients": list(failed)})
        if not sender:
            return
        reasons = {a: _UNKNOWN if answer.unknown else f"{answer.code} {answer.text}" for a, answer in failed.items()}
        note = bounce(sender, reasons, message, self._config.mail_hostname, waiting=waiting)
        local, outside = ((sender,), ()) if self._is_ours(sender.rpartition("@")[2]) else ((), (sender,))
        if outside and not self._config.relay:
            log.warning("nobody to carry the report", extra={"sender": sender})
            return
        (handover, addresses) = self._handovers(local, outside)[0]
        answers = {**_ask(handover, "", addresses, note), **handover.commit(note)}
        handover.abandon()
        if answers[sender].temporary:
            try:
                self._spool.keep("", local, outside, note)
            except OSError:
                log.exception("the report is lost", extra={"sender": sender})


def _ask(handover: Handover, sender: str, recipients: tuple[str, ...], message: bytes) -> Answers:
    head = message[: message.find(b"\r\n\r\n")]
    return handover.ask(sender, recipients, is_international=not head.isascii())


def _first_refusal(answers: Answers) -> str | None:
    """One reply for the whole: a lasting reason before a passing one, with the address it is about."""
    refused = [(answer, address) for address, answer in answers.items() if not answer.accepted]
    if not refused:
        return None
    answer, address = max(refused, key=lambda pair: pair[0].code >= 500)
    if answer.code >= 500:
        return f"554 5.0.0 <{address}> refused, nothing was sent: {_plain(answer.text)}"
    return f"451 4.3.0 <{address}> can't take it now, nothing was sent: {_plain(answer.text)}"


def _plain(text: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in text)[:300]
