"""A style element of our own, made of the rules that hold for the elements of a document."""

import zlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from mail.html.style import Declaration, written
from mail.html.style_cascade import Style
from mail.html.style_rules import LIGHT, Rule, under

MAX_SHEET: Final = 300_000


class Sheet:
    """A style element of our own: one class for each set of rules that elements of a document have.

    Nothing in it is a stranger's but values: classes have names of ours, so that it is about these elements alone.
    """

    def __init__(self, document: str) -> None:
        self._prefix = f"m{zlib.crc32(document.encode('utf-8', 'replace')):08x}"
        self._classes: dict[tuple[int, tuple[Declaration, ...]], str] = {}
        self._written: list[tuple[str, str]] = []  # each block with its media query
        self._room = MAX_SHEET

    def split(self, found: Style) -> tuple[str, str]:
        """The class and the style attribute by which an element looks as it should."""
        if not found.matched.rules:
            return "", written(found.own)
        important = tuple(one for one in found.own if one.important)
        key = (id(found.matched), important)
        if key not in self._classes:
            name = f"{self._prefix}-{len(self._classes)}"
            blocks = list(_blocks(name, found.matched.rules, important))
            self._room -= sum(len(media) + len(block) for media, block in blocks)
            if self._room < 0:
                return "", found.inline()
            self._classes[key] = name
            self._written += blocks
        return self._classes[key], written(one for one in found.own if not one.important)

    def html(self, *, dark: bool) -> str:
        """The element, "" when nothing is in it. The layer lets the page around it have the last word.

        Without `dark` the letter lies on a light ground whatever the system's scheme is.
        """
        css = "".join(_in_media(media, block, dark=dark) for media, block in self._written)
        return f"<style>@layer mail{{{css}}}</style>" if css else ""


def _in_media(media: str, block: str, *, dark: bool) -> str:
    query = media if dark or not media else under(media, LIGHT)
    if query is None:
        return ""
    return f"@media {query}{{{block}}}" if query else block


def _blocks(name: str, rules: tuple[Rule, ...], important: tuple[Declaration, ...]) -> Iterator[tuple[str, str]]:
    """One block for each run of rules with the same query: among equal selectors the order decides."""
    for media, run in groupby(rules, key=lambda rule: rule.media):
        yield media, f".{name}{{{_declared(one for rule in run for one in rule.declarations)}}}"
    if important:
        yield "", f".{name}{{{_declared(important)}}}"


def _declared(declarations: Iterable[Declaration]) -> str:
    return ";".join(f"{one.name}:{one.value}{'!important' if one.important else ''}" for one in declarations)
