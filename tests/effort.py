"""Bounds of work are given in efforts: what one fixed piece of work costs on this machine at this moment.

A slow or busy machine makes both dearer alike; a bound in seconds would be about the machine. Processor time, because
waiting for others is no work.
"""

import os
import re
import time
from pathlib import Path

# What a message may cost that is small to send and expensive to read: twice what the dearest of them does.
BOMB = 150

_TEXT = "".join(f'<p class="c{number}">Word {number} &amp; more.</p>\n' for number in range(1_000))


def effort() -> float:
    """Processor seconds of one effort: text taken apart, looked up and put together, as reading mail is."""
    began = time.thread_time()
    for _ in range(8):
        found: dict[str, int] = {}
        for piece in re.split(r"(<[^>]*>)", _TEXT):
            word = piece.strip().lower()
            found[word] = found.get(word, 0) + len("".join(reversed(word)))
        assert len(found) > 2_000
    return time.thread_time() - began


def worked(pid: int) -> float:
    """Processor seconds that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
