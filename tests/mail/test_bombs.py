"""Mail that is small to send and expensive to read costs at most three seconds and 300 MB."""

import subprocess
import sys
from pathlib import Path

from tests.hostile import bomb_names

ROOT = Path(__file__).parents[2]


def read_bombs(*arguments: str) -> list[list[str]]:
    program = [sys.executable, "-m", "tests.hostile.reading", *arguments]
    run = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)  # noqa: S603 - ours
    return [line.split() for line in run.stdout.splitlines()]


def test_every_bomb_is_read_within_three_seconds_and_300_megabytes() -> None:
    """Each in a process of its own, which the system ends when it takes more."""
    lines = read_bombs("3", "300")
    assert [line[0] for line in lines] == bomb_names()
    assert [line for line in lines if line[1] != "ok" or int(line[3]) > 300] == []


def test_the_limits_are_real() -> None:
    assert [line[1] for line in read_bombs("3", "1", "bomb-text-lines")] == ["ended:256"]
