"""What the list wants to know of a BODYSTRUCTURE, without making a tree of it (RFC 9051 section 7.5.2)."""

from collections.abc import Iterator
from itertools import takewhile
from typing import Final

from mail.imap.answers import Node, number, octets, pairs
from mail.message import charsets
from mail.message.structure import Part

_DISPOSITION, _TEXT_DISPOSITION, MESSAGE_DISPOSITION = 8, 9, 11
_SIGNATURES: Final = frozenset((b"pgp-signature", b"pkcs7-signature", b"x-pkcs7-signature"))
_MAX_SECTION: Final = 100


def charset_of(root: Node) -> str:
    """The charset that the first text of a BODYSTRUCTURE names, if it isn't the default; "" for none."""
    for leaf in _leaves(root):
        if octets(leaf[0]).lower() == b"text" and isinstance(leaf[2], list):
            charset = octets(pairs(leaf[2]).get(b"CHARSET")).decode("ascii", "replace")
            if not charsets.says_nothing(charset):
                return charset
    return ""


def has_attachment(root: Node) -> bool:
    """Whether a reader would call one of the parts an attachment."""
    return any(map(_is_attachment, _leaves(root)))


def previewed_html(root: Node, *, blank: bool) -> Part | None:
    """The HTML that Dovecot makes its PREVIEW of; None where it takes another text, or has none.

    It takes the first text there is, and of an alternative the plain one before the HTML. `blank`: that one says
    nothing, and then a reader sees the HTML beside it.
    """
    waiting: list[tuple[Node, str]] = [(root, "")]
    while waiting:
        node, section = waiting.pop()
        if not isinstance(node, list) or not node or len(section) > _MAX_SECTION:
            continue
        if isinstance(node[0], list):
            inner = [*takewhile(lambda one: isinstance(one, list), node)]
            placed = [(one, f"{section}.{at}".lstrip(".")) for at, one in enumerate(inner, start=1)]
            if octets(next(iter(node[len(inner) :]), None)).lower() == b"alternative":
                placed.sort(key=_preferred)
            waiting += reversed(placed)
        elif len(node) > 6 and octets(node[0]).lower() == b"text":
            if octets(node[1]).lower() == b"html":
                return _html_leaf(node, section or "1")
            if not blank:
                return None
    return None


def _preferred(placed: tuple[Node, str]) -> int:
    """Plain text, then HTML, then whatever there is."""
    leaf = placed[0]
    kind = [octets(one).lower() for one in leaf[:2]] if isinstance(leaf, list) else []
    return {b"plain": 0, b"html": 1}.get(kind[1], 2) if kind[:1] == [b"text"] and len(kind) > 1 else 2


def _html_leaf(leaf: list[Node], section: str) -> Part:
    charset = octets(pairs(leaf[2]).get(b"CHARSET")) if isinstance(leaf[2], list) else b""
    return Part(
        section,
        "text/html",
        {"charset": charset.decode("ascii", "replace")},
        encoding=octets(leaf[5]).decode("ascii", "replace").strip().lower(),
        size=number(leaf[6]),
    )


def _leaves(root: Node) -> Iterator[list[Node]]:
    """The parts that aren't multipart, in order."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, list) or not node:
            continue
        if isinstance(node[0], list):
            waiting += reversed([*takewhile(lambda inner: isinstance(inner, list), node)])
        elif len(node) > 6:
            yield node


def _is_attachment(leaf: list[Node]) -> bool:
    at = disposition_at(leaf)
    disposition = leaf[at] if len(leaf) > at else None
    said = octets(disposition[0]).lower() if isinstance(disposition, list) and disposition else b""
    kind, subtype, params, content_id = leaf[:4]
    if said == b"attachment" or at == MESSAGE_DISPOSITION:
        return True
    # A picture with a Content-ID is shown inside the HTML (RFC 2392); text without "attachment" is the letter itself.
    if at == _TEXT_DISPOSITION or (content_id is not None and octets(kind).lower() == b"image"):
        return False
    named = isinstance(params, list) and any(octets(word).lower().startswith(b"name") for word in params[::2])
    return (named or said == b"inline") and octets(subtype).lower() not in _SIGNATURES


def disposition_at(leaf: list[Node]) -> int:
    """Where Content-Disposition stands: behind a text's lines, or a message's envelope, structure and lines."""
    kind = leaf[0].lower() if isinstance(leaf[0], bytes) else b""
    if kind == b"text":
        return _TEXT_DISPOSITION
    if kind == b"message" and len(leaf) > 8 and isinstance(leaf[7], list):
        return MESSAGE_DISPOSITION
    return _DISPOSITION
