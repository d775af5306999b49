"""Searching the folder in hand."""

from collections.abc import Sequence
from itertools import islice
from typing import Final

from mail.errors import MailServerUnavailable, SearchTooSlow
from mail.imap.answers import esearch, expanded, number
from mail.imap.connection import string
from mail.imap.rows import first_octets
from mail.imap.search import Search, keys
from mail.imap.session import Session, uid_sets
from mail.message import headers
from mail.stream import StreamSlow

SEARCH_SECONDS: Final = 30.0  # the first search of 100,000 messages reads all their headers
_FOUND_LIMIT: Final = 1_000_000
_BARE_LIMIT: Final = 50
_HEADER_OCTETS: Final = 4096


class Searches:
    """What is found in the folder in hand, and by which words."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, search: Search) -> int:
        """How many messages are found; the server remembers which (SEARCHRES, RFC 5182).

        Raises UnsafeText, SearchTooSlow.
        """
        try:
            return number(esearch(self._searched(b"SAVE COUNT", keys(search)), b"COUNT"))
        except MailServerUnavailable as error:
            if isinstance(error.__cause__, StreamSlow):
                raise SearchTooSlow(str(error)) from error
            raise

    def perhaps(self, search: Search, newest: int) -> list[int]:
        """UIDs among the folder's `newest` messages that `find` passed over and whose HTML may spell it otherwise."""
        first = max(1, self._session.connection.exists - newest + 1)
        return self._search([b"%d:*" % first, b"NOT $", *keys(search, as_html=True)])

    def add_to_found(self, uids: Sequence[int]) -> int:
        """How many are found with these among them."""
        (also,) = uid_sets(uids)
        return number(esearch(self._searched(b"SAVE COUNT", [b"OR $ UID", also]), b"COUNT"))

    def search(self, search: Search) -> list[int]:
        """UIDs in ascending order, of up to a million messages. Raises UnsafeText for control characters."""
        return self._search(keys(search))

    def find_answers(self, message_id: str) -> list[int]:
        """UIDs of the messages in the folder in hand that answer the one with this Message-ID."""
        return self._search([b"HEADER", b"In-Reply-To", string(message_id)])

    def find_message_id(self, folder: str, message_id: str, *, bare: bool = False) -> list[int]:
        """UIDs of the messages with this Message-ID (with its angle brackets); takes the folder in hand.

        `bare`: if there are none, of those that have it without brackets, as `headers.message_id` reads them.
        """
        self._session.select(folder)
        found = self._search([b"HEADER", b"Message-ID", string(message_id)])
        if found or not bare:
            return found
        perhaps = set(self._search([b"HEADER", b"Message-ID", string(message_id[1:-1])])[-_BARE_LIMIT:])
        told = first_octets(self._session, perhaps, b"HEADER.FIELDS (MESSAGE-ID)", _HEADER_OCTETS)
        return sorted(
            uid for uid, raw in told if headers.message_id(headers.parse(raw).raw("message-id")) == message_id
        )

    def _search(self, pieces: list[bytes]) -> list[int]:
        """As ranges (ESEARCH, RFC 4731), so that a broad search costs few octets."""
        return sorted(islice(expanded(esearch(self._searched(b"ALL", pieces), b"ALL")), _FOUND_LIMIT))

    def _searched(self, wanted: bytes, pieces: list[bytes]) -> list[list[bytes]]:
        self._session.in_hand()
        command = (b"UID SEARCH RETURN (%s) CHARSET UTF-8" % wanted, *pieces)
        return self._session.connection.run(*command, keep=(b"ESEARCH",), seconds=SEARCH_SECONDS).get(b"ESEARCH")
