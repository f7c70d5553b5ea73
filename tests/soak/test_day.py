"""A short share of the soak: a few hours of watch with a restart an hour leave nothing behind."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from astsync.sandbox.asterisk import Installation
from tests.soak.day import Day, RealPbx, StandInPbx, live

GROWTH = 200_000  # bytes of Python's objects: caches that fill; a leaked connection alone holds a 262,144 byte buffer


def check(day: Day, hours: int) -> None:
    assert len(day.samples) == hours
    assert day.pulls > hours
    first, *others = day.samples
    assert [sample.threads for sample in others] == [first.threads] * len(others)
    assert [sample.descriptors for sample in others] == [first.descriptors] * len(others)
    assert day.grown_objects < GROWTH


def lived(folder: Path, make: Callable[[], StandInPbx | RealPbx], hours: int) -> Day:
    pbx = make()
    try:
        return live(folder, pbx, hours=hours, speed=10_000, seed=5)
    finally:
        pbx.stop()


def lived_alone(folder: Path, make: Callable[[], StandInPbx | RealPbx], hours: int) -> Day:
    """Live in a process of its own: in that of all tests Python's table of strings may just grow, by 4 MB at once."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(lived, folder, make, hours).result()


def test_six_hours_beside_a_stand_in(tmp_path: Path) -> None:
    check(lived_alone(tmp_path, StandInPbx, 6), 6)


def test_three_hours_beside_a_real_asterisk(any_installation: Installation, tmp_path: Path) -> None:
    check(lived_alone(tmp_path, partial(RealPbx, any_installation), 3), 3)
