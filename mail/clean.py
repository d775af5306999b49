"""Characters that lie or break things, taken out of text that strangers wrote, and of names anybody typed."""

import re
from typing import Final

# C0, DEL, C1, line and paragraph separators, and lone surrogates: each can end a header or a log line somewhere.
_CONTROLS: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
# Bidirectional overrides, embeddings, isolates and marks: they make "gpj.exe" read as "exe.jpg" (UTR 36 section 2).
_BIDI: Final = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# Characters nobody can see and nobody types: they hide the difference between two names.
_UNSEEN: Final = r"\u00ad\u034f\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff"

# Blanks that str.isspace doesn't know: fillers of Hangul and Braille. And what has no width at all: between letters
# and in emoji some of it means something, between blanks it is filling.
_BLANK: Final = r"\s\u115f\u1160\u2800\u3164\uffa0"
_NO_WIDTH: Final = rf"{_UNSEEN}{_BIDI}\u200c\u200d\u17b4\u17b5\ufe00-\ufe0f"
_FILLING: Final = re.compile(f"[{_NO_WIDTH}]*+[{_BLANK}][{_BLANK}{_NO_WIDTH}]*|[{_NO_WIDTH}]{{4,}}")

_ONE_LINE: Final = re.compile(f"[{_CONTROLS}]+")
_LIES: Final = re.compile(f"[{_BIDI}{_UNSEEN}]+")
_BODY: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def one_line(text: str) -> str:
    """Text for a header, a title or a file name: no control characters, no line ends, nothing that reorders."""
    if text.isascii() and text.isprintable():  # most text is: then there is nothing to take out
        return text.strip()
    return _LIES.sub("", _ONE_LINE.sub(" ", text)).strip()


def name(text: str, limit: int) -> str:
    """What a person or a thing is called, as somebody typed it: one line, single spaces, at most `limit` characters."""
    return " ".join(one_line(text).split())[:limit].rstrip()


def blanks_closed(text: str) -> str:
    """Text on one line, without the blanks and characters of no width that newsletters fill previews with."""
    return _FILLING.sub(" ", text).strip(" \u034f\u200b\u200c\u200d\ufeff")


def body(text: str) -> str:
    """Text of many lines: LF line ends, no control characters but tab. Marks that Arabic and Hebrew need stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return _BODY.sub("", text)
