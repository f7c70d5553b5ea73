"""What is worth telling, and when."""

import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from astsync.errors import LockedError, SafetyError, SourceUnreachable
from astsync.notify import memory
from astsync.notify.events import LONGEST, Occasion, digest_due, digest_period, of_run
from astsync.notify.memory import Memory
from astsync.notify.outcome import Fault, Outcome, of_error

MOSCOW = ZoneInfo("Europe/Moscow")
HOUR = 3600.0
GOOD = Outcome("astsync sync", 0)
DOWN = of_error("astsync sync", SourceUnreachable("no connection"))
AWAY = Outcome("astsync sync", 7, [Fault("office", "office: no connection")])


def told(steps: list[tuple[float, Outcome]], start: Memory | None = None) -> list[tuple[float, Occasion]]:
    """Play runs at hours; what was told and when."""
    found, kept = [], start or Memory()
    for hour, outcome in steps:
        decision = of_run(kept, outcome, 1_000_000 + hour * HOUR)
        kept = decision.told
        if decision.occasion is not None:
            found.append((hour, decision.occasion))
    return found


def test_a_failure_that_lasts_a_day_is_one_message_and_its_end_another() -> None:
    runs = [(quarter / 4, DOWN) for quarter in range(96)]
    assert told([(-1, GOOD), *runs, (24, GOOD), (25, GOOD)]) == [(0, Occasion.FAILURE), (24, Occasion.RECOVERY)]


def test_another_failure_is_told_beside_the_first_one() -> None:
    runs: list[tuple[float, Outcome]] = [(0, DOWN), (1, AWAY), (2, DOWN), (3, AWAY), (4, GOOD)]
    assert told(runs) == [(0, Occasion.FAILURE), (1, Occasion.FAILURE), (4, Occasion.RECOVERY)]


def test_a_failure_that_comes_and_goes_is_not_told_each_time() -> None:
    runs: list[tuple[float, Outcome]] = []
    for hour in range(5):
        runs += [(hour, DOWN), (hour + 0.5, GOOD)]
    assert told(runs) == [(0, Occasion.FAILURE), (0.5, Occasion.RECOVERY)]
    assert told([*runs, (7, DOWN)])[-1] == (7, Occasion.FAILURE)


def test_a_failure_that_comes_back_and_lasts_is_told_again() -> None:
    again = [(hour, DOWN) for hour in range(1, 12)]
    assert told([(0, DOWN), (0.5, GOOD), *again])[2:] == [(6, Occasion.FAILURE)]


def test_a_refusal_has_its_own_occasion() -> None:
    refused = of_error("astsync sync", SafetyError("too many"))
    assert told([(0, refused), (1, refused)]) == [(0, Occasion.REFUSAL)]


def test_a_lock_is_a_failure_only_when_it_lasts() -> None:
    locked = of_error("astsync sync", LockedError("held"))
    assert told([(0, locked), (0.5, locked), (0.9, GOOD)]) == []
    assert told([(0, locked), (0.5, locked), (1, locked), (1.5, locked)]) == [(1, Occasion.FAILURE)]


def test_what_could_not_be_told_is_told_by_the_next_run() -> None:
    first = of_run(Memory(), DOWN, HOUR)
    second = of_run(first.untold, DOWN, 2 * HOUR)
    assert second.occasion is Occasion.FAILURE
    assert second.told.since == HOUR
    over = of_run(second.told, GOOD, 3 * HOUR)
    assert of_run(over.untold, GOOD, 4 * HOUR).occasion is Occasion.RECOVERY


def test_a_clock_that_was_set_back_makes_no_time_below_zero() -> None:
    kept = of_run(Memory(), DOWN, 10 * HOUR).told
    assert of_run(kept, DOWN, HOUR).told.since == HOUR


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        (datetime(2026, 11, 23, 7, 59, tzinfo=MOSCOW), False),  # a Monday
        (datetime(2026, 11, 23, 8, 0, tzinfo=MOSCOW), True),
        (datetime(2026, 11, 24, 3, 0, tzinfo=MOSCOW), True),
        (datetime(2026, 11, 29, 23, 0, tzinfo=MOSCOW), True),
    ],
)
def test_the_digest_is_due_once_a_week(moment: datetime, due: bool) -> None:
    before = datetime(2026, 11, 18, 12, tzinfo=MOSCOW)
    first, kept = digest_due(Memory(), "mon", before)
    assert not first  # nobody wants a digest of the time before it was asked for
    found, after = digest_due(kept, "mon", moment)
    assert found is due
    assert digest_due(after, "mon", moment) == (False, after)


@pytest.mark.parametrize(("hour", "due"), [(7, False), (8, True), (23, True)])
def test_a_daily_digest_is_due_each_day(hour: int, due: bool) -> None:
    _, kept = digest_due(Memory(), "daily", datetime(2026, 11, 22, 12, tzinfo=MOSCOW))
    found, after = digest_due(kept, "daily", datetime(2026, 11, 23, hour, tzinfo=MOSCOW))
    assert found is due
    assert digest_due(after, "daily", datetime(2026, 11, 24, 8, tzinfo=MOSCOW))[0]


def test_a_digest_tells_of_whole_days_and_of_none_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Moscow")
    time.tzset()
    try:
        moments = [datetime(2026, 11, day, 9, tzinfo=MOSCOW) for day in (20, 23, 24)]
        memories = [digest_due(Memory(), "daily", moment)[1] for moment in moments]
        first, second = (digest_period(*two) for two in pairwise(memories))
        assert first == (datetime(2026, 11, 20, tzinfo=MOSCOW), datetime(2026, 11, 23, tzinfo=MOSCOW))
        assert second == (datetime(2026, 11, 23, tzinfo=MOSCOW), datetime(2026, 11, 24, tzinfo=MOSCOW))
        old = digest_period(Memory(digest=1e9), memories[0])
        assert old[1] - old[0] == LONGEST
    finally:
        monkeypatch.undo()
        time.tzset()


def test_no_digest_that_nobody_asked_for() -> None:
    assert digest_due(Memory(), "", datetime(2026, 11, 23, 9, tzinfo=MOSCOW)) == (False, Memory())


def test_the_memory_is_read_as_it_was_saved(tmp_path: Path) -> None:
    kept = Memory(5.0, 3, ("4",), {"4": 5.0, "7 office": 6.0}, 9.0)
    file = memory.file_of(tmp_path / "store.sqlite3")
    assert memory.read(file) == Memory()
    memory.save(file, kept)
    assert memory.read(file) == kept
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"since": "x", "runs": [], "open": 5, "told": {"4": "y"}, "digest": -1}', "[" * 60_000],
)
def test_a_memory_that_makes_no_sense_is_forgotten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.told"
    file.write_text(text, encoding="utf-8")
    assert memory.read(file) == Memory()


def test_a_memory_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.told").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic links"):
        memory.read(tmp_path / "x.told")
