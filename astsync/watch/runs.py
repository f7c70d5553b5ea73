"""The runs that ``watch`` starts, one at a time, and the words for their outcome."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from typing import TypeVar

from astsync.engine import Engine
from astsync.engine.overtime import pull
from astsync.engine.result import PbxReport, Report
from astsync.errors import AstsyncError, LockedError
from astsync.language import say
from astsync.parts import Parts
from astsync.pbx import Pbx
from astsync.pbx.retry import doubled, jittered
from astsync.phonebook.model import Decide, Progress
from astsync.stopping import Stopping
from astsync.watch.loop import Loop

log = logging.getLogger(__name__)

COMMAND = "astsync watch"
LOCK_TRIES = (0.2, 5.0)  # seconds between two tries at a lock that another process holds
_SLICE = 0.2  # seconds after which who waits for a turn looks whether to stop
Outcome = TypeVar("Outcome")


class Runs:
    """The runs of one configuration. Each holds the store's lock for as long as it lasts, in the name of ``command``.

    Only ``pull`` needs no lock.
    """

    def __init__(self, parts: Parts, command: str = COMMAND) -> None:
        self._parts = parts
        self._command = command

    def stopping(self, beat: Callable[[], None]) -> Stopping:
        """The end of a run that begins now; ``beat`` is called while the run waits."""
        return self._parts.stopping(beat)

    def pull(self, progress: Progress, stopping: Stopping) -> Decide:
        """Pull the source, without a lock and without writing. Raises SourceError."""
        with closing(pull(self._parts.source, progress, stopping)) as counterparties:
            return self._parts.builder().read(counterparties)

    def sync(self, pulled: Callable[[], Decide], pbxs: Sequence[Pbx], progress: Progress, stopping: Stopping) -> Report:
        """Bring PBXs in step with what ``pulled`` returns, and keep that as the snapshot.

        ``stopping`` is that of the pull: both share the time of one run. Raises what ``pulled`` raises, LockedError,
        StoreError.
        """
        with self._engine(pbxs, progress, stopping) as engine:
            return engine.sync(pull=pulled)

    def restore(self, pbxs: Sequence[Pbx], progress: Progress) -> Report | None:
        """Bring PBXs in step with the snapshot; None when there is none yet. Raises LockedError, StoreError."""
        with self._engine(pbxs, progress, self._parts.stopping()) as engine:
            return engine.restore() if engine.has_snapshot else None

    def _engine(self, pbxs: Sequence[Pbx], progress: Progress, stopping: Stopping) -> AbstractContextManager[Engine]:
        options = self._parts.options()
        # Who is refused waits in Turns, where it heeds the end of watch and shows that it is alive.
        return self._parts.engine(self._command, pbxs, options, nullcontext(progress), stopping, patience=0)


class Turns:
    """Lets one run at a time write: the others of this process wait, and all wait for another process.

    The store's lock refuses at once and says nothing when it is free again, so it is tried again after a pause.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()

    def take(self, loop: Loop, run: Callable[[], Outcome]) -> Outcome:
        """Run when it is this loop's turn. Raises Stopped, and what ``run`` raises except LockedError."""
        pause = 0.0
        while True:
            try:
                return self._once(loop, run)
            except LockedError as error:
                log.log(logging.DEBUG if pause else logging.INFO, "%s: waiting: %s", loop.name, error)
            pause = doubled(pause, *LOCK_TRIES)
            loop.pause(jittered(pause))

    def attempt(self, run: Callable[[], Outcome]) -> Outcome:
        """Run at once, or not at all. Raises LockedError where another run is under way, and what ``run`` raises."""
        if not self._mutex.acquire(blocking=False):
            raise LockedError(say("another run of this process is under way"), hint=say("It is tried again later."))
        try:
            return run()
        finally:
            self._mutex.release()

    def _once(self, loop: Loop, run: Callable[[], Outcome]) -> Outcome:
        loop.check()
        while not self._mutex.acquire(timeout=_SLICE):
            loop.check()
        try:
            return run()
        finally:
            self._mutex.release()


def told(part: PbxReport) -> str:
    """What a run did to a PBX, in a few words."""
    plan, applied = part.plan, part.applied
    if plan is None or applied is None:
        return "nothing was written"
    if not plan.changes:
        return f"in step, {plan.desired} entries"
    return f"{applied.add} added, {applied.change} changed, {applied.delete} deleted of {plan.desired} entries"


def in_full(error: AstsyncError, under: str = "") -> str:
    """An error with its cure; for a place that begins with the name of the PBX ``under`` without that name."""
    return f"{error.under(under)} ({error.hint})" if error.hint else error.under(under)
