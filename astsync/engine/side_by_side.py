"""Work on several PBXs at once, in one thread for each."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

_LAST_WAIT = 1.0  # seconds for threads that were told to stop; as daemons they do not hold up the end of the process


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
