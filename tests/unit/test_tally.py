"""Calls are counted beside the calls: nothing that the store does reaches one."""

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.lookup import tally as module
from astsync.lookup.tally import MOST_WAITING, CallTally
from astsync.phonebook.endings import NAMED, NAMELESS, Ending
from astsync.store import CallBatch, CallLedger, CallsKept, Store
from tests.eventually import eventually

NUMBER = "74955550171"


class Clock:
    now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "store.sqlite3"
    Store(found).close()
    return found


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY", 0.01)


@pytest.fixture
def tally(path: Path) -> Iterator[CallTally]:
    with closing(CallTally(path, CallsKept(), Clock())) as found:
        found.start()
        yield found


def counts(path: Path) -> dict[str, int]:
    """How many calls the store has of each ending."""
    at = datetime.fromtimestamp(Clock.now, UTC)
    with closing(Store(path, write=False)) as store:
        return {one.ending: one.count for one in store.call_counts(at - timedelta(days=1), at + timedelta(days=1))}


def numbers(path: Path) -> dict[str, int]:
    at = datetime.fromtimestamp(Clock.now, UTC)
    with closing(Store(path, write=False)) as store:
        return {one.number: one.count for one in store.unnamed(at - timedelta(days=1), at + timedelta(days=1))}


def test_of_every_ending_it_is_known_whether_a_number_is_kept(path: Path, tally: CallTally) -> None:
    for at, ending in enumerate(Ending):
        tally.ended(ending, f"749555501{at:02}")
    tally.close()
    assert counts(path) == dict.fromkeys(map(str, Ending), 1)
    every = [f"749555501{at:02}" for at, ending in enumerate(Ending) if ending in NAMELESS]
    assert sorted(numbers(path)) == every
    assert not set(NAMED) & set(NAMELESS)


def test_calls_are_in_the_store_soon_and_the_last_ones_at_the_end(path: Path, tally: CallTally) -> None:
    tally.ended("unknown", NUMBER)
    eventually(lambda: counts(path) == {"unknown": 1})
    for _ in range(3):
        tally.ended("unknown", NUMBER)
    tally.close()
    assert counts(path) == {"unknown": 4}
    assert numbers(path) == {NUMBER: 4}


def test_that_calls_are_counted_is_written_before_the_first_call(path: Path, tally: CallTally) -> None:
    def told() -> bool:
        with closing(Store(path, write=False)) as store:
            return store.counted_since() is not None

    eventually(told)
    assert counts(path) == {}


def test_without_numbers_there_are_counts_alone(path: Path) -> None:
    with closing(CallTally(path, CallsKept(numbers=False), Clock())) as tally:
        tally.start()
        tally.ended("unknown", NUMBER)
    assert counts(path) == {"unknown": 1}
    assert numbers(path) == {}
    assert NUMBER.encode() not in path.read_bytes()


def test_where_nothing_is_to_be_kept_no_thread_runs(path: Path) -> None:
    before = threading.active_count()
    with closing(CallTally(path, CallsKept(days=0), Clock())) as tally:
        tally.start()
        tally.ended("unknown", NUMBER)
        assert threading.active_count() == before
    assert counts(path) == {}


def test_a_store_that_another_program_holds_delays_no_call_and_costs_no_figure(
    path: Path, tally: CallTally, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        begun = time.perf_counter()
        for _ in range(10_000):
            tally.ended("unknown", NUMBER)
        assert time.perf_counter() - begun < 5  # of a writing that waits for the store each would take a second
        other.execute("COMMIT")
    tally.close()
    assert counts(path) == {"unknown": 10_000}
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_store_that_cannot_be_written_is_told_once(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = threading.Semaphore(0)

    real = CallLedger(path, CallsKept())

    class Full:
        full = True

        def __init__(self, *_: object) -> None:
            self.close = real.close

        def add(self, batch: CallBatch, now: float) -> bool:
            tries.release()
            if Full.full:
                raise sqlite3.OperationalError("database or disk is full")
            return real.add(batch, now)

    monkeypatch.setattr(module, "CallLedger", Full)
    caplog.set_level(logging.INFO, "astsync")
    with closing(CallTally(path, CallsKept(), Clock())) as tally:
        tally.start()
        tally.ended("unknown", NUMBER)
        for _ in range(5):
            assert tries.acquire(timeout=20)
        tally.ended("late", NUMBER)
        Full.full = False
        eventually(lambda: counts(path) == {"unknown": 1, "late": 1})
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        f"calls are not counted for the report: the store {path}: database or disk is full",
        "calls are counted again",
    ]
    assert numbers(path) == {NUMBER: 2}


def test_what_waits_is_bounded(tmp_path: Path) -> None:
    tally = CallTally(tmp_path / "none.sqlite3", CallsKept(), Clock())
    for at in range(MOST_WAITING + 5):
        tally.ended("unknown", str(70000000000 + at))
    tally.ended("unknown", "70000000000")
    assert len(tally._batch.numbers) == MOST_WAITING
    assert sum(tally._batch.counts.values()) == MOST_WAITING + 6


def test_a_bug_of_the_writing_ends_neither_the_thread_nor_a_call(
    path: Path, tally: CallTally, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(tally._ledger, "add", lambda *_: 1 // 0)
        tally.ended("unknown", NUMBER)
        eventually(lambda: "this is a bug" in caplog.text)
    tally.ended("snapshot")
    eventually(lambda: counts(path) == {"snapshot": 1})
