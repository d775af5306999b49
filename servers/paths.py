"""An address of an envelope, as the world writes it (RFC 5321 §4.1.2 and §4.5.3.1, RFC 6531 §3.3).

What people of ours are called is strict (`servers/policy.py`). A stranger's address is whatever their server made of
it: longer than 64 octets (SRS, forwards that carry the whole way in front of the @), with dots where none belong,
quoted, beyond ASCII. Limits of the RFC are what everybody must at least take.
"""

import re

from mail.addresses import ascii_domain

NULL = "<>"
# Fits in one line of any header.
LONGEST = 900
_DOTTY = r'[^\s"(),:;<>@\[\\\]\x00-\x1f\x7f]+'
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\[ -~])*"'
_ADDRESS = rf"((?:{_DOTTY})|(?:{_QUOTED}))@(\[[A-Za-z0-9:.]+\]|[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f]+)"
# Source routes are ignored (RFC 5321 appendix C).
_PATH = re.compile(rf"<(?:@[^\s<>:]+:)?({_ADDRESS}|postmaster)?>|{_ADDRESS}", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_ATOM = r"[^\s\"(),.:;<>@\[\\\]\x00-\x1f\x7f]+"
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")


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
    """The one way to write this address, its local part's case kept; None when nobody could be written to there.

    Quotes that weren't needed are gone, a domain in letters of its own script stands as DNS knows it.
    """
    found = re.fullmatch(_ADDRESS, address)
    if found is None or len(address.encode("utf-8", "surrogateescape")) > LONGEST or not _is_text(address):
        return None
    local, host = _unquoted(found[1]), found[2]
    if host.startswith("["):
        return f"{local}@{host.lower()}"
    name = host.removesuffix(".").lower()
    name = name if _HOST.fullmatch(name) and len(name) <= 253 else ascii_domain(name) or ""
    return f"{local}@{name}" if name else None


def _unquoted(local: str) -> str:
    """Without quotes around what needs none (RFC 5321 §4.1.2); what needs them gets them."""
    plain = re.sub(r"\\(.)", r"\1", local[1:-1]) if local.startswith('"') else local
    if _DOT_ATOM.fullmatch(plain):
        return plain
    return '"' + re.sub(r'(["\\])', r"\\\1", plain) + '"'


def _is_text(address: str) -> bool:
    """Whether octets beyond ASCII were UTF-8 (RFC 6531 §3.3)."""
    try:
        address.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
