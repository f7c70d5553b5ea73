"""A short share of the soak: a few hours of watch with a restart an hour leave nothing behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.fixture
def standin() -> Iterator[StandInPbx]:
    pbx = StandInPbx()
    yield pbx
    pbx.stop()


@pytest.fixture
def asterisk(any_installation: Installation) -> Iterator[RealPbx]:
    pbx = RealPbx(any_installation)
    yield pbx
    pbx.stop()


def test_six_hours_beside_a_stand_in(standin: StandInPbx, tmp_path: Path) -> None:
    check(live(tmp_path, standin, hours=6, speed=10_000, seed=5), 6)


def test_three_hours_beside_a_real_asterisk(asterisk: RealPbx, tmp_path: Path) -> None:
    check(live(tmp_path, asterisk, hours=3, speed=10_000, seed=5), 3)
