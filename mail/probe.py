"""Knocking at the doors of the mail servers without changing anything: what would they let this credential do?

Through IMAPClient and smtplib, which aren't ours: a fault in our own wire must not vouch for itself.
"""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from mail.errors import MailServerUnavailable
from mail.sasl import Credential

_SECONDS = 10.0


def imap_opens(host: str, port: int, credential: Credential) -> bool:
    """Does AUTHENTICATE PLAIN let it in? Raises MailServerUnavailable."""
    with _imap(host, port) as server:
        return _authenticated(server, credential)


def imap_login_opens(host: str, port: int, name: str, secret: str) -> bool:
    """Does the LOGIN command (RFC 9051 §6.2.3)? Raises MailServerUnavailable."""
    with _imap(host, port) as server:
        try:
            server.login(name, secret)
        except LoginError:
            return False
        return True


def imap_takes(host: str, port: int, credential: Credential, folder: str) -> bool:
    """Would a message be appended to this folder? The server says so before it has the message; then we leave.

    Raises MailServerUnavailable.
    """
    with _imap(host, port) as server:
        if not _authenticated(server, credential):
            return False
        # The library can only send the message along; the connection below it can stop before.
        wire = server._imap
        wire.send(f'probe APPEND "{folder}" {{1}}\r\n'.encode())
        line = b""
        while not line.startswith((b"+", b"probe ")) and (line := wire.readline()):
            pass
        return line.startswith(b"+")


def submission_opens(host: str, port: int, credential: Credential) -> bool:
    """Does AUTH PLAIN let it in at the submission door? Raises MailServerUnavailable."""
    with _smtp(host, port) as server:
        return _auth(server, credential)


def submission_takes(host: str, port: int, credential: Credential, sender: str) -> bool:
    """Would it take a message from this sender? Ends after MAIL FROM. Raises MailServerUnavailable."""
    with _smtp(host, port) as server:
        return _auth(server, credential) and server.mail(sender)[0] == 250


def _message(credential: Credential) -> bytes:
    """RFC 4616, with no care taken: an empty password is one of the things to try."""
    return f"{credential.authzid}\0{credential.authcid}\0{credential.secret}".encode()


def _authenticated(server: IMAPClient, credential: Credential) -> bool:
    try:
        server.plain_login(credential.authcid, credential.secret, credential.authzid)
    except LoginError:
        return False
    return True


def _auth(server: smtplib.SMTP, credential: Credential) -> bool:
    try:
        server.ehlo()
        server.auth("PLAIN", lambda _challenge=None: _message(credential).decode())
    except smtplib.SMTPResponseException:
        return False
    return True


@contextmanager
def _imap(host: str, port: int) -> Iterator[IMAPClient]:
    try:
        server = IMAPClient(host, port, ssl=False, timeout=_SECONDS)
    except (OSError, IMAPClientError) as error:
        raise MailServerUnavailable(f"IMAP at {host}:{port}: {error}") from error
    try:
        yield server
    except (OSError, IMAPClientAbortError) as error:
        raise MailServerUnavailable(f"IMAP at {host}:{port}: {error}") from error
    finally:
        server.shutdown()


@contextmanager
def _smtp(host: str, port: int) -> Iterator[smtplib.SMTP]:
    try:
        with smtplib.SMTP(host, port, "localhost", _SECONDS) as server:
            yield server
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        raise MailServerUnavailable(f"submission at {host}:{port}: {error}") from error
