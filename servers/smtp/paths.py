"""An address of an envelope, as the world writes it (RFC 5321 §4.1.2 and §4.5.3.1, RFC 6531 §3.3).

What people of ours are called is strict (`servers/smtp/policy.py`). A stranger's address is whatever their server made
of it: longer than 64 octets (SRS, forwards that carry the whole way in front of the @), with dots where none belong,
quoted, beyond ASCII. Limits of the RFC are what everybody must at least take.
"""

import re

from mail.message.addresses import sendable, wire

NULL = "<>"
_DOTTY = r'[^\s"(),:;<>@\[\\\]\x00-\x1f\x7f]+'
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\[ -~])*"'
_ADDRESS = rf"((?:{_DOTTY})|(?:{_QUOTED}))@(\[[A-Za-z0-9:.]+\]|[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f]+)"
# Source routes are ignored (RFC 5321 appendix C).
_PATH = re.compile(rf"<(?:@[^\s<>:]+:)?({_ADDRESS}|postmaster)?>|{_ADDRESS}", re.IGNORECASE)


def parse_path(text: str) -> tuple[str | None, str]:
    """The address at the start of what follows FROM: or TO:, and the parameters behind it; None for what is no path.

    `NULL` for the null sender, "postmaster" where there is no domain (RFC 5321 §4.1.1.3).
    """
    found = _PATH.match(text)
    if found is None or (text[found.end() :] and not text[found.end()].isspace()):
        return None, ""
    inner = found[0].removeprefix("<").removesuffix(">")
    if not inner:
        return NULL, text[2:]
    return found[1] or inner, text[found.end() :]


def canonical(address: str) -> str | None:
    """The one way to write this address on the wire; None when nobody could be written to there.

    The local part's case is kept. Who is heard can be answered: the rule is that of what people write to.
    """
    found = sendable(address)
    return wire(found) if found else None
