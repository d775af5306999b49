"""What a process is told by the one that started it: settings in the environment, secrets by a file that has no name.

An environment can be read from outside as long as the process lives, and by everything the process starts.
"""

import json
import os
from collections.abc import Mapping

SECRET = ("DATABASE_URL", "SECRET_KEY")
_HANDED = "POSTROOM_SETTINGS"


def settings() -> dict[str, str]:
    """The environment and what was handed over, which is read and closed here: call once, at the start."""
    told = dict(os.environ)
    if descriptor := os.environ.pop(_HANDED, ""):
        with os.fdopen(int(descriptor), "rb") as file:
            told |= json.load(file)
    return told


def handed_over(settings: Mapping[str, str]) -> tuple[int, dict[str, str]]:
    """A descriptor for the next process, and the environment in which it finds it; close the first once it runs.

    `settings`, and what is secret in this process's environment, go by the descriptor; the rest stays where it is.
    """
    secret = {name: os.environ[name] for name in SECRET if name in os.environ}
    descriptor = os.memfd_create("settings")
    os.write(descriptor, json.dumps(secret | dict(settings)).encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    environment = {name: value for name, value in os.environ.items() if name not in SECRET}
    return descriptor, environment | {_HANDED: str(descriptor)}
