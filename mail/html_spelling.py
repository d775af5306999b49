"""How HTML may have spelled a word that a person reads (HTML section 13.5, character references).

The mail server looks into the source of a message, which has `M&uuml;ller` and `<b>par</b>celservice` in it.
"""

import unicodedata
from collections.abc import Iterator
from html.entities import codepoint2name
from typing import Final

from mail import clean

APOSTROPHES: Final = "'\N{RIGHT SINGLE QUOTATION MARK}"
_TO_STRAIGHT: Final = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u2032\uff07`\u00b4", "'"))
_SHORTEST_CUT: Final = 8  # of a shorter word's halves too many words are made


def straight(text: str) -> str:
    """With every kind of apostrophe as the one on the keyboard."""
    return text.translate(_TO_STRAIGHT)


def with_apostrophes(text: str) -> list[str]:
    """The text, and with an apostrophe in it the text as either kind has it."""
    plain = straight(text)
    if "'" not in plain:
        return [text]
    return list(dict.fromkeys([text, *(plain.replace("'", kind) for kind in APOSTROPHES)]))


def spellings(word: str) -> list[str]:
    """What may stand in HTML for this word, beside the word itself: letters as codes, and half of it if a tag cuts it.

    [] when it can only stand there as it is.
    """
    halves = [word]
    if len(word) >= _SHORTEST_CUT and all(sign.isalnum() or sign in " -" for sign in straight(word).replace("'", "")):
        halves += [word[: len(word) // 2], word[len(word) // 2 :]]
    written = [variant for half in halves for variant in (half, *_coded(half))]
    return [variant for variant in dict.fromkeys(written) if variant != word]


def folded(text: str) -> str:
    """For comparing what is read: without case, accents and what isn't seen; one kind of apostrophe, and of blank."""
    apart = unicodedata.normalize("NFKD", clean.one_line(straight(text)).casefold())
    return " ".join("".join(sign for sign in apart if not unicodedata.combining(sign)).split())


def _coded(text: str) -> Iterator[str]:
    """By name, by number, by number in hexadecimal. Small and capital letters have other numbers."""
    for variant in with_apostrophes(text):
        for same in dict.fromkeys((variant.lower(), variant.upper(), variant.capitalize())):
            for code in (_named, _decimal, _hexadecimal):
                yield "".join(code(ord(sign)) if not sign.isascii() or sign in "'&<>" else sign for sign in same)


def _named(code: int) -> str:
    return f"&{codepoint2name[code]};" if code in codepoint2name else _decimal(code)


def _decimal(code: int) -> str:
    return f"&#{code};"


def _hexadecimal(code: int) -> str:
    return f"&#x{code:x};"
