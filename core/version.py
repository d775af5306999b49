"""Which Postroom this is."""

import tomllib
from pathlib import Path

_PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def version() -> str:
    """As pyproject.toml has it."""
    found: str = tomllib.loads(_PROJECT.read_text())["project"]["version"]
    return found
