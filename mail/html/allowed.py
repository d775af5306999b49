"""The elements and attributes of HTML mail that are harmless, as data."""

import re
from typing import Final

TAGS: Final = frozenset(
    {"a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center"}
    | {"cite", "code", "col", "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font"}
    | {"footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark"}
    | {"ol", "p", "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong", "sub", "sup", "table"}
    | {"tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr"}
)
# Elements that only hold others: their text is shown, and styled, in one that does nothing.
INSTEAD: Final = (
    dict.fromkeys(("body", "nav", "details", "summary", "fieldset", "hgroup", "dialog", "search"), "div")
    | dict.fromkeys(("label", "button", "time", "acronym", "data", "output"), "span")
    | {"menu": "ul"}
)

_SIZE: Final = re.compile(r"\d{1,4}(?:\.\d{1,3})?(?:px|%)?")
_SMALL: Final = re.compile(r"\d{1,2}")
_WORD: Final = re.compile(r"[A-Za-z-]{1,20}")
LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")
_FACE: Final = re.compile(r"[\w ,.'-]{1,200}")
_FONT_SIZE: Final = re.compile(r"[+-]?[0-7]")
_COLOUR: Final = re.compile(r"#?[A-Za-z0-9]{3,30}")
_SPAN: Final = re.compile(r"[1-9]\d?")

_TABLE: Final = {"width": _SIZE, "height": _SIZE, "align": _WORD, "valign": _WORD, "bgcolor": _COLOUR}
ANYWHERE: Final = {"dir": re.compile("ltr|rtl|auto", re.IGNORECASE), "lang": LANGUAGE, "align": _WORD}
# Attributes kept as they are when their value has this form; style, href, src, alt and title are made anew.
PLAIN: Final[dict[str, dict[str, re.Pattern[str]]]] = {
    "table": _TABLE | {"border": _SMALL, "cellpadding": _SMALL, "cellspacing": _SMALL},
    "td": _TABLE | {"colspan": _SPAN, "rowspan": _SPAN, "nowrap": re.compile("(?:nowrap)?")},
    "th": _TABLE | {"colspan": _SPAN, "rowspan": _SPAN, "nowrap": re.compile("(?:nowrap)?")},
    **dict.fromkeys(("tr", "tbody", "thead", "tfoot"), _TABLE),
    "col": _TABLE | {"span": _SPAN},
    "colgroup": _TABLE | {"span": _SPAN},
    "font": {"color": _COLOUR, "face": _FACE, "size": _FONT_SIZE},
    "img": {"width": _SIZE, "height": _SIZE, "border": _SMALL, "hspace": _SMALL, "vspace": _SMALL, "align": _WORD},
    "hr": {"width": _SIZE, "size": _SMALL, "color": _COLOUR},
    "ol": {"start": re.compile(r"\d{1,6}"), "type": re.compile("[1AaIi]")},
    "ul": {"type": _WORD},
    "li": {"value": re.compile(r"\d{1,6}"), "type": re.compile("[1AaIi]|disc|circle|square", re.IGNORECASE)},
    "br": {"clear": _WORD},
}
MADE: Final = {"a": {"href", "title"}, "img": {"src", "alt"}, "abbr": {"title"}}
