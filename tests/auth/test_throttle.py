"""Limits: counted before the answer is looked at, atomically, on both databases."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from auth import throttle
from auth.errors import TooManyAttempts
from auth.models import Attempt
from auth.throttle import Limit
from tests.auth.conftest import World

FIVE = Limit(tries=5, window=3600, wait=600)


def _try(world: World, at: int, key: str = "k", limit: Limit = FIVE) -> int | None:
    """How long one must wait, or None when one may try."""
    try:
        with world.db.write() as session:
            throttle.take(session, key, limit, at)
    except TooManyAttempts as waiting:
        return waiting.retry_after
    return None


def test_after_five_attempts_the_key_waits(each_world: World) -> None:
    assert [_try(each_world, 1000 + second) for second in range(7)] == [None] * 5 + [599, 598]


def test_the_wait_doubles_with_every_five_more(each_world: World) -> None:
    at, waits = 1000, []
    for _ in range(4):
        assert [_try(each_world, at, limit=Limit(5, 86_400, 600)) for _ in range(5)] == [None] * 5
        wait = _try(each_world, at)
        assert wait is not None
        waits.append(wait)
        assert _try(each_world, at + wait - 1) == 1
        at += wait
    assert waits == [600, 1200, 2400, 4800]


def test_no_wait_is_longer_than_four_hours(world: World) -> None:
    with world.db.write() as session:
        session.add(Attempt(key="k", count=9999, window_started_at=1000, blocked_until=0))
    assert _try(world, 2000) is None
    assert _try(world, 2000) == throttle.LONGEST_WAIT


def test_attempts_long_ago_are_forgotten(each_world: World) -> None:
    assert [_try(each_world, 1000) for _ in range(4)] == [None] * 4
    assert [_try(each_world, 1000 + 3600) for _ in range(5)] == [None] * 5
    assert _try(each_world, 1000 + 3600) == 600


def test_keys_do_not_count_for_each_other(world: World) -> None:
    assert [_try(world, 1000, key="ana") for _ in range(5)] == [None] * 5
    assert _try(world, 1000, key="ana") is not None
    assert _try(world, 1000, key="ben") is None


def test_a_right_answer_gives_its_attempt_back(each_world: World) -> None:
    for _ in range(20):
        assert _try(each_world, 1000) is None
        with each_world.db.write() as session:
            throttle.give_back(session, "k")


def test_the_fifth_attempt_being_right_blocks_nobody(each_world: World) -> None:
    assert [_try(each_world, 1000) for _ in range(5)] == [None] * 5
    with each_world.db.write() as session:
        throttle.give_back(session, "k")
    assert _try(each_world, 1000) is None


def test_twenty_at_the_same_moment_are_twenty(each_world: World) -> None:
    gate, results, lock = threading.Barrier(20), [], threading.Lock()

    def one() -> None:
        gate.wait()
        waited = _try(each_world, 1000)
        with lock:
            results.append(waited)

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(None) == 5
    assert results.count(600) == 15


def test_old_attempts_leave_the_database(each_world: World) -> None:
    _try(each_world, 1000, key="old")
    _try(each_world, 1000 + throttle.FORGET_AFTER, key="new")
    with each_world.db.write() as session:
        throttle.forget_old(session, 1000 + throttle.FORGET_AFTER)
    with each_world.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 1


@given(st.text(max_size=400), st.text(max_size=400))
def test_a_key_is_short_and_tells_nothing(first: str, second: str) -> None:
    key = throttle.key("password", first, second)
    assert len(key) <= 80
    assert len(first) < 12 or first not in key


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_what_counts_as_one_client(address: str, counted: str) -> None:
    assert throttle.network(address) == counted


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "Wait 1 minute,"), (60, "Wait 1 minute,"), (61, "Wait 2 minutes,"), (900, "15 minutes"), (14_400, "4 hours")],
)
def test_the_wait_is_said_in_words(seconds: int, words: str) -> None:
    assert words in TooManyAttempts(seconds).public
