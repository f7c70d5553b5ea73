"""The periodic sync. It pulls without the store's lock, so a PBX that comes back meanwhile is restored at once."""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from astsync.engine.result import Report
from astsync.errors import AstsyncError, SourceError
from astsync.pbx import Pbx
from astsync.pbx.retry import doubled, jittered
from astsync.phonebook.model import Decide
from astsync.stopping import Stopping
from astsync.watch.clock import Clock
from astsync.watch.loop import Loop
from astsync.watch.runs import Runs, Turns, in_full, told

log = logging.getLogger(__name__)

SOONEST = 60.0  # seconds from a failed sync to the next one, at first


class Syncer(Loop):
    """Syncs at the start and every ``every`` seconds; after a source failed it syncs again a little sooner.

    ``up`` returns the PBXs that are connected, each over the connection that its guard holds. One that is away would
    only hold up the others, and one that is lost in a sync has failed there; its guard restores it from the snapshot
    when it comes back. ``moved`` is called when ``last`` has changed, ``ended`` when a sync is over.
    """

    def __init__(
        self,
        runs: Runs,
        turns: Turns,
        every: float,
        clock: Clock,
        up: Callable[[], Sequence[Pbx]],
        moved: Callable[[], None],
        ended: Callable[[Report | AstsyncError], None] = lambda _: None,
    ) -> None:
        super().__init__("sync", clock)
        self.last = "no sync yet"
        self._runs = runs
        self._turns = turns
        self._every = every
        self._up = up
        self._moved = moved
        self._ended = ended

    def work(self) -> None:
        """Sync and wait, over and over."""
        pause = 0.0
        while True:
            good = self._sync()
            pause = self._every if good else doubled(pause, min(SOONEST, self._every), self._every)
            self.pause(jittered(pause))
            pause = 0.0 if good else pause

    def _sync(self) -> bool:
        """Pull and apply; False when the source or the store failed.

        Both have the time of one run together. What is waited for a turn between them does not count.
        """
        stopping = self._runs.stopping(self.beat)
        try:
            pulled = self._pull(stopping)
            left = stopping.left()

            def run() -> Report:
                stopping.go_on(left)
                return self._runs.sync(pulled, self._up(), self.writing, stopping)

            report = self._turns.take(self, run)
        except AstsyncError as error:
            self._failed(error)
            if isinstance(error, SourceError):
                self._restore()
            self._ended(error)
            return False
        self._done(report)
        self._ended(report)
        return True

    def _pull(self, stopping: Stopping) -> Callable[[], Decide]:
        """Pull now; return a function that returns what the pull brought, or raises what it raised.

        So the run that follows notes a failed pull in the store, as every other run does.
        """
        try:
            book = self._runs.pull(self.pulling, stopping)
        except SourceError as error:
            return partial(_raise, error)
        return lambda: book

    def _restore(self) -> None:
        """Restore from the snapshot while the source fails: AstDB may have been wiped without a restart."""
        try:
            report = self._turns.take(self, lambda: self._runs.restore(self._up(), self.writing))
        except AstsyncError as error:
            log.warning("restore: %s", in_full(error))
            return
        for part in report.pbx if report is not None else ():
            if part.error is not None or (part.plan is not None and part.plan.changes):
                log.info("%s: restore: %s", part.name, part.error.under(part.name) if part.error else told(part))

    def _done(self, report: Report) -> None:
        self._say("done" if report.exit_code == 0 else "done in part")
        log.info("sync: %d counterparties, %d PBXs", report.counterparties, len(report.pbx))
        for part in report.pbx:
            if part.error is None:
                log.info("%s: sync: %s", part.name, told(part))
            else:
                log.warning("%s: sync: %s", part.name, in_full(part.error, part.name))

    def _failed(self, error: AstsyncError) -> None:
        self._say("failed")
        log.warning("sync: %s", in_full(error))

    def _say(self, words: str) -> None:
        self.last = f"last sync {words}"
        self._moved()


def _raise(error: SourceError) -> Decide:
    raise error
