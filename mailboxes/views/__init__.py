"""The console's pages about mailboxes, and the settings page of those who work in shared ones."""

from mailboxes.views import access, add, agents, convert, log, own, plan, remove, security, table
from mailboxes.views.shell import console

shares = own.shares
signature = own.signature

__all__ = [
    "access",
    "add",
    "agents",
    "console",
    "convert",
    "log",
    "plan",
    "remove",
    "security",
    "shares",
    "signature",
    "table",
]
