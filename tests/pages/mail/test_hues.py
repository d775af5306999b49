"""Mailboxes are told apart by colour, and none is taken for one's own."""

import re
from itertools import combinations

from pages.mail.present import HUES
from servers.child import ROOT


def test_no_two_colours_are_close_and_none_to_ones_own() -> None:
    told = re.findall(r"\.hue-(\w+) \{ --h: (\d+)", (ROOT / "static/css/hues.css").read_text())
    angles = {name: int(angle) for name, angle in told}
    assert set(angles) == {"own", *map(str, range(HUES))}

    def apart(one: int, other: int) -> int:
        return min((one - other) % 360, (other - one) % 360)

    assert min(apart(*pair) for pair in combinations(angles.values(), 2)) >= 18
    assert min(apart(angle, angles["own"]) for name, angle in angles.items() if name != "own") >= 28
