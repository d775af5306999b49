"""Domain names in any script (IDNA 2008, RFC 5890)."""

import re
from typing import Final

import idna

_HOST: Final = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)


def ascii_domain(host: str) -> str | None:
    """A host name as DNS knows it (punycode, lower case), None when it is not one."""
    host = host.strip().removesuffix(".").lower()
    if len(host) > 253:
        return None
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    return host if _HOST.fullmatch(host) else None


def readable_domain(host: str) -> str:
    """A host name as people write it: `münchen.test` for `xn--mnchen-3ya.test`. What can't be decoded stays."""
    try:
        return idna.decode(host) if "xn--" in host else host
    except (idna.IDNAError, UnicodeError):
        return host
