"""The runs that ``watch`` starts, one at a time, and the words for their outcome."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from astsync.engine.result import PbxReport, Report
from astsync.errors import AstsyncError, LockedError
from astsync.pbx import Pbx
from astsync.pbx.retry import doubled, jittered
from astsync.phonebook.model import Decide, Progress
from astsync.watch.loop import Loop

log = logging.getLogger(__name__)

LOCK_TRIES = (0.2, 5.0)  # seconds between two tries at a lock that another process holds
_SLICE = 0.2  # seconds after which who waits for a turn looks whether to stop
Outcome = TypeVar("Outcome")


class Runs(Protocol):
    """What ``watch`` can start. ``sync`` and ``restore`` hold the store's lock for as long as they last."""

    def pull(self, progress: Progress) -> Decide:
        """Pull the source, without a lock and without writing. Raises SourceError."""
        ...

    def sync(self, pull: Callable[[], Decide], pbxs: Sequence[Pbx], progress: Progress) -> Report:
        """Bring PBXs in step with what ``pull`` returns, and keep that as the snapshot.

        Raises what ``pull`` raises, LockedError, StoreError.
        """
        ...

    def restore(self, pbxs: Sequence[Pbx], progress: Progress) -> Report | None:
        """Bring PBXs in step with the snapshot; None when there is none yet. Raises LockedError, StoreError."""
        ...


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


def in_full(error: AstsyncError) -> str:
    """An error with its cure."""
    return f"{error} ({error.hint})" if error.hint else str(error)
