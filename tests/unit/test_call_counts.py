"""What the store keeps of calls: how many had a name, which numbers had none, for how long."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.store import CallBatch, CallCount, CallLedger, CallsKept, Store, UnnamedNumber
from astsync.store.call_counts import HOUR, MOST_OF_A_DAY, hour_of
from tests.unit.old_stores import taken_back

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
AT = NOW.timestamp()
NUMBER = "74955550171"
SINCE, UNTIL = NOW - timedelta(days=1), NOW + timedelta(days=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "store.sqlite3"
    Store(found).close()
    return found


@pytest.fixture
def ledger(path: Path) -> Iterator[CallLedger]:
    with closing(CallLedger(path, CallsKept())) as opened:
        yield opened


def batch(at: float = AT, ending: str = "unknown", **numbers: int) -> CallBatch:
    """One call of an ending, and calls of numbers (with an underscore before them) in the hour of ``at``."""
    hour = hour_of(at)
    return CallBatch({(hour, ending): 1}, {(hour, name[1:]): (calls, at) for name, calls in numbers.items()})


def kept(path: Path) -> tuple[int, int]:
    """How many rows there are of both tables."""
    with closing(sqlite3.connect(path)) as db:
        calls, numbers = (db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("call_count", "unnamed"))  # noqa: S608
        return calls, numbers


def test_calls_add_up_by_hour_and_ending(path: Path, ledger: CallLedger) -> None:
    assert ledger.add(batch(_74955550171=2), AT)
    assert ledger.add(batch(AT + 60, _74955550171=1, _74955550172=1), AT)
    assert ledger.add(batch(AT + HOUR, ending="snapshot"), AT)
    hour = datetime.fromtimestamp(hour_of(AT), UTC)
    with closing(Store(path, write=False)) as store:
        assert store.counted_since() == hour
        assert store.call_counts(SINCE, UNTIL) == (
            CallCount(hour, "unknown", 2),
            CallCount(hour + timedelta(hours=1), "snapshot", 1),
        )
        assert store.unnamed(SINCE, UNTIL) == (
            UnnamedNumber(NUMBER, 3, NOW + timedelta(minutes=1)),
            UnnamedNumber("74955550172", 1, NOW + timedelta(minutes=1)),
        )
        assert store.call_counts(SINCE, hour) == ()
        assert store.unnamed(hour + timedelta(hours=1), UNTIL) == ()


def test_that_calls_are_counted_is_known_before_the_first_call(path: Path, ledger: CallLedger) -> None:
    with closing(Store(path)) as store:
        assert store.counted_since() is None
        ledger.add(CallBatch({(hour_of(AT), "snapshot"): 0}), AT)
        assert store.counted_since() == datetime.fromtimestamp(hour_of(AT), UTC)
        assert store.call_counts(SINCE, UNTIL) == ()


@pytest.mark.parametrize(("zone", "minutes"), [("UTC0", 0), ("MSK-3", 0), ("IST-5:30", 30), ("NPT-5:45", 15)])
def test_an_hour_begins_where_the_clock_on_the_wall_has_one(
    zone: str, minutes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert hour_of(AT + 59) == hour_of(AT)
        assert hour_of(AT) % HOUR == minutes * 60
        assert hour_of(AT) <= AT < hour_of(AT) + HOUR
    finally:
        monkeypatch.undo()
        time.tzset()


def test_of_a_day_with_too_many_numbers_those_that_called_least_leave(path: Path, ledger: CallLedger) -> None:
    hour = hour_of(AT)
    first = {(hour, str(70000000000 + at)): (1, AT + at / 1_000) for at in range(MOST_OF_A_DAY)}
    ledger.add(CallBatch({(hour, "unknown"): 1}, first | {(hour, NUMBER): (2, AT - 60)}), AT)
    ledger.add(batch(AT + 5, _74955550172=1), AT)
    ledger.add(batch(AT - 2 * 86_400, _74955550173=1), AT)
    with closing(Store(path)) as store:
        found = [one.number for one in store.unnamed(SINCE, UNTIL)]
        assert len(found) == MOST_OF_A_DAY
        assert found[:2] == [NUMBER, "74955550172"]
        assert {"70000000000", "70000000001"}.isdisjoint(found)  # they were silent longest
        assert [one.number for one in store.unnamed(SINCE - timedelta(days=2), SINCE)] == ["74955550173"]


def test_what_is_old_goes_when_calls_come_and_when_a_run_ends(path: Path) -> None:
    with closing(CallLedger(path, CallsKept(days=7))) as ledger:
        ledger.add(batch(AT - 8 * 86_400, _74955550171=1), AT - 8 * 86_400)
        ledger.add(batch(AT - 6 * 86_400, _74955550171=1), AT - 6 * 86_400)
        assert kept(path) == (2, 2)
        ledger.add(batch(_74955550171=1), AT)
        assert kept(path) == (2, 2)
    with closing(Store(path, calls_kept=CallsKept(days=0))) as store:
        store.end_run(store.begin_run("sync"), 0)
    assert kept(path) == (0, 0)


def test_a_clock_that_is_a_year_ahead_takes_one_day_at_once(path: Path) -> None:
    with closing(CallLedger(path, CallsKept(days=7))) as ledger:
        for days in (3, 2, 1):
            ledger.add(batch(AT - days * 86_400, _74955550171=1), AT)
        ledger.add(batch(AT - 86_400 + 3_600, _74955550171=1), AT + 366 * 86_400)
        assert kept(path) == (3, 3)


def test_where_no_numbers_are_to_be_kept_the_old_ones_go_too(path: Path, ledger: CallLedger) -> None:
    ledger.add(batch(_74955550171=1), AT)
    with closing(CallLedger(path, CallsKept(numbers=False))) as other:
        other.add(batch(), AT)
    assert kept(path) == (1, 0)


def test_a_number_can_be_forgotten(path: Path, ledger: CallLedger) -> None:
    ledger.add(batch(_74955550171=2, _74955550172=1), AT)
    with closing(Store(path)) as store:
        erased = store.forget([NUMBER, "84955550171"], "4955550171", [])
        assert (erased.calls, erased.compacted) == (2, True)
        assert [one.number for one in store.unnamed(SINCE, UNTIL)] == ["74955550172"]
        assert sum(one.count for one in store.call_counts(SINCE, UNTIL)) == 1
    assert ledger.add(batch(), AT)  # the file was written anew, and is the same one
    assert NUMBER.encode() not in path.read_bytes()


def test_without_a_store_of_this_version_nothing_is_written_and_nothing_made(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with closing(CallLedger(path, CallsKept())) as ledger:
        assert not ledger.add(batch(), AT)
        assert not path.exists()
        Store(path).close()
        taken_back(path, 7)
        assert not ledger.add(batch(), AT)
        Store(path).close()
        assert ledger.add(batch(), AT)
        path.rename(tmp_path / "aside")
        Store(path).close()
        assert ledger.add(batch(), AT)
    assert kept(path) == (1, 0)


def test_a_store_of_version_7_keeps_its_runs_and_counts_from_now_on(path: Path) -> None:
    with closing(Store(path)) as store:
        store.end_run(store.begin_run("sync"), 4, "1C answered HTTP 500")
    taken_back(path, 7)
    for write in (False, True):
        with closing(Store(path, write=write)) as store:
            (run,) = store.runs()
            assert (run.message, run.hint) == ("1C answered HTTP 500", "")
            assert store.counted_since() is None


def test_the_cure_of_a_failure_is_kept_and_forgotten_as_its_words_are(path: Path) -> None:
    with closing(Store(path)) as store:
        store.end_run(store.begin_run("sync"), 4, f"no {NUMBER}", hint=f"Look at {NUMBER}.")
        assert store.runs()[0].hint == f"Look at {NUMBER}."
        assert store.forget([NUMBER], "", []).messages == 2
        assert store.runs()[0].hint == "Look at …."
