"""A browser that signed in as somebody before. Others' wrong passwords don't lock its person out; its own do.

What it keeps says when and as whom, sealed by the house, and opens nothing: the password is asked for as ever.
"""

import secrets

from core.vault import Vault

SECONDS = 400 * 86_400  # browsers keep no cookie longer (RFC 6265bis §5.5)


def mark(vault: Vault, role: str, name: str, at: int) -> str:
    """For a browser that has just signed in as `name`, a login's."""
    number = secrets.token_hex(16)
    return f"{at}.{number}.{_seal(vault, role, name, at, number)}"


def recognised(vault: Vault, role: str, name: str, marked: str, at: int) -> str:
    """The number of the browser that brings this mark, or nothing when it isn't one for `name`, or has run out."""
    when, _, rest = marked.partition(".")
    number, _, seal = rest.partition(".")
    if not (when.isascii() and when.isdigit() and len(when) <= 12 and at - SECONDS < int(when) <= at):
        return ""
    is_ours = secrets.compare_digest(seal.encode(), _seal(vault, role, name, int(when), number).encode())
    return number if is_ours else ""


def _seal(vault: Vault, role: str, name: str, at: int, number: str) -> str:
    return vault.derive("known-browser", f"{role} {name} {at} {number}")
