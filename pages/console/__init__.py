"""The owners' pages about mailboxes, their account and their own sign-in."""

# The views register themselves on the blueprint.
from pages.console import access, add, agents, convert, log, plan, remove, security, table
from pages.console.shell import console

__all__ = ["access", "add", "agents", "console", "convert", "log", "plan", "remove", "security", "table"]
