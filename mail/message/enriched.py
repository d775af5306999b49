"""text/enriched read as plain text (RFC 1896), and its forerunner text/richtext (RFC 1341 section 7.1.3)."""

import re
from typing import Final

from mail import clean

# "<<" stands for "<"; a command is a name of letters, digits and hyphens; a line end counts only beside others.
_TOKEN: Final = re.compile(r"<<|<(/?)([A-Za-z0-9-]{1,60})>|\n+|[^<\n]+|<")
_RICHTEXT: Final = {"lt": "<", "nl": "\n", "np": "\n\n"}


def text(source: str) -> str:
    """What a person reads of it. Never raises; linear in the source. Parameters of commands aren't text."""
    pieces: list[str] = []
    unfilled = parameters = 0
    for token in _TOKEN.finditer(clean.body(source)):
        found, name = token[0], (token[2] or "").lower()
        step = -1 if token[1] else 1
        if name == "nofill":
            unfilled = max(0, unfilled + step)
        elif name == "param":
            parameters = max(0, parameters + step)
        elif parameters:
            continue
        elif name:
            pieces.append(_RICHTEXT.get(name, ""))
        elif found[0] == "\n" and not unfilled:
            pieces.append("\n" * (len(found) - 1) or " ")
        else:
            pieces.append("<" if found == "<<" else found)
    return "".join(pieces)
