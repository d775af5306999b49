"""How long ago something was, in words that need no time zone."""

from datetime import datetime

_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60))


def ago(then: datetime, at: datetime) -> str:
    """`just now`, `5 minutes ago`, `3 days ago`; both times are aware."""
    seconds = int((at - then).total_seconds())
    for unit, length in _UNITS:
        count = seconds // length
        if count >= 1:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
