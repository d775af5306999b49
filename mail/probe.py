"""Signing in at the mail servers without changing anything: what would they let this credential do?

Through IMAPClient and smtplib, which aren't ours: a fault in our own wire must not vouch for itself.
"""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from mail.errors import MailServerUnavailable
from mail.sasl import Credential

# Seconds of silence after which a server is too slow to tell.
PATIENCE = 10.0
# RFC 5530 §3: a subsystem is down for the moment, which is no answer to what was asked.
_UNAVAILABLE = "[UNAVAILABLE]"


class TooSlow(MailServerUnavailable):
    """The server is there, and what it would have said wasn't said in time: a busy one lets people wait."""


def imap_opens(host: str, port: int, credential: Credential, *, patience: float = PATIENCE) -> bool:
    """Does AUTHENTICATE PLAIN let it in? Raises MailServerUnavailable; TooSlow after `patience` seconds of silence."""
    with _imap(host, port, patience) as server:
        return _authenticated(server, credential)


def imap_login_opens(host: str, port: int, name: str, secret: str, *, patience: float = PATIENCE) -> bool:
    """Does the LOGIN command (RFC 9051 §6.2.3)? Raises MailServerUnavailable, TooSlow."""
    with _imap(host, port, patience) as server:
        try:
            server.login(name, secret)
        except LoginError as error:
            return _refused(error)
        return True


def imap_takes(host: str, port: int, credential: Credential, folder: str, *, patience: float = PATIENCE) -> bool:
    """Would a message be appended to this folder? The server says so before it has the message; then we leave.

    Raises MailServerUnavailable, TooSlow.
    """
    with _imap(host, port, patience) as server:
        if not _authenticated(server, credential):
            return False
        # The library can only send the message along; the connection below it can stop before.
        wire = server._imap
        wire.send(f'probe APPEND "{folder}" {{1}}\r\n'.encode())
        line = b""
        while not line.startswith((b"+", b"probe ")) and (line := wire.readline()):
            pass
        return line.startswith(b"+")


def submission_opens(host: str, port: int, credential: Credential, *, patience: float = PATIENCE) -> bool:
    """Does AUTH PLAIN let it in at submission? Raises MailServerUnavailable, TooSlow."""
    with _smtp(host, port, patience) as server:
        return _auth(server, credential)


def submission_takes(host: str, port: int, credential: Credential, sender: str, *, patience: float = PATIENCE) -> bool:
    """Would it take a message from this sender? Ends after MAIL FROM. Raises MailServerUnavailable, TooSlow."""
    with _smtp(host, port, patience) as server:
        return _auth(server, credential) and _taken(*server.mail(sender))


def _message(credential: Credential) -> bytes:
    """RFC 4616, with no care taken: an empty password is one of the things to try."""
    return f"{credential.authzid}\0{credential.authcid}\0{credential.secret}".encode()


def _authenticated(server: IMAPClient, credential: Credential) -> bool:
    try:
        server.plain_login(credential.authcid, credential.secret, credential.authzid)
    except LoginError as error:
        return _refused(error)
    return True


def _refused(error: LoginError) -> bool:
    """False: the server said no. Raises when it hung up instead, or said that it can't tell now."""
    if isinstance(error.__context__, IMAPClientAbortError):
        raise error.__context__
    if _UNAVAILABLE in str(error):
        raise TooSlow(str(error))
    return False


def _auth(server: smtplib.SMTP, credential: Credential) -> bool:
    try:
        server.ehlo()
        return _taken(*server.auth("PLAIN", lambda _challenge=None: _message(credential).decode()))
    except smtplib.SMTPResponseException as error:
        return _taken(error.smtp_code, error.smtp_error)


def _taken(code: int, text: bytes | str) -> bool:
    """A reply of 400 and more isn't meant for good (RFC 5321 §4.2.1): raises TooSlow."""
    if 400 <= code < 500:
        raise TooSlow(f"{code} {text!r}")
    return code < 400


@contextmanager
def _imap(host: str, port: int, patience: float) -> Iterator[IMAPClient]:
    try:
        server = IMAPClient(host, port, ssl=False, timeout=patience)
    except (OSError, IMAPClientError) as error:
        raise _trouble(f"IMAP at {host}:{port}", error) from error
    try:
        yield server
    except (OSError, IMAPClientAbortError) as error:
        raise _trouble(f"IMAP at {host}:{port}", error) from error
    finally:
        server.shutdown()


@contextmanager
def _smtp(host: str, port: int, patience: float) -> Iterator[smtplib.SMTP]:
    try:
        with smtplib.SMTP(host, port, "localhost", patience) as server:
            yield server
    except OSError as error:
        raise _trouble(f"submission at {host}:{port}", error) from error


def _trouble(where: str, error: Exception) -> MailServerUnavailable:
    """smtplib says that a server hung up when it only ran out of patience, and what it ran into lies behind."""
    late = isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
    busy = _UNAVAILABLE in str(error) or (isinstance(error, smtplib.SMTPConnectError) and error.smtp_code < 500)
    return (TooSlow if late or busy else MailServerUnavailable)(f"{where}: {error}")
