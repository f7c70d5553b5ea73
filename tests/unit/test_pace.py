"""A PBX with a rate is written to no faster; the bounds of time stay honest, by a clock that the test moves."""

import logging
from types import SimpleNamespace

import pytest

from astsync.errors import PbxTimeout
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.pace import BATCH, Pace
from astsync.phonebook.packed import PackedKeys
from astsync.sandbox.ami import AmiStandIn
from astsync.stopping import Stopping
from tests.unit.test_connection import config

MANY = [(str(74950000000 + number), f"OOO Romashka {number}") for number in range(100)]


@pytest.mark.parametrize(("rate", "seconds"), [(1, 999), (7, 142), (100, 9.9), (2_500, 0.3), (1_000_000, 0)])
def test_entries_take_the_time_that_their_rate_gives_them(rate: int, seconds: float) -> None:
    pace, now, left = Pace(rate), 1_000.0, 1_000
    while left:
        now += pace.left(now)
        assert pace.left(now) == pytest.approx(0)
        pace.sent(min(pace.batch, left), now)
        left -= min(pace.batch, left)
    assert now - 1_000 == pytest.approx(seconds, abs=0.9)
    assert pace.seconds(1_000) == pytest.approx(1_000 / rate)


def test_what_was_not_sent_in_time_is_not_caught_up_on() -> None:
    pace = Pace(100)
    pace.sent(10, 0.0)
    pace.sent(10, 60.0)
    assert pace.left(60.0) == pytest.approx(0.1)


def test_a_batch_of_a_rate_is_a_tenth_of_a_second_and_never_empty() -> None:
    assert [Pace(rate).batch for rate in (1, 9, 10, 500, 1_000_000)] == [1, 1, 1, 50, BATCH]


def test_without_a_rate_nothing_waits() -> None:
    pace = Pace(0)
    pace.sent(1_000_000, 0.0)
    assert (pace.left(0.0), pace.batch, pace.seconds(1_000_000)) == (0.0, BATCH, 0.0)


class Clock(Stopping):
    """A clock that moves only where the writer rests, and the end of a run by it."""

    def __init__(self, seconds: float = 1e9) -> None:
        super().__init__()
        self.now, self._until = 0.0, seconds

    @property
    def late(self) -> bool:
        return self.now >= self._until

    def left(self, most: float = 1e9) -> float:
        return max(min(most, self._until - self.now), 0.0)

    def wait(self, seconds: float) -> bool:
        self.now += min(seconds, self._until - self.now)
        return self.late


@pytest.fixture
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(getattr(request, "param", 1e9))
    monkeypatch.setattr("astsync.pbx.pipeline.time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.mark.server
def test_a_writer_that_is_slowed_is_not_taken_for_a_dead_pbx(clock: Clock) -> None:
    # Two a second are fewer than any PBX may answer, and fifty seconds are more than all of them together may take.
    with AmiStandIn() as standin, AmiPbx(config(standin, rate=2, timeout=1), "cidname").open(clock) as family:
        assert family.put(MANY).done == 100
        assert clock.now == pytest.approx(49.5)
        assert standin.family() == dict(MANY)
        assert family.delete([key for key, _ in MANY[:40]]).done == 40
        assert clock.now == pytest.approx(49.5 + 19.5)


@pytest.mark.server
@pytest.mark.parametrize("clock", [20.0], indirect=True)
def test_a_run_that_must_end_ends_while_it_rests_and_knows_what_it_wrote(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        AmiStandIn() as standin,
        AmiPbx(config(standin, rate=2), "cidname").open(clock) as family,
        caplog.at_level(logging.WARNING),
        pytest.raises(PbxTimeout, match=r"pbx\.rate allows 2 a second") as error,
    ):
        family.put(MANY)
    assert "pbx.rate allows 40 of 100 entries" in caplog.text
    assert clock.now == pytest.approx(20)
    written = set(standin.family())
    assert len(written) == 40
    assert written | set(error.value.left or ()) == set(dict(MANY))
    assert error.value.done + len(set(error.value.left or ())) == 100  # some answers may be on their way


@pytest.mark.server
@pytest.mark.parametrize("clock", [20.0], indirect=True)
def test_deletes_that_the_rate_does_not_allow_are_warned_of_too(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    numbers = PackedKeys.of([key for key, _ in MANY])
    with AmiStandIn() as standin:
        standin.fill(dict(MANY))
        with (
            AmiPbx(config(standin, rate=2), "cidname").open(clock) as family,
            caplog.at_level(logging.WARNING),
            pytest.raises(PbxTimeout),
        ):
            family.delete(numbers)
        assert "pbx.rate allows 40 of 100 entries" in caplog.text
