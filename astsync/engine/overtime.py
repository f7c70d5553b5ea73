"""A run whose time is over: how that is noticed, and the words for it.

The time is over by the ``Stopping`` of the run. Who waits at a socket then raises an ordinary error of a wait that was
too long. It is told here as what it is: the end of a run that took longer than run.max_minutes.
"""

import logging
from collections.abc import Generator, Iterator
from functools import partial

from astsync.engine.reading_ahead import read_ahead
from astsync.errors import AstsyncError, PbxTimeout, SourceError, SourceUnreachable
from astsync.language import about, counted, joined, say
from astsync.pbx import retry
from astsync.phonebook.model import Counterparty, Progress
from astsync.sources import Source
from astsync.stopping import Stopping

log = logging.getLogger(__name__)

_RAISE = say("Where it is rightly so slow, raise run.max_minutes (0: no bound).")


def pull(source: Source, progress: Progress, stopping: Stopping) -> Generator[Counterparty]:
    """Pull a source within the time of a run, ahead of its use; to be closed where it is not read to its end.

    Raises SourceError, and SourceUnreachable where that time is over.
    """
    return read_ahead(partial(_in_time, source, progress), stopping)


def _in_time(source: Source, progress: Progress, stopping: Stopping) -> Iterator[Counterparty]:
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
        late = _took_longer(stopping)
        words = say("{late}; the source had given no counterparty", late=late)
        if count:
            words = counted(
                "{late}; the source had given {count:,} counterparty",
                "{late}; the source had given {count:,} counterparties",
                count,
                late=late,
            )
        look = say("Nothing was written. See why the source is slow: `astsync -vv problems` logs each wait.")
        raise SourceUnreachable(words, hint=joined(" ", (look, _RAISE)))


def check_time(name: str, doing: str, stopping: Stopping) -> None:
    """Raise PbxTimeout where the run's time is over; ``doing`` is what the run does with the PBX ``name``."""
    if stopping.late:
        hint = say("The next run does the rest.")
        if stopping.key:
            look = say("See with -v what is slow, the source or a PBX.")
            hint = joined(" ", (hint, look, _RAISE))
        words = say("{late}; it was {doing}", late=_took_longer(stopping), doing=doing)
        raise PbxTimeout(about(name, words), hint=hint)


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
        return say("the run took more than {seconds:g} s", seconds=stopping.seconds or 0)
    minutes = (stopping.seconds or 0) / 60
    if minutes % 1:
        return say("the run took more than {minutes:g} minutes ({key})", minutes=minutes, key=stopping.key)
    return counted(
        "the run took more than {count} minute ({key})",
        "the run took more than {count} minutes ({key})",
        int(minutes),
        key=stopping.key,
    )
