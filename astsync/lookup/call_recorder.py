"""Keeps the calls that are over: those whose events were heard, and the others by what the PBX wrote of them.

A thread of its own writes the journal, so no call waits for the disk, and a call is on the disk within a second. What
ended while astsync was away, or had no connection, is read from the PBX's file of records (``call_recovery``) when the
connection is there again. What cannot be had stays as a gap, which is told.
"""

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from astsync.calls.gathering import QUIET, Gathering
from astsync.calls.model import CallGap, Evidence, PastCall
from astsync.calls.record import CallRecord
from astsync.calls.records import calls_of
from astsync.calls.tracker import House
from astsync.language import say
from astsync.lookup.call_recovery import read_records
from astsync.store import CallJournal, NoStoreYet
from astsync.watch.clock import Clock
from astsync.watch.loop import Loop, Stopped

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two writings where nothing ends."""
PULSE = 30.0
"""Seconds between two notes up to when the calls are known."""
LATE_RECORDS = (2.0, 30.0, 330.0)
"""Seconds after which the PBX's file is read again: Asterisk in batch mode writes every five minutes."""
LOOK = 15.0
"""Seconds between two readings of the file where a PBX tells nothing else of calls that are over."""
MOST_WAITING = 100_000
"""Calls, records and names of recordings that wait for the store. No more are taken while there are so many."""
_SHORT = 3.0  # seconds without a connection that are no gap: the calls under way are known, and who of them is gone
_TAKEN = 500  # of what waits, in one transaction
_TELL = 3_600.0  # seconds between two lines of the log about a store that cannot be written
_NO_FILE = say("astsync did not run or had no connection, and there is no file of records")

Work = Callable[[], None]


@dataclass(slots=True)
class _Pbx:
    """What is known of one PBX, up to ``until``; ``whole``: each call that ended was told.

    ``taken`` is what ``until`` was when the calls of this turn were taken: those are written when it is noted.
    ``began`` is when a session did, and ``left`` up to when the one before told of calls; None once the time between
    was looked after.
    """

    name: str
    file: Path | None
    gathering: Gathering = field(default_factory=Gathering)
    until: datetime | None = None
    taken: datetime | None = None
    noted: float = 0.0
    whole: bool = True
    began: datetime | None = None
    left: datetime | None = None
    looked: float = 0.0


class CallRecorder(Loop):
    """The thread that writes the journal. ``files`` are the PBXs by name, with their file of records, None for none.

    ``recorded`` is called after each change of the journal, in this thread. ``delivers``: 1C is sent the calls.
    ``configured`` are the names of all PBXs of the configuration, where these are more.
    """

    def __init__(
        self,
        journal: CallJournal,
        house: House,
        files: Mapping[str, Path | None],
        recorded: Callable[[], object] = lambda: None,
        clock: Clock | None = None,
        *,
        delivers: bool = False,
        configured: Collection[str] = (),
    ) -> None:
        super().__init__("journal", clock or Clock())
        self._journal, self._house, self._recorded = journal, house, recorded
        self._pbxs = {name: _Pbx(name, file) for name, file in files.items()}
        self._waiting: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._calls: list[tuple[PastCall, Evidence]] = []
        self._recordings: list[tuple[str, str]] = []
        self._later: list[tuple[float, _Pbx, datetime]] = []  # readings of the file that are due
        self._mutex = threading.Lock()  # over the notes of listeners below
        self._told: float | None = None
        self._spilt = False  # whether more came than may wait
        self._delivers, self._told_untaken = delivers, False
        self._configured, self._ended_others = {*files, *configured}, False

    # From the threads of the listeners.

    def ended(self, call: PastCall, evidence: Evidence) -> None:
        """See ``Keeping``."""
        self._put(lambda: self._end(call, evidence))
        self.wake()

    def record(self, pbx: str, record: CallRecord) -> None:
        """See ``Keeping``."""
        self._put(lambda: self._pbxs[pbx].gathering.add(record, self.clock.now()))

    def recorded(self, call_id: str, name: str) -> None:
        """See ``Keeping``."""
        self._put(lambda: self._recordings.append((call_id, name)))

    def began(self, pbx: str, at: datetime) -> None:
        """See ``Keeping``."""
        with self._mutex:
            found = self._pbxs[pbx]
            if found.began is None:
                found.began, found.left = at, found.until if found.whole else None
        self.wake()

    def heard(self, pbx: str, at: datetime, *, whole: bool) -> None:
        """See ``Keeping``."""
        with self._mutex:
            self._pbxs[pbx].until, self._pbxs[pbx].whole = at, whole

    def _put(self, work: Work) -> None:
        if self._waiting.qsize() < MOST_WAITING:
            self._waiting.put(work)
        else:
            self._spilt = True

    # In this thread.

    def work(self) -> None:
        """Write what comes, over and over; at the end what is left."""
        try:
            while True:
                self._turn()
                self.wait(EVERY)
        except Stopped:
            self._turn(last=True)
            self._journal.close()
            raise

    def _turn(self, *, last: bool = False) -> None:
        """Write what there is. A store that is away, locked or full costs nothing: all waits."""
        try:
            self._end_others()
            self._take()
            for pbx in self._pbxs.values():
                self._gather(pbx, last=last)
            self._write()
            self._look_after_spilt()
            if not last:
                self._read_files()
            for pbx in self._pbxs.values():
                self._note(pbx, last=last)
        except NoStoreYet:
            return
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
        else:
            if self._told is not None:
                log.info("calls are kept again")
            self._told = None

    def _end_others(self) -> None:
        """Once: end what is expected of PBXs that have left the configuration, and say it."""
        if self._ended_others:
            return
        for gap in self._journal.end_others(self._configured, datetime.now(UTC)):
            log.warning("%s: not in the configuration any more; its calls are known up to %s", gap.pbx, gap.since)
        self._ended_others = True

    def _take(self) -> None:
        with self._mutex:
            for pbx in self._pbxs.values():
                pbx.taken = pbx.until
        for _ in range(self._waiting.qsize()):
            if len(self._calls) + len(self._recordings) >= MOST_WAITING:
                return
            self._waiting.get_nowait()()

    def _end(self, call: PastCall, evidence: Evidence) -> None:
        self._calls.append((call, evidence))
        pbx = self._pbxs[call.pbx]
        if evidence is Evidence.PARTLY and pbx.file is not None:
            self._read_later(pbx, call.started)

    def _gather(self, pbx: _Pbx, *, last: bool) -> None:
        for records in pbx.gathering.quiet(self.clock.now(), **({"pause": 0.0} if last else {})):
            self._calls += [(call, Evidence.RECORDS) for call in calls_of(records, pbx.name, self._house)]

    def _write(self) -> None:
        """Write in small transactions: what was written stays so whatever comes."""
        while self._calls:
            part = self._calls[:_TAKEN]
            changed = self._journal.add(part, time.time())
            del self._calls[: len(part)]
            self._tell_untaken()
            if changed:
                self._recorded()
        while self._recordings:
            names = self._recordings[:_TAKEN]
            changed = self._journal.recorded(names)
            del self._recordings[: len(names)]
            if changed:
                self._recorded()

    def _look_after_spilt(self) -> None:
        """Where calls were not taken, as the store was away for too long: look back as after a time without hearing."""
        if not self._spilt:
            return
        self._spilt = False
        log.error("more calls ended than may wait for the store, and some were not kept")
        with self._mutex:
            for pbx in self._pbxs.values():
                if pbx.began is None:
                    pbx.began, pbx.left = datetime.now(UTC), None

    def _read_files(self) -> None:
        """Look after the time before a session, and read the files that are due."""
        for pbx in self._pbxs.values():
            if pbx.began is not None:
                self._look_back(pbx, pbx.began)
                with self._mutex:
                    pbx.began = None
            elif not pbx.whole and pbx.file is not None and self.clock.now() - pbx.looked >= LOOK:
                self._follow_file(pbx)
        now = self.clock.now()
        for pbx in self._pbxs.values():
            due = [since for at, each, since in self._later if at <= now and each is pbx]
            if due:
                self._read_file(pbx, min(due))
        self._later = [one for one in self._later if one[0] > now]

    def _look_back(self, pbx: _Pbx, began: datetime) -> None:
        """Find the calls that ended before the session and after the last that is known; say what cannot be found."""
        before = self._journal.heard_until(pbx.name)
        if before is not None:
            since = max(filter(None, (datetime.fromtimestamp(before, UTC), pbx.left)))
            lacking = self._read_file(pbx, since)
            if pbx.file is not None:
                for seconds in LATE_RECORDS:
                    self._later.append((self.clock.now() + seconds, pbx, since))
            if lacking and (began - since).total_seconds() > (0 if pbx.left is None else _SHORT):
                self._journal.add_gap(CallGap(pbx.name, since, began, lacking))
                log.warning("%s: calls from %s to %s may be missing: %s", pbx.name, since, began, lacking)
        self._journal.heard(pbx.name, began.timestamp())

    def _follow_file(self, pbx: _Pbx) -> None:
        """Of a PBX that tells nothing of calls that are over: read what it writes of them."""
        pbx.looked = self.clock.now()
        before = self._journal.heard_until(pbx.name)
        if before is None:
            return
        now = datetime.now(UTC)
        since = datetime.fromtimestamp(before, UTC) - timedelta(seconds=LATE_RECORDS[-1])
        if not self._read_file(pbx, since):
            self._journal.heard(pbx.name, now.timestamp())

    def _read_file(self, pbx: _Pbx, since: datetime) -> str:
        """Read the calls that ended since a moment; why some may be missing."""
        if pbx.file is None:
            return _NO_FILE
        found = read_records(pbx.file, since, pbx.name, self._house)
        self._calls += [(call, Evidence.RECORDS) for call in found.calls]
        self._write()
        return found.lacking

    def _read_later(self, pbx: _Pbx, since: datetime) -> None:
        if len(self._later) < MOST_WAITING:
            self._later += [(self.clock.now() + seconds, pbx, since) for seconds in (LATE_RECORDS[0], LATE_RECORDS[-1])]

    def _note(self, pbx: _Pbx, *, last: bool) -> None:
        """Note up to when the calls are known and written: what came since would be lost where all is killed now."""
        with self._mutex:
            until, ready = pbx.taken, pbx.whole and pbx.began is None
        if until is not None and pbx.gathering.waits():
            until -= timedelta(seconds=QUIET)
        if until is None or not ready:
            return
        if last or self.clock.now() - pbx.noted >= PULSE:
            pbx.noted = self.clock.now()
            self._journal.heard(pbx.name, until.timestamp())

    def _tell_untaken(self) -> None:
        """Say that calls left the journal before 1C took them."""
        if self._delivers and self._journal.untaken and not self._told_untaken:
            self._told_untaken = True
            log.error("calls were dropped that 1C had not taken: they were older than serve.keep_days, or too many")

    def _fail(self, error: Exception) -> None:
        now = self.clock.now()
        if self._told is None or now - self._told >= _TELL:
            self._told = now
            log.warning("calls wait to be kept: the store: %s", error)
