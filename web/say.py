"""What the next page tells the person about the step before."""

from collections.abc import Mapping
from typing import Literal

from flask import flash

# A form that takes a step back: its `url`, `fields` and the `label` of its button.
Undo = Mapping[str, object]


def say(text: str, kind: Literal["ok", "error"] = "ok", undo: Undo | None = None) -> None:
    """Leave a message for the next page, in the shape the message component draws."""
    flash({"text": text, "kind": kind, "undo": undo})  # type: ignore[arg-type]  # Flask keeps any JSON value
