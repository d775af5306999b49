"""IMAP's parenthesised answers as nested lists (RFC 9051 section 9), quickly and without recursion."""

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

from mail.errors import ProtocolTrouble

# An atom, number or string is bytes, NIL is None, parentheses are a list.
Node: TypeAlias = "bytes | list[Node] | None"

# What stands in quotes, or a mark, or an atom; a quotation mark left over is a mark out of place.
_TOKENS: Final = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"|([()"])|([^ ()"\r\n]+)', re.DOTALL).findall
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)


def parse(pieces: list[bytes]) -> list[Node]:
    """Read one answer: text, literal, text, … in turn, as `Connection` keeps it.

    Raises ProtocolTrouble where parentheses or quotes don't match.
    """
    top: list[Node] = []
    current, open_lists = top, []
    for index, piece in enumerate(pieces):
        if index % 2:
            current.append(piece)
            continue
        for text, mark, atom in _TOKENS(piece):
            if atom:
                current.append(None if atom == b"NIL" else atom)
            elif not mark:
                current.append(unescaped(text) if b"\\" in text else text)
            elif mark == b"(":
                inner: list[Node] = []
                current.append(inner)
                open_lists.append(current)
                current = inner
            elif mark == b")" and open_lists:
                current = open_lists.pop()
            else:
                raise ProtocolTrouble("a parenthesis or a quotation mark too many")
    if open_lists:
        raise ProtocolTrouble("a parenthesis too few")
    return top


def unescaped(text: bytes) -> bytes:
    """What a quoted string says (RFC 9051 section 4.3)."""
    return _ESCAPED.sub(rb"\1", text)


def pairs(node: Node) -> dict[bytes, Node]:
    """A list of names and values in turn (a FETCH answer, STATUS, body parameters); NIL has none."""
    if node is None:
        return {}
    if not isinstance(node, list):
        raise ProtocolTrouble("a list was expected")
    return {name.upper(): value for name, value in zip(node[::2], node[1::2], strict=False) if isinstance(name, bytes)}


def number(node: Node) -> int:
    """An unsigned number of up to 63 bits (RFC 9051 section 4.2); NIL counts as 0."""
    if node is None:
        return 0
    if not isinstance(node, bytes) or not node.isdigit() or len(node) > 19:
        raise ProtocolTrouble(f"a number was expected, not {str(node)[:40]}")
    return int(node)


def octets(node: Node) -> bytes:
    """A string's bytes; NIL is none at all."""
    return node if isinstance(node, bytes) else b""


def ranges(text: bytes) -> list[tuple[int, int]]:
    """A sequence set such as "1:3,9" as ranges with both ends (RFC 9051 section 4.1.1)."""
    found = []
    for item in text.split(b",") if text else []:
        first, _, last = item.partition(b":")
        low, high = number(first), number(last or first)
        found.append((min(low, high), max(low, high)))
    return found


def esearch(answers: list[list[bytes]], name: bytes) -> Node:
    """What an ESEARCH answer says of one thing: (TAG "A1") UID COUNT 3 … (RFC 4731 section 3.1)."""
    for answer in answers:
        nodes = parse(answer)
        if name in nodes[:-1]:
            return nodes[nodes.index(name) + 1]
    return None


def expanded(sequence_set: Node) -> Iterator[int]:
    """The numbers of a sequence set, in its order."""
    return (uid for low, high in ranges(octets(sequence_set)) for uid in range(low, high + 1))
