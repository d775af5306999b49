"""Whether mail that names somebody of ours came from inside: written down by the servers that took it, RFC 8601.

A server that takes mail from strangers writes what it found out on top, under its own name, and takes away whatever
claims to be written by it (§5): so what stands there can be believed. Where there is nothing of ours, mail came in by
signing in, or lay in the mailbox before; nothing is said of it.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

# For the list: short, and on the few messages alone that need it.
NOTICE: Final = "Postroom-Notice"
NOT_FROM_INSIDE: Final = "not-from-inside"
RESULTS: Final = "Authentication-Results"
# Domains named, so that they fit on one line; who claims more of them at once is nobody's colleague.
MAX_DOMAINS: Final = 3
_SAYS_SO: Final = re.compile(rb"\bnot-from-inside\b(.*)", re.IGNORECASE | re.DOTALL)
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


def from_outside(message: bytes, authserv_id: str, *, claimed: Collection[str]) -> bytes:
    """The message as it came from a stranger, with our word on top and without anybody else's in our name.

    `claimed`: the domains of ours that its author is said to be of. Nothing proves that as long as no method (DKIM,
    SPF) is looked at; a result that does will be written in the place of "none", and then there is no notice. One
    message may go to people of several organisations: whether it claims to be an insider's is for each to judge.
    """
    kept, at = [], 0
    for field in fields(message, NOTICE, RESULTS):
        if field["name"].lower() == NOTICE.lower().encode() or _is_by(field["value"], authserv_id):
            kept.append(message[at : field.start()])
            at = field.end()
    word = f"{RESULTS}: {authserv_id}; none\r\n"
    if claimed:
        named = "".join(f" {domain}" for domain in sorted(claimed)) if len(claimed) <= MAX_DOMAINS else ""
        word += f"{NOTICE}: {NOT_FROM_INSIDE}{named}\r\n"
    return b"".join([word.encode("ascii"), *kept, message[at:]])


def claimed(notice: bytes) -> frozenset[str] | None:
    """The domains whose insider a message from outside claims to be; None when it claims nothing, empty for all."""
    found = _SAYS_SO.search(notice)
    return frozenset(found[1].decode("ascii", "replace").lower().split()) if found else None


def is_forged(domains: frozenset[str] | None, own: Collection[str]) -> bool:
    """Whether, for somebody whose organisation has its `own` domains, what is `claimed` is to be an insider."""
    return domains is not None and (not domains or not domains.isdisjoint(own))


def _is_by(value: bytes, authserv_id: str) -> bool:
    """Whether results are given out for those of this server: more than one way to write its name counts."""
    text = re.sub(r'[\s"\\]+', "", value.decode("latin-1")).lower()
    while (shorter := _COMMENT.sub("", text, count=100)) != text and len(text) < 8_192:
        text = shorter
    return authserv_id.lower() in text.partition(";")[0] or authserv_id.lower() in text[: text.find("=")]
