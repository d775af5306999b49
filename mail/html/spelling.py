"""What HTML makes of a word that a person reads (HTML section 13.5, character references).

The mail server looks into the source of a message, which has `M&uuml;ller` and `<b>par</b>celservice` in it.
"""

import re
import unicodedata
from html.entities import codepoint2name
from typing import Final

from mail import clean

APOSTROPHES: Final = "'\N{RIGHT SINGLE QUOTATION MARK}"
_TO_STRAIGHT: Final = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u2032\uff07`\u00b4", "'"))
_SHORTEST_CUT: Final = 8  # of a shorter word's halves too many words are made
_SHORTEST_RUN: Final = 3
# What HTML leaves as it is.
_PLAIN: Final = re.compile(r"[A-Za-z0-9 -]+")
_CODED: Final = re.compile(r"[^\x00-\x7f]+")


def straight(text: str) -> str:
    """With every kind of apostrophe as the one on the keyboard."""
    return text.translate(_TO_STRAIGHT)


def with_apostrophes(text: str) -> list[str]:
    """The text, and with an apostrophe in it the text as either kind has it."""
    plain = straight(text)
    if "'" not in plain:
        return [text]
    return list(dict.fromkeys([text, *(plain.replace("'", kind) for kind in APOSTROPHES)]))


def traces(word: str) -> list[str]:
    """Text of which one piece stands in the HTML of this word, however its letters are coded, or where one tag cuts it.

    Few, because the server looks through all of a message for each. [] when the word can only stand there as it is.
    """
    longest = max(_PLAIN.findall(word), key=len, default="")
    if len(longest) >= _SHORTEST_CUT:
        return [longest[: len(longest) // 2], longest[len(longest) // 2 :]]
    if longest == word or (word.isascii() and len(longest) < _SHORTEST_RUN):
        return []
    if len(longest) >= _SHORTEST_RUN:
        return [longest]
    # Small and capital letters have other numbers, and the first may be either.
    coded = max(_CODED.findall(word[1:].lower()) or _CODED.findall(word), key=len, default="")
    names = [codepoint2name.get(ord(sign), "") for sign in coded]
    return [
        *(["".join(f"&{name};" for name in names)] if all(names) else []),
        "".join(f"&#{ord(sign)};" for sign in coded),
        "".join(f"&#x{ord(sign):x};" for sign in coded),
    ]


def folded(text: str) -> str:
    """For comparing what is read: without case, accents and what isn't seen; one kind of apostrophe, and of blank."""
    apart = unicodedata.normalize("NFKD", clean.one_line(straight(text)).casefold())
    return " ".join("".join(sign for sign in apart if not unicodedata.combining(sign)).split())
