"""Knocking at the doors, raw: what a mail program, or somebody with bad intentions, would say."""

import base64
import imaplib
import smtplib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from core.config import Config
from tests.servers.harness import World, dial_imap
from tests.waiting import PATIENCE

SUPPORT = "support@brand-a.test"
SALES = "sales@brand-b.test"
ANA = "ana@brand-a.test"
BEN = "ben@brand-b.test"
CLEO = "cleo@brand-b.test"
DAN = "dan@brand-a.test"
TESS = "tess@brand-a.test"
EVE = "eve@other.test"
KIM = "kim@customer.test"


def all_refused(*attempts: Callable[[], bool]) -> bool:
    """True when every attempt was made and none got in. Together, because each refusal takes a second by design."""
    with ThreadPoolExecutor(12) as crowd:
        return not any(list(crowd.map(lambda attempt: attempt(), attempts)))


def opens_imap(config: Config, person: str, secret: str, mailbox: str = "", source: str = "127.0.0.1") -> bool:
    """Does AUTHENTICATE PLAIN let them in?"""
    connection = dial_imap(config, source)
    try:
        connection.authenticate("PLAIN", lambda _: f"{mailbox}\0{person}\0{secret}".encode())
    except connection.error:
        return False
    finally:
        connection.shutdown()
    return True


def tell(server: imaplib.IMAP4, command: str) -> bytes:
    """Everything the server says to one command, its tagged line last."""
    server.send(f"told {command}\r\n".encode())
    answer = b""
    while line := server.readline():
        answer += line
        if line.startswith(b"told "):
            break
    return answer


def opens_imap_login(config: Config, person: str, secret: str) -> bool:
    """Does the LOGIN command?"""
    connection = dial_imap(config)
    try:
        connection.login(person, secret)
    except connection.error:
        return False
    finally:
        connection.shutdown()
    return True


@contextmanager
def dial_submission(config: Config, source: str = "127.0.0.1") -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", config.submission_port, "client.test", PATIENCE, (source, 0)) as server:
        server.ehlo()
        yield server


def auth_plain(server: smtplib.SMTP, person: str, secret: str, mailbox: str = "") -> int:
    """The reply code of AUTH PLAIN."""
    response = base64.b64encode(f"{mailbox}\0{person}\0{secret}".encode()).decode()
    return server.docmd("AUTH", f"PLAIN {response}")[0]


def auth_login(server: smtplib.SMTP, person: str, secret: str) -> int:
    """The reply code of AUTH LOGIN."""
    first = server.docmd("AUTH", f"LOGIN {base64.b64encode(person.encode()).decode()}")
    if first[0] != 334:
        return first[0]
    return server.docmd(base64.b64encode(secret.encode()).decode())[0]


def opens_smtp(config: Config, person: str, secret: str, mailbox: str = "", source: str = "127.0.0.1") -> bool:
    with dial_submission(config, source) as server:
        return auth_plain(server, person, secret, mailbox) == 235


def opens_smtp_login(config: Config, person: str, secret: str) -> bool:
    """AUTH LOGIN."""
    with dial_submission(config) as server:
        return auth_login(server, person, secret) == 235


@contextmanager
def signed_in(world: World, person: str, mailbox: str = "") -> Iterator[smtplib.SMTP]:
    """The submission door, opened with a new key of this person."""
    with dial_submission(world.config) as server:
        assert auth_plain(server, person, world.key(person), mailbox) == 235
        yield server


def submit(server: smtplib.SMTP, sender: str, recipients: list[str], message: bytes) -> tuple[int, str]:
    """One transaction with the message's bytes as they are: the first refusal, or the final reply."""
    replies = [server.docmd("MAIL", f"FROM:<{sender}>")]
    replies += [server.docmd("RCPT", f"TO:<{recipient}>") for recipient in recipients if replies[-1][0] == 250]
    refused = [reply for reply in replies if reply[0] >= 400]
    if refused:
        server.rset()
        return refused[0][0], refused[0][1].decode()
    assert server.docmd("DATA")[0] == 354
    server.send(message + b"\r\n.\r\n")
    code, text = server.getreply()
    return code, text.decode()


def letter(author: str = SUPPORT, *extra: str, subject: str = "Hello", body: str = "Good morning.") -> bytes:
    """A small message; `extra` are further header lines."""
    lines = [f"From: {author}", "To: kim@customer.test", f"Subject: {subject}", *extra, "", body, ""]
    return "\r\n".join(lines).encode()
