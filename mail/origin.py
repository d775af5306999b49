"""Whether mail that names somebody of ours came from inside: written down by the servers that took it, RFC 8601.

A server that takes mail from strangers writes what it found out on top, under its own name, and takes away whatever
claims to be written by it (§5): so what stands there can be believed. Where there is nothing of ours, mail came in by
signing in, or lay in the mailbox before; nothing is said of it.
"""

import re
from collections.abc import Iterator
from typing import Final

# For the list: short, and on the few messages alone that need it.
NOTICE: Final = "Postroom-Notice"
NOT_FROM_INSIDE: Final = "not-from-inside"
RESULTS: Final = "Authentication-Results"
_SAYS_SO: Final = re.compile(rb"\bnot-from-inside\b", re.IGNORECASE)
_COMMENT: Final = re.compile(r"\([^()]*\)")


def fields(message: bytes, *names: str) -> Iterator[re.Match[bytes]]:
    """Every header field of these names, however it is written, as anybody might read it: groups `name` and `value`.

    Up to the first empty line, whatever else stands there is no field and ends nothing. Linear.
    """
    wanted = "|".join(names).encode()
    end = 0 if message.startswith(b"\r\n") else message.find(b"\r\n\r\n")
    pattern = rb"^(?P<name>%b)[ \t]*:(?P<value>[^\r\n]*(?:\r\n[ \t][^\r\n]*)*)(?:\r\n|\Z)" % wanted
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE).finditer(
        message, 0, len(message) if end < 0 else end + 2 if end else 0
    )


def from_outside(message: bytes, authserv_id: str, *, claims_ours: bool) -> bytes:
    """The message as it came from a stranger, with our word on top and without anybody else's in our name.

    `claims_ours`: its author is said to be somebody here. Nothing proves that as long as no method (DKIM, SPF) is
    looked at; a result that does will be written in the place of "none", and then there is no notice.
    """
    kept, at = [], 0
    for field in fields(message, NOTICE, RESULTS):
        if field["name"].lower() == NOTICE.lower().encode() or _is_by(field["value"], authserv_id):
            kept.append(message[at : field.start()])
            at = field.end()
    word = f"{RESULTS}: {authserv_id}; none\r\n"
    if claims_ours:
        word += f"{NOTICE}: {NOT_FROM_INSIDE}\r\n"
    return b"".join([word.encode("ascii"), *kept, message[at:]])


def is_noticed(value: bytes) -> bool:
    """Whether this value of the notice says that the message didn't come from inside."""
    return _SAYS_SO.search(value) is not None


def _is_by(value: bytes, authserv_id: str) -> bool:
    """Whether results are given out for those of this server: more than one way to write its name counts."""
    text = re.sub(r'[\s"\\]+', "", value.decode("latin-1")).lower()
    while (shorter := _COMMENT.sub("", text, count=100)) != text and len(text) < 8_192:
        text = shorter
    return authserv_id.lower() in text.partition(";")[0] or authserv_id.lower() in text[: text.find("=")]
