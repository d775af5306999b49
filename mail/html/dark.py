"""Whether a letter with dark rules of its own can be read where they hold.

Senders make half of it dark, more often than not: the page and its text, and not the tables between them.
"""

from typing import Final, NamedTuple

from tinycss2.color4 import parse_color

from mail.html import nesting, style
from mail.html.style_cascade import Style
from mail.html.tokens import End, Start, Text


class Colour(NamedTuple):
    """In sRGB, each from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1


# The page around it in the dark (mail/html/page.py).
PAPER: Final = Colour(22 / 255, 24 / 255, 28 / 255)
INK: Final = Colour(228 / 255, 230 / 255, 234 / 255)
LINK: Final = Colour(169 / 255, 193 / 255, 245 / 255)
# Of text to its ground: what large text has at least (WCAG 2.2, success criterion 1.4.3). Greys of a footer pass.
LEAST_CONTRAST: Final = 3.0


class _Look(NamedTuple):
    ink: Colour
    ground: Colour
    hidden: bool


class Dark:
    """Follows a well-nested stream of tags; `is_legible` says whether all words so far stand out from their ground."""

    def __init__(self) -> None:
        self.is_legible = True
        self._open = [_Look(INK, PAPER, hidden=False)]
        self._colours: dict[str, Colour | None] = {}
        self._seen: dict[tuple[Colour, Colour], bool] = {}

    def take(self, token: Text | Start | End, found: Style) -> None:
        """The next of the stream, with its style for an opening tag."""
        if isinstance(token, Text):
            self._text(token.text)
        elif isinstance(token, End):
            self._open.pop()
        elif token.name not in nesting.VOID:
            self._open.append(self._look(token, found))

    def _look(self, tag: Start, found: Style) -> _Look:
        above, dark, given = self._open[-1], found.in_the_dark(), tag.attributes
        ink = dark.get("color", "") or (style.colour(given.get("color", "")) if tag.name == "font" else "")
        ground = dark.get("background-color", "") or style.colour(given.get("bgcolor", ""))
        return _Look(
            self._colour(ink) or (LINK if tag.name == "a" else above.ink),
            _over(self._colour(ground), above.ground),
            hidden=above.hidden or found.hides(),
        )

    def _text(self, text: str) -> None:
        look = self._open[-1]
        if self.is_legible and not look.hidden and any(map(str.isalnum, text)):
            pair = look.ink, look.ground
            if pair not in self._seen:
                self._seen[pair] = _contrast(_over(*pair), look.ground) >= LEAST_CONTRAST
            self.is_legible = self._seen[pair]

    def _colour(self, value: str) -> Colour | None:
        """None for what is no colour of its own: `inherit`, `transparent`, a word that is none."""
        if value not in self._colours:
            self._colours[value] = _parsed(value)
        return self._colours[value]


def _parsed(value: str) -> Colour | None:
    found = parse_color(value)
    if found is None or found == "currentcolor" or not found.alpha:
        return None
    red, green, blue = map(_bounded, found.to("srgb").coordinates)
    return Colour(red, green, blue, _bounded(found.alpha))


def _over(colour: Colour | None, ground: Colour) -> Colour:
    if colour is None:
        return ground
    alpha = colour.alpha
    return Colour(*(own * alpha + below * (1 - alpha) for own, below in zip(colour[:3], ground[:3], strict=True)))


def _bounded(value: float | None) -> float:
    return min(max(value or 0.0, 0.0), 1.0)


def _contrast(one: Colour, other: Colour) -> float:
    """WCAG 2.2: from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
