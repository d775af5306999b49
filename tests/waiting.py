"""Waiting for what happens, however long this machine takes: never for a time, and never with an eye on the clock."""

import time
from collections.abc import Callable

# Seconds after which a test gives up, so that one that hangs ends. Nothing that works comes near it on any machine.
PATIENCE = 120.0


def until(condition: Callable[[], object]) -> None:
    """Return once `condition()` holds; fails when it never does."""
    given_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < given_up, "it never happened"
        time.sleep(0.02)
