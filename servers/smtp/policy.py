"""What may be sent, and as whom: the one rule of every listener that takes mail from our own people.

Pure: bytes in, a refusal or the message to deliver out. It reads headers as strictly as anybody might, so that no
reader of the message can find another author in it than we did (RFC 5322 §3.6, RFC 6409 §6.1 and §8).
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from mail.message import origin
from mail.message.headers import decode_words
from mail.message.lookalikes import claims_address
from servers.smtp.authors import Unreadable, hosts, named

LARGEST_MESSAGE = 35 * 1024 * 1024
_LONGEST_HEADER_BLOCK = 128 * 1024
_MOST_HEADERS = 1000
_LONGEST_LINE = 998  # RFC 5322 §2.1.1
_MOST_HOPS = 100  # RFC 5321 §6.3

_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_NAME = re.compile(rb"[!-9;-~]+")
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"({_LOCAL})@({_DOMAIN})")
# In front a name, quoted or without what could start, end or separate an address; then the address, and nothing else.
_ONE_AUTHOR = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^<>@,;:()\[\]"\\])*<([^<>]*)>')
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MESSAGE_ID = re.compile(rb"<([^<>]+)>")

# Written by servers on the way, or by programs about the sender's machine: none of it is the message's own.
_NEVER_DELIVERED = frozenset(
    {b"received", b"return-path", b"delivered-to", b"bcc", b"authentication-results"} | {origin.NOTICE.lower().encode()}
)
# All that leaves a shared mailbox, beside Content-…: whatever else a program writes may tell who of the team sat there.
_OF_THE_MAILBOX = frozenset(
    {b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to", b"references"}
    | {b"mime-version", b"auto-submitted"}
)
# A zone tells where somebody sits (RFC 5322 §3.3).
_UTC = re.compile(r".*(?:[+-]0000|GMT|UT)", re.IGNORECASE)


class Refused(Exception):
    """The answer to give: an SMTP reply of one line, fit for the eyes of a person."""

    @property
    def reply(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Header:
    name: bytes  # lower case
    raw: bytes  # as it came, with its CRLF

    @property
    def unfolded(self) -> bytes:
        """The value on one line (RFC 5322 §2.2.3)."""
        return self.raw.partition(b":")[2].replace(b"\r\n", b"").strip(b" \t")

    @property
    def value(self) -> str:
        return self.unfolded.decode("ascii", errors="surrogateescape")


def parse_address(text: str) -> str | None:
    """A plain address in lower case, or None: no quotes, comments, routes or other scripts, and not too long."""
    match = _ADDRESS.fullmatch(text)
    if match is None or len(match[1]) > 64 or len(match[2]) > 253:
        return None
    return text.lower()


def check_lines(data: bytes) -> None:
    """Raises Refused for bare CR or LF (SMTP smuggling: two servers see two ends, RFC 5321 §2.3.8) and for NUL."""
    if _BARE.search(data):
        raise Refused("554 5.6.0 The message has a CR or LF that stands alone; lines must end with CR LF")
    if b"\0" in data:
        raise Refused("554 5.6.0 The message holds a NUL character")


def split(data: bytes) -> tuple[list[Header], bytes]:
    """The headers and the rest (with the empty line in front of the body). Raises Refused for what is no header."""
    block, rest = _header_block(data)
    headers: list[Header] = []
    for line in block.splitlines(keepends=True):
        if len(line) > _LONGEST_LINE + 2:
            raise Refused("554 5.6.0 A header line is longer than 998 characters")
        if line[:1] in (b" ", b"\t"):
            if not headers:
                raise Refused("554 5.6.0 The message starts with a continued line")
            headers[-1] = Header(headers[-1].name, headers[-1].raw + line)
            continue
        name, colon, _ = line.partition(b":")
        # "From :" is a From to some readers and no header to others.
        if not colon or not _NAME.fullmatch(name):
            raise Refused("554 5.6.0 The message has a malformed header line")
        headers.append(Header(name.lower(), line))
    if len(headers) > _MOST_HEADERS:
        raise Refused("554 5.6.0 The message has too many headers")
    return headers, rest


def _header_block(data: bytes) -> tuple[bytes, bytes]:
    if data.startswith(b"\r\n"):
        raise Refused("554 5.6.0 The message has no headers")
    end = data.find(b"\r\n\r\n", 0, _LONGEST_HEADER_BLOCK)
    if end == -1:
        if len(data) >= _LONGEST_HEADER_BLOCK:
            raise Refused("552 5.3.4 The headers are longer than 128 KB")
        return data, b"\r\n"
    return data[: end + 2], data[end + 2 :]


def checked(
    data: bytes,
    mailbox: str,
    is_shared: Callable[[str], bool],
    *,
    team_domains: Collection[str] | None = None,
    added: Sequence[bytes] = (),
) -> bytes:
    """The message as it may be delivered for `mailbox`. Raises Refused.

    Exactly one From with exactly one address, that of the mailbox acted for; no other Sender; nothing resent; and no
    shared mailbox in anybody else's name. A shared mailbox gives `team_domains`, the other domains of its account:
    nothing of the team leaves it. `added` are whole header lines for what a client may leave out: each goes in when
    nothing of that name is kept.
    """
    check_lines(data)
    headers, rest = split(data)
    _check_author(headers, mailbox, is_shared)
    kept = [header for header in headers if not _is_dropped(header.name)]
    if team_domains is not None:
        kept = [_without_ids_of(header, team_domains) for header in kept if _is_of_the_mailbox(header, mailbox)]
    present = {header.name for header in kept}
    missing = [line for line in added if line.partition(b":")[0].lower() not in present]
    return b"".join([*missing, *(header.raw for header in kept), rest])


def _check_author(headers: list[Header], mailbox: str, is_shared: Callable[[str], bool]) -> None:
    authors = [header for header in headers if header.name == b"from"]
    if len(authors) != 1:
        raise Refused(f"550 5.7.1 A message needs exactly one From line, this one has {len(authors)}")
    if single_address(authors[0].value) != mailbox:
        raise Refused(f"553 5.7.1 The From line must be {mailbox} and nobody else")
    senders = [header for header in headers if header.name == b"sender"]
    if any(single_address(header.value) != mailbox for header in senders):
        raise Refused(f"553 5.7.1 The Sender line must be left out, or be {mailbox}")
    if any(header.name.startswith(b"resent-") for header in headers):
        raise Refused("550 5.7.1 Resent- lines are not taken here")
    # Many readers show the name alone: an address in it is an author to the eye.
    for header in (*authors, *senders):
        if claimed := _claimed(decode_words(header.unfolded), mailbox):
            raise Refused(f"553 5.7.1 The name in front of {mailbox} reads like {claimed}: use one without an address")
        if any(is_shared(address) for address in _named(header) - {mailbox}):
            raise Refused("553 5.7.1 The name in front of the address must not be a shared mailbox's address")


def _claimed(line: str, mailbox: str) -> str:
    """The other address that this line shows to the eye, fit for a reply; "" for none."""
    claimed = claims_address(line, mailbox) or ""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in claimed)[:100]


def _named(header: Header, find: Callable[[bytes], set[str]] = named) -> set[str]:
    try:
        return find(header.unfolded)
    except Unreadable as error:
        raise Refused(f"550 5.6.0 The {header.name.decode().title()} line is {error}") from error


def single_address(value: str) -> str | None:
    """The one address of a From or Sender line, or None when there are none, several, or any doubt about it."""
    value = value.strip(" \t")
    if _CONTROLS.search(value):
        return None
    match = _ONE_AUTHOR.fullmatch(value)
    return parse_address(match[1] if match else value)


def _is_dropped(name: bytes) -> bool:
    telling = (b"x-originating-", b"x-forwarded-", b"x-sender", b"x-authenticat")
    return name in _NEVER_DELIVERED or name.startswith(telling)


def _is_of_the_mailbox(header: Header, mailbox: str) -> bool:
    """True for what may leave a shared mailbox: nothing in it names a member, their machine or where they sit."""
    if header.name == b"reply-to":
        return single_address(header.value) == mailbox
    if header.name == b"message-id":
        return header.value.lower().endswith(f"@{mailbox.rpartition('@')[2]}>")
    if header.name == b"date":
        return _UTC.fullmatch(header.value) is not None
    return header.name in _OF_THE_MAILBOX or header.name.startswith(b"content-")


def _without_ids_of(header: Header, domains: Collection[str]) -> Header:
    """A thread without the messages that were written below these domains: their ids name them (RFC 5322 §3.6.4)."""
    if header.name not in (b"in-reply-to", b"references"):
        return header
    ids = [found[0] for found in _MESSAGE_ID.finditer(header.raw) if not _names(found[1], domains)]
    name = header.raw.partition(b":")[0]
    return Header(header.name, name + b": " + b"\r\n ".join(ids) + b"\r\n" if ids else b"")


def _names(message_id: bytes, domains: Collection[str]) -> bool:
    """Whether an id, which may have several at signs and blanks, or none, names a host of theirs."""
    return any(_is_below(word, domains) for word in re.split(rb"[@\s]+", message_id))


def _is_below(host: bytes, domains: Collection[str]) -> bool:
    labels = host.decode("ascii", errors="replace").lower().split(".")
    return any(".".join(labels[at:]) in domains for at in range(len(labels)))


def domains_from_outside(data: bytes, is_shared: Callable[[str], bool]) -> set[str]:
    """The domains of which a stranger's message says to any reader that its author is. Raises Refused.

    Its sender counts where From names nobody, because a reader shows that instead. A shared mailbox sends through its
    members' own sign-in and in no other way, so its address in From or Sender of mail from outside is a forgery. Other
    defects are the reader's to show.
    """
    check_lines(data)
    if data[:1] in (b" ", b"\t"):
        # What is put in front of it would go on in its first line (RFC 5322 section 2.2.3).
        raise Refused("554 5.6.0 The message starts with the rest of a header line")
    lines = [Header(field["name"].lower(), field[0]) for field in origin.fields(data, "From", "Sender", "Received")]
    if sum(line.name == b"received" for line in lines) > _MOST_HOPS:
        raise Refused("554 5.4.6 This message has been going round in circles")
    found: dict[bytes, set[str]] = {b"from": set(), b"sender": set()}
    for name, domains in found.items():
        same = [line for line in lines if line.name == name]
        if len(same) > 1:
            raise Refused(f"550 5.6.0 A message has one {name.decode().title()} line, this one has {len(same)}")
        if any(is_shared(address) for line in same for address in _named(line)):
            raise Refused("550 5.7.1 That sender's mail comes from its own people only, after signing in")
        domains |= {domain for line in same for domain in _named(line, hosts)}
    return found[b"from"] or found[b"sender"]
