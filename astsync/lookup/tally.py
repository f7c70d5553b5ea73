"""Counts calls into the store, for the report: by the hour and how they ended, and the numbers that had no name.

A call costs a microsecond here, on the event loop. A thread of its own writes what came together, every few seconds: so
long are figures lost at most when the process is killed. A store that is away, locked or full loses figures, and never
delays a call.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from astsync.lookup.counting import NoCounts
from astsync.phonebook.endings import NAMELESS, Ending
from astsync.store import CallBatch, CallLedger, CallsKept
from astsync.store.call_counts import HOUR, hour_of

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two writings."""
MOST_WAITING = 10_000
"""Numbers of an hour that wait to be written, and as many counts. No more are taken while there are so many."""
_END = 2.0  # seconds that the last writing may take
_PATIENCE = 30.0  # seconds that another writer may hold the store until that is told
_TELL = 3_600.0  # seconds between two lines of the log about figures that wait


class CallTally(NoCounts):
    """Counts for the store at ``path``. Use it once: ``start``, then calls, then ``close``.

    ``clock`` tells seconds since 1970, ``elapsed`` seconds.
    """

    def __init__(
        self,
        path: Path,
        kept: CallsKept,
        clock: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._kept, self._clock, self._elapsed = path, kept, clock, elapsed
        self._ledger = CallLedger(path, kept)
        self._numbers = frozenset(NAMELESS) if kept.numbers else frozenset()
        self._hour, self._next = 0, 0
        self._mutex = threading.Lock()  # over the one below
        self._batch = CallBatch()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._live, name="tally", daemon=True)
        self._failing: float | None = None  # since when nothing could be written
        self._told: float | None = None

    def start(self) -> None:
        """Begin to write. That calls are counted from now on is written at once."""
        if self._kept.days:
            self._count(Ending.SNAPSHOT, "", 0)
            self._thread.start()

    def close(self) -> None:
        """Write the rest and end, in two seconds at most."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_END)

    def ended(self, ending: str, number: str = "") -> None:
        """Count how the question of a call ended, by a value of ``Ending``."""
        if self._kept.days:
            self._count(ending, number if ending in self._numbers else "", 1)

    def _count(self, ending: str, number: str, calls: int) -> None:
        at = self._clock()
        if not self._hour <= at < self._next:
            self._hour = hour_of(at)
            self._next = self._hour + HOUR
        hour = self._hour
        with self._mutex:
            counts, numbers = self._batch.counts, self._batch.numbers
            key = hour, ending
            if key in counts or len(counts) < MOST_WAITING:
                counts[key] = counts.get(key, 0) + calls
            if number:
                of_number = hour, number
                found = numbers.get(of_number)
                if found is not None or len(numbers) < MOST_WAITING:
                    numbers[of_number] = ((found[0] if found else 0) + calls, at)

    def _live(self) -> None:
        while True:
            self._write()
            if self._ended.wait(EVERY):
                self._write()
                self._ledger.close()
                return

    def _write(self) -> None:
        """Write what came together. What cannot be written waits, as far as there is room."""
        with self._mutex:
            batch, self._batch = self._batch, CallBatch()
        if not batch.counts:
            return
        try:
            written = self._ledger.add(batch, self._clock())
        except (sqlite3.Error, OSError, ValueError) as error:
            self._failed(error)
            written = False
        except Exception:
            log.exception("calls are not counted; this is a bug")
            return
        else:
            if written:
                self._well()
        if not written:
            self._put_back(batch)

    def _put_back(self, batch: CallBatch) -> None:
        with self._mutex:
            newer, self._batch = self._batch, batch
            for key, calls in newer.counts.items():
                if key in batch.counts or len(batch.counts) < MOST_WAITING:
                    batch.counts[key] = batch.counts.get(key, 0) + calls
            for of_number, (calls, last) in newer.numbers.items():
                before, _ = batch.numbers.get(of_number, (0, 0.0))
                if before or len(batch.numbers) < MOST_WAITING:
                    batch.numbers[of_number] = (before + calls, last)

    def _failed(self, error: Exception) -> None:
        """Tell that figures wait: once, and once an hour where that goes on."""
        now = self._elapsed()
        if self._failing is None:
            self._failing = now
        busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
        if busy and now - self._failing < _PATIENCE:
            return
        if self._told is None or now - self._told >= _TELL:
            self._told = now
            log.warning("calls are not counted for the report: the store %s: %s", self._path, error)

    def _well(self) -> None:
        if self._failing is not None and self._told is not None:
            log.info("calls are counted again")
        self._failing = None
