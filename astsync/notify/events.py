"""What is worth telling, and when: pure, of what was told before, what a run came to, and the time.

A failure that lasts is one message. Another failure is told beside it. One that was over is not told again within
``QUIET``: a source that comes and goes must not make a mail of each run.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from astsync.notify.memory import Memory
from astsync.notify.outcome import Outcome

QUIET = 6 * 3600.0  # seconds in which the same failure is not told again, if it was over in between
DIGEST_AT = time(8)  # local time
DAILY = "daily"
LONGEST = timedelta(days=31)  # that a digest tells of, where none could be sent for long
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Occasion(StrEnum):
    """Why somebody is told something. The first three are values of ``notify.on``."""

    FAILURE = "failure"
    REFUSAL = "refusal"
    RECOVERY = "recovery"
    DIGEST = "digest"
    TEST = "test"
    PROBLEMS = "problems"
    """A list of problems, sent to whoever keeps the cards."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to tell, None for nothing, and the memory of it: ``told`` where it was told, ``untold`` where it was not."""

    occasion: Occasion | None
    told: Memory
    untold: Memory


def of_run(memory: Memory, outcome: Outcome, now: float) -> Decision:
    """Decide about a run that is over; ``now`` is in seconds since 1970."""
    if outcome.good:
        return _over(memory)
    since = memory.since or now
    failing = replace(memory, since=min(since, now), runs=memory.runs + 1)
    sort = outcome.sort
    recently = now - memory.told.get(sort, -QUIET) < QUIET and not memory.open
    lasts = now - failing.since >= (QUIET if recently else outcome.patience)
    if sort in memory.open or not lasts:
        return Decision(None, failing, failing)
    told = replace(failing, open=(*memory.open, sort), told={**memory.told, sort: now})
    return Decision(Occasion.REFUSAL if outcome.refused else Occasion.FAILURE, told, failing)


def _over(memory: Memory) -> Decision:
    """All is well again. Only who was told of the failure is told of its end."""
    well = replace(memory, since=0.0, runs=0, open=())
    return Decision(Occasion.RECOVERY, well, memory) if memory.open else Decision(None, well, well)


def digest_due(memory: Memory, day: str, now: datetime) -> tuple[bool, Memory]:
    """Whether the digest is due at a local time with its zone, and the memory of that.

    ``day`` is one of ``WEEKDAYS``, ``DAILY``, or "" for never. The first one is due on the first such day after the
    configuration asked for it.
    """
    if not day:
        return False, memory
    behind = 0 if day == DAILY else (now.weekday() - WEEKDAYS.index(day)) % 7
    due = datetime.combine(now.date() - timedelta(days=behind), DIGEST_AT, now.tzinfo)
    if due > now:
        due -= timedelta(days=1 if day == DAILY else 7)
    at = due.astimezone(UTC).timestamp()
    return bool(memory.digest) and at > memory.digest, replace(memory, digest=max(at, memory.digest))


def digest_period(before: Memory, after: Memory) -> tuple[datetime, datetime]:
    """What a digest tells of: the whole days since the day of the last one, so that no day is told twice or never."""
    until = _midnight(after.digest)
    return max(_midnight(before.digest), until - LONGEST), until


def _midnight(at: float) -> datetime:
    return datetime.combine(datetime.fromtimestamp(at, UTC).astimezone().date(), time.min).astimezone()
