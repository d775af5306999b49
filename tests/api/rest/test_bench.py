"""The bench of large accounts says by itself whether a page costs too much."""

import subprocess
import sys

import pytest

from servers.child import ROOT
from tests.waiting import PATIENCE


@pytest.mark.parametrize(("limit", "code"), [("10000", 0), ("0", 1)])
def test_the_bench_fails_when_a_page_costs_too_much(limit: str, code: int) -> None:
    command = [sys.executable, "-m", "bench.api_mailboxes", "--mailboxes", "2000", "--rounds", "1", "--limit", limit]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603
    assert done.returncode == code, done.stderr
    assert ("Over 0 ms: first page, " in done.stdout) == bool(code)
