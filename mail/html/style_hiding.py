"""Of the styles of a document only what hides things or shows them again, found without reading the rest.

Reading a rule costs a hundred times what looking at it costs, and the list wants to know of fifty documents at once
what their first visible words are.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from mail.html.tokens import End, Start, Text

MAX_CSS: Final = 6_000
MAX_ATTRIBUTE: Final = 300

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
# A rule with nothing in it but declarations, from the brace before it on.
_RULE: Final = re.compile(r"(?<![^{}])([^{}]*+)\{([^{}]*+)\}")
# Rules that hold in some windows only: what they hide isn't hidden for everybody. Those with a font may show something.
_SOMETIMES: Final = re.compile(r"@media[^{};(]*+\([^{};]*+\{(?:[^{}]*+\{[^{}]*+\})*+[^{}]*+\}")
# What may stand between two words of a declaration (CSS Syntax 3, section 4.3.2), with bounds for those who repeat it.
_NOTE: Final = r"/\*[^*]{0,300}+(?:\*(?!/)[^*]{0,99}+){0,5}+\*/"
_GAP: Final = rf"\s*+(?:{_NOTE}\s*+){{0,9}}+"
# Each by what may hide something (style_cascade), and the properties that have a say in it.
_HIDES: Final = {
    "display": rf"display{_GAP}:{_GAP}none",
    "visibility": rf"visibility{_GAP}:{_GAP}hidden",
    "opacity": rf"opacity{_GAP}:{_GAP}0",
    "overflow|height|max-height": rf"overflow{_GAP}:{_GAP}hidden",
    "font|font-size": rf"font(?:-size)?{_GAP}:{_GAP}(?:(?:[^;}}/]|{_NOTE}|/(?!\*)){{0,60}}[\s/])?0",
}
# A character reference that may stand for a letter or a colon of a declaration (HTML, section 13.2.5.72).
_REFERENCE: Final = re.compile(r"""style\s*+=\s*+(?:"[^">]*|'[^'>]*|[^\s"'>]{0,300})&(?:#|colon;)""")
_PATTERNS: Final = [(names, re.compile(pattern)) for names, pattern in _HIDES.items()]


class TooMuch(Exception):
    """More than is read for a preview."""


class Hiding:
    """What of a document's styles has a say in whether something is hidden."""

    def __init__(self, document: str) -> None:
        lower = document.lower()
        # Then any word may mean another (CSS Syntax 3, section 4.3.7).
        escaped = "\\" in lower or _REFERENCE.search(lower) is not None
        names = "|".join(names for names, pattern in _PATTERNS if escaped or pattern.search(lower))
        self._names = names.split("|") if names else []
        self._wanted = re.compile(rf"(?:^|[;\s])((?:{names})\s*:[^;]*)") if names else None

    def sheets(self, elements: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        """These style elements with the rules that matter. Raises TooMuch over 6,000 characters."""
        room = MAX_CSS
        for css, media in elements if self._wanted else ():
            kept = _RULE.sub(self._rule, _COMMENT.sub("", css.lower()))
            room -= len(kept)
            if room < 0:
                raise TooMuch
            if ":" in (always := _SOMETIMES.sub(lambda rules: rules[0] if "font" in rules[0] else "", kept)):
                yield always, media

    def of(self, token: Text | Start | End) -> Text | Start | End:
        """A tag with what matters of its style attribute, up to 300 characters."""
        if not isinstance(token, Start) or not (style := token.attributes.get("style")):
            return token
        kept = self._kept(_COMMENT.sub(" ", style.lower()))[:MAX_ATTRIBUTE]
        return Start(token.name, token.attributes | {"style": kept})

    def _rule(self, rule: re.Match[str]) -> str:
        declarations = self._kept(rule[2])
        return f"{rule[1]}{{{declarations}}}" if declarations else ""

    def _kept(self, declarations: str) -> str:
        if "\\" in declarations:
            return declarations
        if self._wanted is None or not any(name in declarations for name in self._names):
            return ""
        return ";".join(self._wanted.findall(declarations))
