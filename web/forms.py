"""What a field of a form holds, as text."""

from wtforms import StringField


def typed(field: StringField) -> str:
    """What was typed; nothing at all reads as the empty text."""
    return field.data or ""


def trimmed(field: StringField) -> str:
    """The same without the space around it."""
    return typed(field).strip()
