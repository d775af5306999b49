"""However many slow pictures a letter points at, most of the threads stay with the people."""

import threading
from contextlib import suppress

import pytest

from mail.images.remote_url import ImageRefused, Reason
from mail.images.turns import ImageTurns
from tests.waiting import until


def test_forty_readers_of_slow_pictures_hold_no_more_threads_than_there_are_turns_and_chairs() -> None:
    turns, release = ImageTurns(at_once=3, waiting=2, patience=30), threading.Event()
    at_work, most, refused, lock = 0, 0, 0, threading.Lock()

    def read() -> None:
        nonlocal at_work, most, refused
        try:
            with turns.turn():
                with lock:
                    at_work += 1
                    most = max(most, at_work)
                release.wait(30)
                with lock:
                    at_work -= 1
        except ImageRefused as error:
            with lock:
                refused += error.reason is Reason.BUSY

    readers = [threading.Thread(target=read) for _ in range(40)]
    for reader in readers:
        reader.start()
    until(lambda: refused >= 35)
    assert (at_work, refused) == (3, 35)
    release.set()
    for reader in readers:
        reader.join()
    assert (at_work, most, refused) == (0, 3, 35)


def test_nobody_waits_longer_than_the_patience() -> None:
    turns = ImageTurns(at_once=1, waiting=1, patience=0.05)
    with turns.turn(), pytest.raises(ImageRefused, match="busy"), turns.turn():
        pass
    with turns.turn():
        pass


def test_a_turn_that_fails_is_given_back() -> None:
    turns = ImageTurns(at_once=1, waiting=0)
    for _ in range(3):
        with suppress(KeyError), turns.turn():
            raise KeyError
