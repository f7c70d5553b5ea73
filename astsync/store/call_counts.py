"""How many calls had a name and how many had none, by the hour, and the numbers that had none: for the report.

Whoever answers calls adds to it, ``CallLedger``, without the lock of runs: a run of minutes must not keep figures
waiting in the memory of a process that may be killed.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from astsync.store.lockless import LocklessWriter, NoStoreYet
from astsync.store.open_files import Identity
from astsync.store.records import CallBatch, CallCount, CallsKept, UnnamedNumber

MOST_OF_A_DAY = 2_000
"""Hours of numbers without a name that are kept of a day. Where there are more, the numbers that called least leave,
and of these the ones that are silent longest."""
HOUR = 3_600
_DAY = 86_400.0
_EVERY_HOUR = float("inf")
_BUSY = 1.0  # seconds that a writing waits for another one

_COUNT = """
INSERT INTO call_count VALUES (?, ?, ?) ON CONFLICT (hour, ending) DO UPDATE SET count = count + excluded.count
"""
_NUMBER = """
INSERT INTO unnamed VALUES (?, ?, ?, ?)
ON CONFLICT (hour, number) DO UPDATE SET count = count + excluded.count, last = max(last, excluded.last)
"""
_OF_A_DAY = "SELECT count(*) FROM unnamed WHERE hour >= ? AND hour < ?"
_TOO_MANY = """
DELETE FROM unnamed WHERE hour >= :first AND hour < :next AND number IN (
    SELECT number FROM unnamed WHERE hour >= :first AND hour < :next
    GROUP BY number ORDER BY sum(count), max(last), number LIMIT :most
)
"""
_COUNTS = """
SELECT hour, ending, count FROM call_count WHERE hour >= ? AND hour < ? AND count > 0 ORDER BY hour, ending
"""
_UNNAMED = """
SELECT number, sum(count) AS calls, max(last) AS at FROM unnamed WHERE hour >= ? AND hour < ?
GROUP BY number ORDER BY calls DESC, at DESC, number
"""


def hour_of(at: float) -> int:
    """When the hour began that a moment is in, by the clock on the wall; both in seconds since 1970."""
    offset = _offset(at)
    return int((at + offset) // HOUR * HOUR - offset)


def _offset(at: float) -> int:
    found = datetime.fromtimestamp(at, UTC).astimezone().utcoffset()
    return int(found.total_seconds()) if found is not None else 0


def _day_of(hour: int) -> tuple[int, int]:
    """Where the day of an hour begins and where the next one does, by the clock on the wall."""
    day = datetime.fromtimestamp(hour, UTC).astimezone().date()
    # A time without a zone is one of the wall: so that a day of 23 or 25 hours ends where it does.
    first, after = (datetime.combine(each, time.min).timestamp() for each in (day, day + timedelta(days=1)))
    return int(first), int(after)


class CallLedger:
    """Adds calls to the store at ``path``. One thread may use it."""

    def __init__(self, path: Path, kept: CallsKept) -> None:
        self._writer, self._kept = LocklessWriter(path, _BUSY, durable=False), kept
        self._dropped: tuple[Identity | None, int] | None = None  # the store and the day of the last dropping

    def add(self, batch: CallBatch, now: float) -> bool:
        """Add calls, all of them or none, and drop what is too old; ``now`` is in seconds since 1970.

        False where no store of this version is there yet. Raises sqlite3.Error, OSError.
        """

        def write(db: sqlite3.Connection) -> None:
            _add(db, batch)
            self._drop_old(db, now)

        try:
            self._writer.change(write)
        except NoStoreYet:
            return False
        return True

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

    def _drop_old(self, db: sqlite3.Connection, now: float) -> None:
        today = self._writer.file, _day_of(hour_of(now))[0]
        if today != self._dropped:
            drop_old_calls(db, self._kept, now)
            self._dropped = today


def _add(db: sqlite3.Connection, batch: CallBatch) -> None:
    db.executemany(_COUNT, ((hour, ending, count) for (hour, ending), count in batch.counts.items()))
    db.executemany(_NUMBER, ((hour, number, *found) for (hour, number), found in batch.numbers.items()))
    for first, after in {_day_of(hour) for hour, _ in batch.numbers}:
        (count,) = db.execute(_OF_A_DAY, (first, after)).fetchone()
        if count > MOST_OF_A_DAY:
            db.execute(_TOO_MANY, {"first": first, "next": after, "most": count - MOST_OF_A_DAY})


def drop_old_calls(db: sqlite3.Connection, kept: CallsKept, now: float) -> None:
    """Drop the calls that are kept long enough, and all numbers where none are to be kept."""
    before = _least_hour(db, kept.days, now)
    db.execute("DELETE FROM call_count WHERE hour < ?", (before,))
    db.execute("DELETE FROM unnamed WHERE hour < ?", (before if kept.numbers else _EVERY_HOUR,))


def _least_hour(db: sqlite3.Connection, days: int, now: float) -> float:
    """The hours before are too old. As in the journal, one dropping takes a day, since a clock may be a year ahead."""
    (oldest,) = db.execute("SELECT min(hour) FROM call_count").fetchone()
    if not days or oldest is None:
        return _EVERY_HOUR
    return min(now - days * _DAY, float(oldest) + _DAY)


def counted_since(db: sqlite3.Connection) -> datetime | None:
    """Since when calls are counted (UTC), None where they never were."""
    (first,) = db.execute("SELECT min(hour) FROM call_count").fetchone()
    return None if first is None else datetime.fromtimestamp(first, UTC)


def read_call_counts(db: sqlite3.Connection, since: datetime, until: datetime) -> Iterator[CallCount]:
    """The calls of the hours that begin in a period."""
    for hour, ending, count in db.execute(_COUNTS, (since.timestamp(), until.timestamp())):
        yield CallCount(datetime.fromtimestamp(hour, UTC), ending, count)


def read_unnamed(db: sqlite3.Connection, since: datetime, until: datetime) -> Iterator[UnnamedNumber]:
    """The numbers that had no name in the hours that begin in a period; those that called most come first."""
    for number, count, at in db.execute(_UNNAMED, (since.timestamp(), until.timestamp())):
        yield UnnamedNumber(number, count, datetime.fromtimestamp(at, UTC))


def forget_calls(db: sqlite3.Connection, numbers: Sequence[str]) -> int:
    """Forget that these numbers called; how many calls there were. That there were calls stays counted."""
    calls = 0
    for number in numbers:
        (count,) = db.execute("SELECT coalesce(sum(count), 0) FROM unnamed WHERE number = ?", (number,)).fetchone()
        db.execute("DELETE FROM unnamed WHERE number = ?", (number,))
        calls += count
    return calls
