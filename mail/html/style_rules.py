"""`<style>` elements from strangers, read into rules: simple selectors, harmless declarations, plain media queries.

Selectors Level 4: tags, `*`, .class and #id, one inside or directly inside another; with any other part a selector is
left out. Conditional Rules: `@media` by width and colour scheme (Media Queries 4). Every other at-rule is left out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import tinycss2

from mail.html import style

MAX_CSS: Final = 80_000
MAX_SELECTORS: Final = 3_000
MAX_COMPOUNDS: Final = 8

DARK: Final = "(prefers-color-scheme:dark)"
LIGHT: Final = "(prefers-color-scheme:light)"

_NAME: Final = re.compile(r"[\w-]{1,100}")
_WIDTH: Final = re.compile(r"(min|max)-(?:device-)?width")
_LENGTH: Final = re.compile(r"\d{1,4}(?:\.\d{1,3})?(?:px|em)")
_SCREENS: Final = frozenset({"all", "screen"})


class Compound(NamedTuple):
    """One element as a selector describes it; "" is any tag or id. Names are in lower case: mail has no doctype
    often, and then browsers ignore their case (HTML Standard, quirks mode)."""

    tag: str
    id: str
    classes: frozenset[str]


class Selector(NamedTuple):
    """`compounds` begin with the element itself; `direct[n]` says whether compound n + 1 is the parent of n."""

    compounds: tuple[Compound, ...]
    direct: tuple[bool, ...]

    @property
    def specificity(self) -> tuple[int, int, int]:
        """Selectors Level 4, section 17: ids, classes, tags."""
        parts = self.compounds
        return (
            sum(map(bool, (p.id for p in parts))),
            sum(len(p.classes) for p in parts),
            sum(bool(p.tag) for p in parts),
        )


class Rule(NamedTuple):
    """`media` is the query as we write it, "" where the rule always holds; `order` is its place in the cascade."""

    order: tuple[tuple[int, int, int], int]
    selector: Selector
    media: str
    declarations: tuple[style.Declaration, ...]


def read(sheets: Iterable[tuple[str, str]]) -> list[Rule]:
    """The rules of style elements, each given as its content and its media attribute.

    Of all of them together 80,000 characters and 3,000 selectors are read. Never raises.
    """
    rules: list[Rule] = []
    room = MAX_CSS
    for css, attribute in sheets:
        whole = css if len(css) <= room else css[:room].rpartition("}")[0] + "}"
        room -= len(whole)
        if (media := _media(tinycss2.parse_component_value_list(attribute[:500]))) is not None:
            for found in _rules(tinycss2.parse_stylesheet(whole, skip_comments=True, skip_whitespace=True), media):
                rules.append(found._replace(order=(found.order[0], len(rules))))
                if len(rules) == MAX_SELECTORS:
                    return rules
    return rules


def under(media: str, scheme: str) -> str | None:
    """What is left of a query of ours where the colour scheme is known: "" if it holds then, None if it doesn't."""
    other = LIGHT if scheme == DARK else DARK
    queries = [query.split(" and ") for query in media.split(", ")]
    left = [[one for one in query if one != scheme] for query in queries if other not in query]
    return ", ".join(" and ".join(query) for query in left) if left and all(left) else "" if left else None


def _rules(nodes: Iterable[Any], media: str) -> Iterator[Rule]:
    for node in nodes:
        if node.type == "qualified-rule":
            declarations = tuple(style.kept(node.content))
            for selector in _selectors(node.prelude) if declarations else ():
                yield Rule((selector.specificity, 0), selector, media, declarations)
        elif node.type == "at-rule" and node.lower_at_keyword == "media" and node.content and not media:
            query = _media(node.prelude)
            if query is not None:
                inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
                yield from _rules((rule for rule in inner if rule.type == "qualified-rule"), query)


def _split(tokens: Iterable[Any]) -> Iterator[list[Any]]:
    """A list of tokens at its commas, without comments."""
    part: list[Any] = []
    for one in tokens:
        if one == ",":
            yield part
            part = []
        elif one.type != "comment":
            part.append(one)
    yield part


def _selectors(prelude: Iterable[Any]) -> Iterator[Selector]:
    for tokens in _split(prelude):
        if selector := _selector(tokens):
            yield selector


def _selector(tokens: Sequence[Any]) -> Selector | None:
    """One selector; None when it has a part that isn't simple."""
    compounds: list[Compound] = []
    direct: list[bool] = []
    part: list[Any] = []
    child = False
    for one in [*tokens, None]:
        if one is not None and one.type != "whitespace" and one != ">":
            part.append(one)
            continue
        if part:
            compound = _compound(part)
            if compound is None:
                return None
            if compounds:
                direct.append(child)
            compounds.append(compound)
            part, child = [], False
        if one == ">":
            if child or not compounds:
                return None
            child = True
    if child or not 0 < len(compounds) <= MAX_COMPOUNDS:
        return None
    return Selector(tuple(compounds[::-1]), tuple(direct[::-1]))


def _compound(tokens: Sequence[Any]) -> Compound | None:
    tag = identity = ""
    classes = set()
    rest = list(tokens)
    if rest[0].type == "ident":
        tag = rest.pop(0).lower_value
    elif rest[0] == "*":
        rest.pop(0)
    while rest:
        one = rest.pop(0)
        if one.type == "hash" and one.is_identifier and not identity:
            identity = one.value.lower()
        elif one == "." and rest and rest[0].type == "ident":
            classes.add(rest.pop(0).lower_value)
        elif one == ":" and tag == "a" and len(rest) == 1 and getattr(rest[0], "lower_value", "") == "link":
            rest.clear()  # what every link is; whether it was visited is nobody's business
        else:
            return None
    names = {tag, identity, *classes} - {""}
    return Compound(tag, identity, frozenset(classes)) if all(map(_NAME.fullmatch, names)) else None


def _media(tokens: Iterable[Any]) -> str | None:
    """The query as we write it, "" when it always holds on a screen, None when it never does or isn't plain."""
    queries = [query for part in _split(tokens) if (query := _query(part)) is not None]
    return "" if "" in queries else ", ".join(dict.fromkeys(queries[:5])) or None


def _query(tokens: Iterable[Any]) -> str | None:
    """`[only] screen and (max-width: 600px)`, each condition on its own list."""
    words = [token for token in tokens if token.type != "whitespace"]
    if len(words) > 1 and getattr(words[0], "lower_value", "") == "only":
        words.pop(0)
    conditions: list[str] = []
    for number, word in enumerate(words):
        name = getattr(word, "lower_value", "")
        condition = _condition(word.content) if word.type == "() block" else ""
        if condition and not number % 2:
            conditions.append(condition)
        elif name != "and" if number % 2 else number or name not in _SCREENS:
            return None
    return " and ".join(conditions[:5])


def _condition(content: Iterable[Any]) -> str:
    name, colon, value = tinycss2.serialize(list(content)).lower().partition(":")
    name, value = name.strip(), value.strip()
    if width := _WIDTH.fullmatch(name):
        return f"({width[1]}-width:{value})" if _LENGTH.fullmatch(value) else ""
    return f"({name}:{value})" if name == "prefers-color-scheme" and value in {"dark", "light"} and colon else ""
