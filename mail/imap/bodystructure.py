"""BODYSTRUCTURE as a tree of parts with the section each one is fetched by (RFC 9051 sections 6.4.5 and 7.5.2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from typing import Final

from mail.errors import ProtocolTrouble
from mail.imap.answers import Node, number, octets, pairs
from mail.imap.leaves import MESSAGE_DISPOSITION, disposition_at
from mail.message import filenames, headers
from mail.message.structure import Part

PARTS_LIMIT: Final = 500
NESTING_LIMIT: Final = 100  # as deep as Dovecot looks
_PARAMS_LIMIT: Final = 40
# A type without the semicolon that must follow it (RFC 2045 section 5.1).
_SLIP: Final = re.compile(
    rb"\s*\"?((?:text|application|image|audio|video)/[a-z0-9][a-z0-9.+_-]{0,80})\"?[\s,:]"
    rb"(?:.{0,200}?\bcharset\s{0,9}=\s{0,9}[\"']?([a-z0-9:.+_-]{1,40}))?",
    re.IGNORECASE | re.DOTALL,
)
_BINARY: Final = frozenset({"application", "image", "audio", "video", "font", "model"})


@dataclass(frozen=True, slots=True)
class Opened:
    """What is told of a message before any part of it is fetched.

    `header` is cut at 256 KiB; `charset` is the one its text names, "" for none.
    """

    uid: int
    flags: frozenset[str]
    internal_date: datetime
    structure: Part
    header: bytes
    charset: str


def structure(node: Node) -> Part:
    """The tree of a message's parts, `cut` where there are more or deeper ones than people's mail has."""
    return _Reader().part(node, "", 0)


def is_half_told(part: Part) -> bool:
    """Whether a part's name may be the first word of one that stood without quotes: then it has no ending.

    Or there is no type, which is also so where a semicolon was forgotten behind it.
    """
    names = [part.disposition_params.get("filename", ""), part.params.get("name", "")]
    return not part.typed or any(name and not filenames.has_ending(name) for name in names)


def as_written(part: Part, headers_of: Mapping[str, bytes]) -> Part:
    """The tree with the names and types its parts' own headers have, by "<section>.MIME", where these say more."""
    children = tuple(as_written(child, headers_of) for child in part.children)
    if (raw := headers_of.get(f"{part.section}.MIME")) is None:
        return replace(part, children=children)
    written = headers.parse(raw)
    value = written.raw("content-type") or b""
    if not part.typed and (found := _SLIP.match(value)):
        charset = _raw(found[2] or b"")
        part = replace(part, content_type=_word(found[1]), params=part.params | {"charset": charset})
    return replace(
        part,
        children=children,
        params=_whole(part.params, "name", value),
        disposition_params=_whole(part.disposition_params, "filename", written.raw("content-disposition")),
    )


def _whole(params: dict[str, str], name: str, written: bytes | None) -> dict[str, str]:
    found = filenames.unquoted(written or b"", name)
    return params | {name: found} if found.startswith(params.get(name, "\0")) else params


class _Reader:
    def __init__(self) -> None:
        self._parts = 0

    def part(self, node: Node, prefix: str, depth: int) -> Part:
        """A message's body: a multipart has its parts under `prefix`, anything else is part 1 of it."""
        if isinstance(node, list) and node and isinstance(node[0], list):
            section = f"{prefix}.TEXT" if prefix else ""
            return self._multipart(node, section, prefix, depth)
        return self._leaf(node, f"{prefix}.1" if prefix else "1", depth)

    def _child(self, node: Node, section: str, depth: int) -> Part:
        if isinstance(node, list) and node and isinstance(node[0], list):
            return self._multipart(node, section, section, depth)
        return self._leaf(node, section, depth)

    def _children(self, nodes: list[Node], prefix: str, depth: int) -> tuple[tuple[Part, ...], bool]:
        """As many as there is room for, and whether that isn't all of them."""
        found: list[Part] = []
        for position, node in enumerate(nodes, start=1):
            if self._parts >= PARTS_LIMIT or depth > NESTING_LIMIT:
                return tuple(found), True
            found.append(self._child(node, f"{prefix}.{position}" if prefix else str(position), depth))
        return tuple(found), False

    def _multipart(self, node: list[Node], section: str, prefix: str, depth: int) -> Part:
        self._parts += 1
        inner = list(takewhile(lambda one: isinstance(one, list), node))
        subtype, *rest = [*node[len(inner) :], None, None, None]
        children, cut = self._children(inner, prefix, depth + 1)
        disposition, disposition_params = _disposition(rest[1])
        return Part(
            section=section,
            content_type=f"multipart/{_word(subtype) or 'mixed'}",
            params=_params(rest[0]),
            disposition=disposition,
            disposition_params=disposition_params,
            children=children,
            cut=cut,
        )

    def _leaf(self, node: Node, section: str, depth: int) -> Part:
        self._parts += 1
        if not isinstance(node, list) or len(node) < 7:
            raise ProtocolTrouble("a BODYSTRUCTURE that is none")
        kind, subtype, params, content_id, description, encoding, size = node[:7]
        at = disposition_at(node)
        disposition, disposition_params = _disposition(node[at] if len(node) > at else None)
        is_message = at == MESSAGE_DISPOSITION
        room = self._parts < PARTS_LIMIT and depth < NESTING_LIMIT
        return Part(
            section=section,
            content_type=_media_type(_word(kind), _word(subtype)),
            params=_params(params),
            disposition=disposition,
            disposition_params=disposition_params,
            encoding=_word(encoding),
            size=number(size),
            content_id=_raw(content_id),
            description=_raw(description),
            subject=_subject(node[7]) if is_message else "",
            children=(self.part(node[8], section, depth + 1),) if is_message and room else (),
            cut=is_message and not room,
            typed=bool(_word(kind)),
        )


def _media_type(kind: str, subtype: str) -> str:
    """What isn't well-formed is plain text (RFC 2045 section 5.2): the server then tells no type, or half of one."""
    if kind and subtype:
        return f"{kind}/{subtype}"
    return "application/octet-stream" if kind in _BINARY else "text/plain"


def _word(node: Node) -> str:
    return octets(node).decode("ascii", "replace").strip().lower()


def _raw(node: Node) -> str:
    """Octets that may be anything, kept: surrogates stand for what isn't UTF-8 (PEP 383)."""
    return octets(node).decode("utf-8", "surrogateescape")


def _subject(envelope: Node) -> str:
    return _raw(envelope[1]) if isinstance(envelope, list) and len(envelope) > 1 else ""


def _params(node: Node) -> dict[str, str]:
    if isinstance(node, list) and len(node) > 2 * _PARAMS_LIMIT:
        node = node[: 2 * _PARAMS_LIMIT]
    return {name.decode("ascii", "replace").lower(): _raw(value) for name, value in pairs(node).items()}


def _disposition(node: Node) -> tuple[str, dict[str, str]]:
    if not isinstance(node, list) or not node:
        return "", {}
    return _word(node[0]), _params(node[1] if len(node) > 1 else None)
