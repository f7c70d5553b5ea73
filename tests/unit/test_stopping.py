"""The end of a run, asked for or by the clock."""

import math
import threading

from astsync.stopping import NEVER, Stopping


def test_without_a_time_a_run_may_last() -> None:
    stopping = Stopping()
    assert not stopping.is_set()
    assert stopping.left() == math.inf
    assert stopping.left(5) == 5
    assert not NEVER.is_set()


def test_a_run_that_somebody_ends_waits_no_more() -> None:
    stopping = Stopping(3600)
    threading.Timer(0.05, stopping.set).start()
    assert stopping.wait(3600)
    assert stopping.is_set()
    assert not stopping.late
    assert stopping.left(5) == 0


def test_a_run_whose_time_is_over_waits_no_more() -> None:
    stopping = Stopping(0.05)
    assert 0 <= stopping.left(5) <= 0.05
    assert stopping.wait(3600)
    assert stopping.late
    assert stopping.left() == 0


def test_a_pause_that_fits_into_the_time_is_waited_whole() -> None:
    assert not Stopping(3600).wait(0.01)
