"""CSS declarations from strangers: what colours, spaces and sizes text stays; what loads, covers or escapes goes."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import tinycss2

MAX_LENGTH: Final = 8_192
MAX_DIFFERENT: Final = 150_000  # characters, and 40 for each declaration
MAX_NUMBER: Final = 5_000

_SIDES: Final = ("top", "right", "bottom", "left")
_LENGTHS: Final = frozenset(
    {"width", "max-width", "min-width", "height", "max-height", "min-height", "padding", "margin", "text-indent"}
    | {f"{box}-{side}" for box in ("padding", "margin") for side in _SIDES}
    | {"border-spacing", "border-radius", "font-size", "line-height", "letter-spacing", "word-spacing"}
    | {f"border-{v}-{h}-radius" for v in ("top", "bottom") for h in ("left", "right")}
)
_COLOURS: Final = frozenset(
    {"color", "background-color", "border", "border-color", "border-style", "border-width"}
    | {f"border-{side}" for side in _SIDES}
    | {f"border-{side}-{what}" for side in _SIDES for what in ("color", "style", "width")}
)
_WORDS: Final = frozenset(
    {"font", "font-family", "font-style", "font-variant", "font-weight", "text-align", "text-decoration"}
    | {"text-decoration-color", "text-decoration-line", "text-decoration-style", "text-transform", "vertical-align"}
    | {"white-space", "word-break", "word-wrap", "overflow-wrap", "direction", "border-collapse"}
    | {"table-layout", "caption-side", "empty-cells", "box-sizing", "list-style-type", "list-style-position"}
    | {"list-style", "float", "clear", "opacity"}
)
PROPERTIES: Final = _LENGTHS | _COLOURS | _WORDS | {"background", "display", "overflow", "visibility"}

# Where only some keywords are harmless.
_KEYWORDS: Final = {
    "display": {"block", "inline", "inline-block", "none", "table", "table-cell", "table-row", "list-item"}
    | {"inline-table", "table-row-group", "table-header-group", "table-footer-group"},
    "overflow": {"hidden", "visible"},
    "visibility": {"hidden", "visible"},
}
_NEGATIVE: Final = frozenset({"letter-spacing", "word-spacing"})
_FUNCTIONS: Final = frozenset({"rgb", "rgba", "hsl", "hsla"})
_UNITS: Final = frozenset({"px", "pt", "em", "rem", "ex", "ch", "cm", "mm", "in", "pc", "vw"})
_IDENT: Final = re.compile(r"-?[A-Za-z][A-Za-z0-9-]{0,60}")
_FONT_NAME: Final = re.compile(r"[\w .-]{1,80}")
# A style in which every ";" ends a declaration: no string, bracket or comment has one inside, nothing is escaped.
_SEPARABLE: Final = re.compile(
    r"(?:[^\"'\\(){}\[\]/]|/(?!\*)|\([^\"'\\(){}\[\];/]*\)|'[^'\\\n;/]*'|\"[^\"\\\n;/]*\")*+"
)
_HEX: Final = re.compile(r"[0-9a-fA-F]{3,8}")


class Declaration(NamedTuple):
    """One harmless declaration as we write it."""

    name: str
    value: str
    important: bool


def clean(style: str) -> str:
    """The harmless declarations of a style attribute, written anew; "" when none is left or it is over 8 KiB.

    Every property and every token has to be on a list: no url(), var(), attr(), calc() or env(), no position, no
    negative length but a little letter-spacing, no !important, nothing escaped.
    """
    return written(Reader().declarations(style))


def written(declarations: Iterable[Declaration]) -> str:
    return ";".join(f"{declaration.name}:{declaration.value}" for declaration in declarations)


def kept(content: str | Sequence[Any]) -> Iterator[Declaration]:
    """Of the content of a rule or an attribute what is harmless."""
    for declaration in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        if declaration.type == "declaration" and declaration.lower_name in PROPERTIES:
            name, tokens = declaration.lower_name, declaration.value
            if name == "background":
                name, tokens = "background-color", _only_colour(tokens)
            if value := _value(name, tokens):
                yield Declaration(name, value, declaration.important)


class Reader:
    """Reads the style attributes of one document: each declaration once, however many elements have it.

    After about 3,000 different ones the others are left out, so that a document costs only so much.
    """

    def __init__(self) -> None:
        self._room = MAX_DIFFERENT
        self._read: dict[str, tuple[Declaration, ...]] = {}

    def declarations(self, style: str) -> tuple[Declaration, ...]:
        """The harmless ones, in their order; none when the style is over 8 KiB."""
        if len(style) > MAX_LENGTH:
            return ()
        if style not in self._read:
            parts = style.split(";") if _SEPARABLE.fullmatch(style) else [style]
            self._read[style] = tuple(found for part in parts for found in self._one(part))
        return self._read[style]

    def _one(self, part: str) -> tuple[Declaration, ...]:
        part = part.strip()
        if part not in self._read:
            self._room -= len(part) + 40
            self._read[part] = tuple(kept(part)) if self._room > 0 else ()
        return self._read[part]


def _only_colour(tokens: Sequence[Any]) -> Sequence[Any]:
    """Of a `background` the colour, so that text stays readable where the image behind it is not loaded."""
    seen = [token for token in tokens if token.type not in {"whitespace", "comment"}]
    colours = [token for token in seen if token.type == "hash" or getattr(token, "lower_name", "") in _FUNCTIONS]
    return colours[:1] or (seen if len(seen) == 1 else ())


def _value(name: str, tokens: Sequence[Any]) -> str:
    """The value, token by token; "" as soon as one token isn't allowed."""
    pieces = []
    for token in tokens:
        writer = _WRITERS.get(token.type)
        piece = writer(name, token) if writer else None
        if piece is None:
            return ""
        pieces.append(piece)
    value = "".join(pieces).strip()
    return value if len(value) <= 500 else ""


def _number(name: str, token: Any) -> str | None:
    lowest = -5 if name in _NEGATIVE else 0
    if not lowest <= token.value <= MAX_NUMBER:
        return None
    unit = "%" if token.type == "percentage" else getattr(token, "lower_unit", "")
    if unit and unit != "%" and unit not in _UNITS:
        return None
    return f"{token.value:.6g}{unit}"


def _ident(name: str, token: Any) -> str | None:
    if not _IDENT.fullmatch(token.value) or token.lower_value in {"fixed", "sticky"}:
        return None
    allowed = _KEYWORDS.get(name)
    return token.value if allowed is None or token.lower_value in allowed else None


def _string(name: str, token: Any) -> str | None:
    if name not in {"font", "font-family"} or not _FONT_NAME.fullmatch(token.value):
        return None
    return f"'{token.value}'"


def _literal(_name: str, token: Any) -> str | None:
    return token.value if token.value in {",", "/"} else None


def _hash(_name: str, token: Any) -> str | None:
    return f"#{token.value}" if _HEX.fullmatch(token.value) else None


def _function(name: str, token: Any) -> str | None:
    """A colour function; its arguments are numbers only, whatever the property."""
    if token.lower_name not in _FUNCTIONS or name not in _COLOURS | {"text-decoration-color"}:
        return None
    arguments = [_argument(argument) for argument in token.arguments]
    return f"{token.lower_name}({''.join(a for a in arguments if a)})" if all(arguments) else None


def _argument(token: Any) -> str | None:
    if token.type == "whitespace":
        return " "
    if token.type == "literal":
        return _literal("", token)
    if token.type in {"number", "percentage"} or (token.type == "dimension" and token.lower_unit == "deg"):
        return f"{token.value:.6g}{ {'percentage': '%', 'dimension': 'deg'}.get(token.type, '') }"
    return None


def _space(_name: str, _token: Any) -> str:
    return " "


_WRITERS: Final[dict[str, Callable[[str, Any], str | None]]] = {
    "number": _number,
    "percentage": _number,
    "dimension": _number,
    "ident": _ident,
    "string": _string,
    "literal": _literal,
    "hash": _hash,
    "function": _function,
    "whitespace": _space,
    "comment": _space,
}


def colour(value: str) -> str:
    """One colour as an attribute such as bgcolor gives it, fit for a style; "" when it is none."""
    value = value.strip()
    if re.fullmatch(r"[0-9a-fA-F]{6}|[0-9a-fA-F]{3}", value) and not value.isalpha():
        value = f"#{value}"
    return value if re.fullmatch(r"#[0-9a-fA-F]{3,8}|[A-Za-z]{3,30}", value) else ""
