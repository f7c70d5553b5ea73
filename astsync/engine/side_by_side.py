"""Several PBXs at once, a thread each."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

_LAST_WAIT = 1.0  # seconds for threads that were told to stop; they are daemons, so no end of the process waits longer


class Abandoned(KeyboardInterrupt):
    """Raised where the work on a PBX ends because its run is being stopped."""


def side_by_side(jobs: Sequence[Callable[[], None]], interrupt: Callable[[], None]) -> None:
    """Do all jobs and wait for them; one alone is done in this thread.

    A bug or an interrupt in one is raised when all have ended. When this thread is interrupted ``interrupt`` must make
    the others end.
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
    except (Exception, KeyboardInterrupt) as error:  # a function of the caller may interrupt here too, as progress
        log.debug("a bug's place", exc_info=True)
        bugs.append(error)
