"""A run whose time is over: how that is noticed, and the words for it.

The time is over by the ``Stopping`` of the run. Who waits at a socket then raises an ordinary error of a wait that was
too long. It is told here as what it is: the end of a run that took longer than run.max_minutes.
"""

import logging
from collections.abc import Iterator

from astsync.errors import AstsyncError, PbxTimeout, SourceError, SourceUnreachable
from astsync.pbx import retry
from astsync.phonebook.model import Counterparty, Progress
from astsync.sources import Source
from astsync.stopping import Stopping

log = logging.getLogger(__name__)

_RAISE = "Where it is rightly so slow, raise run.max_minutes (0: no bound)."


def pull(source: Source, progress: Progress, stopping: Stopping) -> Iterator[Counterparty]:
    """Pull a source within the time of a run. Raises SourceError, and SourceUnreachable where that time is over."""
    count = 0
    try:
        for counterparty in source.pull(progress, stopping):
            count += 1
            if stopping.late:
                break
            yield counterparty
    except SourceError as error:
        if not stopping.late:
            raise
        log.debug("the source ended with: %s", error)
    if stopping.late:
        given = f"{count:,} counterparties" if count else "no counterparty"
        raise SourceUnreachable(
            f"{_took_longer(stopping)}; the source had given {given}",
            hint=f"Nothing was written. See why the source is slow: `astsync -vv problems` logs each wait. {_RAISE}",
        )


def check_time(name: str, doing: str, stopping: Stopping) -> None:
    """Raise PbxTimeout where the run's time is over; ``doing`` is what the run does with the PBX ``name``."""
    if stopping.late:
        raise PbxTimeout(
            f"{name}: {_took_longer(stopping)}; it was {doing}",
            hint="The next run does the rest."
            + (f" See with -v what is slow, the source or a PBX. {_RAISE}" if stopping.key else ""),
        )


def in_time(error: AstsyncError, name: str, doing: str, stopping: Stopping) -> AstsyncError:
    """The error that ended the work on a PBX; where it only means that the run's time is over, one that says so."""
    if isinstance(error, retry.LOST):
        try:
            check_time(name, doing, stopping)
        except PbxTimeout as late:
            log.debug("the work on the PBX ended with: %s", error)
            return late
    return error


def _took_longer(stopping: Stopping) -> str:
    if not stopping.key:
        return f"the run took more than {stopping.seconds:g} s"
    minutes = (stopping.seconds or 0) / 60
    return f"the run took more than {minutes:g} minute{'' if minutes == 1 else 's'} ({stopping.key})"
