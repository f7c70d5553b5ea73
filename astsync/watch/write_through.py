"""Hands on what 1C told during calls: into the store at once, then to every PBX.

Nothing here is the only one of its kind. What is in the store is desired, so the next sync, push or restore writes what
this thread could not.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from astsync.engine.result import PbxReport
from astsync.errors import AstsyncError, LockedError
from astsync.pbx import Pbx, retry
from astsync.stopping import Stopping
from astsync.text import number_of
from astsync.watch.clock import Clock
from astsync.watch.loop import Loop, Stopped

log = logging.getLogger(__name__)

MOST = 10_000  # keys that wait to be stored, and as many for each PBX
BATCH = 500  # keys of one run: it holds the store's lock for a moment only
BREATH = 30.0  # seconds from one run to the next on a PBX, so that many calls make few runs of the history
LOCKED = (0.5, 30.0)  # seconds between two tries while another run holds the lock
STORE = (1.0, 60.0)  # seconds between two tries at a store that cannot be written
_LONG = 3600.0

Line = Callable[[Stopping], AbstractContextManager[Pbx]]
"""Lends a PBX over a connection that is open. Raises PbxError where there is none to be had."""


class Writing(Protocol):
    """What stores learnt names and writes them to a PBX."""

    def save(self, names: Mapping[str, str]) -> None:
        """Store names by key. Raises StoreError."""

    def write(self, pbx: Pbx, keys: Collection[str], beat: Callable[[], None]) -> PbxReport | None:
        """Bring these keys of a PBX in step with the store; None where nothing was to be written.

        ``beat`` is called meanwhile, and may raise. Raises LockedError while another run is under way, StoreError.
        """


class _Line:
    """A PBX, and what waits to be written to it."""

    def __init__(self, name: str, lend: Line) -> None:
        self.name = name
        self.lend = lend
        self.keys: dict[str, None] = {}  # a set that keeps the order
        self.due = 0.0
        self.pause = 0.0
        self.told = ""
        self.full = False

    def add(self, keys: Collection[str]) -> None:
        for key in keys:
            if len(self.keys) >= MOST and key not in self.keys:
                if not self.full:
                    log.warning("%s: %d names wait already; the next sync writes the others", self.name, MOST)
                self.full = True
                return
            self.keys[key] = None

    def done(self, keys: Collection[str], now: float) -> None:
        for key in keys:
            del self.keys[key]
        self.due = now if self.keys else now + BREATH
        self.pause, self.told, self.full = 0.0, "", False

    def later(self, error: AstsyncError, now: float) -> None:
        """Put it off, the longer the more often; a lock is no news, and another failure is told once."""
        if isinstance(error, LockedError):
            least_and_most = LOCKED
            log.debug("%s: later: %s", self.name, error)
        else:
            least_and_most = retry.UNWELCOME if isinstance(error, retry.REFUSED) else retry.RESTORE
            if error.message != self.told:
                log.warning("%s: names told online wait: %s", self.name, error.under(self.name))
            self.told = error.message
        self.pause = retry.doubled(self.pause, *least_and_most)
        self.due = now + retry.jittered(self.pause)


class WriteThrough(Loop):
    """The thread that hands on learnt names; a ``Learning``. ``lines`` lend the PBXs, by name."""

    def __init__(self, writing: Writing, lines: Mapping[str, Line], clock: Clock | None = None) -> None:
        super().__init__("online", clock or Clock())
        self._writing = writing
        self._lines = [_Line(name, lend) for name, lend in lines.items()]
        self._stopping = Stopping()
        self._mutex = threading.Lock()  # over the three below
        self._stored: list[str] = []
        self._learnt: dict[str, str] = {}
        self._dropped = False
        self._save_due = 0.0
        self._save_pause = 0.0

    def learn(self, keys: Collection[str], name: str) -> None:
        """Keep a name under these keys. It returns at once; where too many wait, the name is dropped."""
        with self._mutex:
            full = len(self._learnt) + len(keys) > MOST
            if not full:
                self._learnt |= dict.fromkeys(keys, name)
            told, self._dropped = self._dropped, full
        if full and not told:
            log.warning("%d names told online wait to be stored; no more are kept", MOST)
        self.wake()

    def hand_on(self, keys: Iterable[str]) -> None:
        """Write names that are stored already, of these keys. It returns at once."""
        with self._mutex:
            self._stored += keys
        self.wake()

    def stop(self) -> None:
        """Ask the thread to end, from any other one. A PBX that is just being connected to is let go."""
        super().stop()
        self._stopping.set()

    def work(self) -> None:
        """Store and write what is due, over and over. What has been learnt is stored before the end."""
        try:
            while True:
                self._save()
                self._take_stored()
                for line in sorted(self._due(), key=lambda line: line.pause):  # one that is away holds up no other
                    self.check()
                    self._write(line)
                self.wait(self._left())
        except Stopped:
            self._save_due = 0.0
            self._save()
            raise

    def _take_stored(self) -> None:
        with self._mutex:
            stored, self._stored = self._stored, []
        for line in self._lines:
            line.add(stored)

    def _due(self) -> list[_Line]:
        now = self.clock.now()
        return [line for line in self._lines if line.keys and line.due <= now]

    def _left(self) -> float:
        """Seconds until something is due."""
        dues = [line.due for line in self._lines if line.keys]
        with self._mutex:
            dues += [self._save_due] if self._learnt else []
        return max(min(dues, default=self.clock.now() + _LONG) - self.clock.now(), 0.0)

    def _save(self) -> None:
        if self.clock.now() < self._save_due:
            return
        with self._mutex:
            learnt, self._learnt = self._learnt, {}
        if not learnt:
            return
        try:
            self._writing.save(learnt)
        except AstsyncError as error:
            if not self._save_pause:
                log.warning("names told online wait: %s", error)
            self._save_pause = retry.doubled(self._save_pause, *STORE)
            self._save_due = self.clock.now() + self._save_pause
            with self._mutex:
                self._learnt = {**learnt, **self._learnt}
            return
        self._save_pause = self._save_due = 0.0
        for line in self._lines:
            line.add(learnt)

    def _write(self, line: _Line) -> None:
        keys = tuple(line.keys)[:BATCH]
        try:
            with line.lend(self._stopping) as pbx:
                part = self._writing.write(pbx, keys, lambda: self.writing("", 0, None))
            if part is not None and part.error is not None:
                raise part.error
        except AstsyncError as error:
            self.check()
            line.later(error, self.clock.now())
        else:
            line.done(keys, self.clock.now())
            if part is not None and part.applied is not None and part.applied.any:
                written = number_of(part.applied.add + part.applied.change, "name")
                log.info("%s: %s told online written", line.name, written)
