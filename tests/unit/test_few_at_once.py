"""A few families are read at once, and nobody waits long for his turn."""

import threading
import time

import pytest

from astsync.engine.side_by_side import FewAtOnce
from astsync.stopping import NEVER, Stopping


def test_so_many_read_at_once_and_the_others_in_their_turn() -> None:
    turns, reading, most = FewAtOnce(2, 30), [0], [0]
    lock, together = threading.Lock(), threading.Barrier(2, timeout=30)

    def read() -> None:
        with turns.turn(NEVER):
            with lock:
                reading[0] += 1
                most[0] = max(most[0], reading[0])
            together.wait()
            with lock:
                reading[0] -= 1

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most[0], reading[0], together.broken) == (2, 0, False)


def test_who_has_waited_long_enough_reads_beside_a_slow_one() -> None:
    turns = FewAtOnce(1, 0.05)
    with turns.turn(NEVER):
        for _ in range(2):
            began = time.monotonic()
            with turns.turn(NEVER):
                assert 0.04 < time.monotonic() - began < 5
    began = time.monotonic()
    with turns.turn(NEVER), pytest.raises(ZeroDivisionError), turns.turn(NEVER):
        raise ZeroDivisionError
    with turns.turn(NEVER):
        assert time.monotonic() - began < 5


def test_who_must_stop_waits_for_no_turn() -> None:
    turns, stopping = FewAtOnce(1, 3_600), Stopping()
    stopping.set()
    with turns.turn(NEVER), turns.turn(stopping):
        pass
