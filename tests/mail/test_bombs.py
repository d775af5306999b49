"""Mail that is small to send and expensive to read costs a bounded amount of work and 300 MB at most."""

import subprocess
import sys
from pathlib import Path

from tests.effort import BOMB
from tests.hostile import bomb_names

ROOT = Path(__file__).parents[2]
MEGABYTES = 300


def read_bombs(*arguments: object) -> list[list[str]]:
    program = [sys.executable, "-m", "tests.hostile.reading", *map(str, arguments)]
    run = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return [line.split() for line in run.stdout.splitlines()]


def is_too_dear(name: str, word: str, efforts: str, megabytes: str) -> bool:
    return word != "ok" or int(efforts) > BOMB or int(megabytes) > MEGABYTES


def test_every_bomb_is_read_with_bounded_work_and_300_megabytes() -> None:
    """Each in a process of its own, which the system ends when it takes more. What is too dear is so again."""
    lines = read_bombs(BOMB, MEGABYTES)
    assert [line[0] for line in lines] == bomb_names()
    again = [read_bombs(BOMB, MEGABYTES, line[0])[0] for line in lines if is_too_dear(*line)]
    assert [line for line in again if is_too_dear(*line)] == []


def test_the_limits_are_real() -> None:
    assert [line[1] for line in read_bombs(BOMB, 1, "bomb-text-lines")] == ["ended:256"]
    assert is_too_dear(*read_bombs(1, MEGABYTES, "bomb-html-paragraphs")[0])
