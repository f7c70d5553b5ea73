"""Work on several PBXs at once, in one thread for each."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from astsync.stopping import Stopping

log = logging.getLogger(__name__)

_LAST_WAIT = 1.0  # seconds for threads that were told to stop; as daemons they do not hold up the end of the process


AT_ONCE = 2
"""Families that are read at once.

Asterisk drops what it cannot send within 100 ms (``pbx.whole_lists``). When this machine reads more lists than it has
processors, each waits for the others, and some are cut. In turn they are whole, and take no longer together.
"""
PATIENCE = 2.0
"""Seconds that a reader waits for its turn at most: then it goes on. A PBX that is slow does not hold up the others."""

_SLICE = 0.2  # seconds after which a waiting reader looks whether its run must end


class FewAtOnce:
    """Lets so many threads at once do something, and those who have waited ``patience`` seconds."""

    def __init__(self, at_once: int = AT_ONCE, patience: float = PATIENCE) -> None:
        self._free = at_once  # less than none, where some have waited long enough
        self._patience = patience
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, stopping: Stopping) -> Iterator[None]:
        """Wait until there is a place; have it until the end of the context."""
        until = time.monotonic() + self._patience
        with self._changed:
            while self._free <= 0 and not stopping.is_set() and (left := until - time.monotonic()) > 0:
                self._changed.wait(min(left, _SLICE))
            self._free -= 1
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()


class Abandoned(KeyboardInterrupt):
    """Raised where the work on a PBX ends because its run is being stopped."""


def side_by_side(jobs: Sequence[Callable[[], None]], interrupt: Callable[[], None]) -> None:
    """Do all jobs and wait for them. A single job is done in this thread.

    A bug or an interrupt within a job is raised when all jobs have ended. When this thread is interrupted it calls
    ``interrupt``, which must make the other threads end.
    """
    if len(jobs) == 1:
        jobs[0]()
        return
    bugs: list[BaseException] = []
    threads = [threading.Thread(target=_guarded, args=(job, bugs), name="pbx", daemon=True) for job in jobs]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException:
        interrupt()
        last = time.monotonic() + _LAST_WAIT
        for thread in threads:
            if thread.ident is not None:
                thread.join(max(last - time.monotonic(), 0))
        raise
    if bugs:
        raise bugs[0]


def _guarded(job: Callable[[], None], bugs: list[BaseException]) -> None:
    try:
        job()
    except (Exception, KeyboardInterrupt) as error:  # the caller's progress may raise KeyboardInterrupt here too
        log.debug("a bug's place", exc_info=True)  # raised in another thread, where this place is not seen
        bugs.append(error)
