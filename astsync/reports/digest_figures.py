"""What a digest says in figures: calls in parts of its period, runs by their ends, problems by their causes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from astsync.engine.result import Digest
from astsync.errors import EXIT_INTERRUPTED, PartlyDone, SafetyError
from astsync.language import joined, say
from astsync.phonebook.endings import NAMED, NAMELESS, Ending
from astsync.reports.causes import Cause, cause_of
from astsync.reports.picture import changes
from astsync.reports.shown import minute
from astsync.store.records import CallCount, RunRecord

_SOME_HOURS = timedelta(hours=26)  # up to which a period is told by the hour: a day, and the hour that has begun
_SOME_DAYS = timedelta(days=32)  # up to which it is told by the day, and then by the week
_WEEKDAYS = (say("Mon"), say("Tue"), say("Wed"), say("Thu"), say("Fri"), say("Sat"), say("Sun"))


@dataclass(frozen=True, slots=True)
class CallSums:
    """Calls by how they ended: those that had a name, those that had none, and those that could have none."""

    by_ending: Counter[str]

    @property
    def named(self) -> int:
        """Calls that got a name."""
        return sum(self.by_ending[ending] for ending in NAMED)

    @property
    def nameless(self) -> int:
        """Calls with a number and without a name."""
        return sum(self.by_ending[ending] for ending in NAMELESS)

    @property
    def asked(self) -> int:
        """Calls with a number that could have a name."""
        return self.named + self.nameless

    @property
    def others(self) -> int:
        """Calls without a number to look up, and those without an answer."""
        return sum(self.by_ending.values()) - self.asked

    @property
    def unanswered(self) -> int:
        """Calls without a name since 1C was too slow or failed."""
        return self.nameless - self.by_ending[Ending.UNKNOWN]

    @property
    def share(self) -> int:
        """How many of 100 calls with a number got a name, rounded down: 100 are all."""
        return 100 * self.named // self.asked if self.asked else 0


@dataclass(frozen=True, slots=True)
class CallSlot:
    """A part of the period: an hour, a day or a week, its beginning in local time, and its calls.

    ``hour`` says whether it is an hour.
    """

    begin: datetime
    label: str
    calls: CallSums
    hour: bool = False


@dataclass(frozen=True, slots=True)
class RunSums:
    """Runs by how they ended, and what they changed on all PBXs."""

    all: int
    idle: int
    changed: int
    partly: int
    failed: int
    refused: int
    killed: int
    added_entries: int
    changed_entries: int
    deleted_entries: int
    failed_entries: int


def call_sums(counts: Iterable[CallCount]) -> CallSums:
    """Add up calls."""
    found = Counter[str]()
    for one in counts:
        found[one.ending] += one.count
    return CallSums(found)


def call_slots(digest: Digest) -> tuple[CallSlot, ...]:
    """The period in parts, from when calls are counted; empty where none are."""
    if digest.calls is None:
        return ()
    since, until = max(digest.since, digest.calls.counted_since), min(digest.until, digest.now)
    if since >= until:
        return ()
    long = digest.until - digest.since
    begins = list(_hours(since, until) if long <= _SOME_HOURS else _days(since, until, weeks=long > _SOME_DAYS))
    at, slots = 0, list[list[CallCount]]([[] for _ in begins])
    for one in digest.calls.counts:  # in the order of the hours
        while at + 1 < len(begins) and begins[at + 1] <= one.hour:
            at += 1
        slots[at].append(one)
    hours = long <= _SOME_HOURS
    label = _hour_label if hours else _day_label if long <= _SOME_DAYS else _week_label
    found = zip(begins, slots, strict=True)
    return tuple(CallSlot(begin, label(begin), call_sums(of_slot), hours) for begin, of_slot in found)


def _hours(since: datetime, until: datetime) -> Iterator[datetime]:
    """The beginnings of the hours of the wall's clock; an hour of an hour with a change of the clock is told twice."""
    begin = since.astimezone().replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    while begin < until:
        yield begin.astimezone()
        begin += timedelta(hours=1)


def _days(since: datetime, until: datetime, *, weeks: bool) -> Iterator[datetime]:
    day = since.astimezone().date()
    if weeks:
        day -= timedelta(days=day.weekday())
    while _midnight(day) < until:
        yield _midnight(day)
        day += timedelta(days=7 if weeks else 1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min).astimezone()


def _hour_label(begin: datetime) -> str:
    return f"{begin:%Y-%m-%d %H:%M}"


def _day_label(begin: datetime) -> str:
    return joined(" ", (_WEEKDAYS[begin.weekday()], f"{begin:%Y-%m-%d}"))


def _week_label(begin: datetime) -> str:
    return say("week of {date}", date=f"{begin:%Y-%m-%d}")


def run_sums(runs: Sequence[RunRecord]) -> RunSums:
    """Add up runs."""
    well = [run for run in runs if run.exit_code == 0]
    working = sum(bool(changes(run)) for run in well)
    ends = Counter(map(_end, runs))
    parts = [part for run in runs for part in run.parts if run.exit_code is not None]
    return RunSums(
        all=len(runs),
        idle=len(well) - working,
        changed=working,
        partly=ends["partly"],
        failed=ends["failed"],
        refused=ends["refused"],
        killed=ends["killed"],
        added_entries=sum(part.added for part in parts),
        changed_entries=sum(part.changed for part in parts),
        deleted_entries=sum(part.deleted for part in parts),
        failed_entries=sum(part.failed for part in parts),
    )


def _end(run: RunRecord) -> str:
    return _ENDS.get(run.exit_code, "failed")


_ENDS = {
    0: "well",
    SafetyError.exit_code: "refused",
    PartlyDone.exit_code: "partly",
    None: "killed",
    EXIT_INTERRUPTED: "killed",
}


def problem_causes(digest: Digest) -> list[tuple[Cause, int]]:
    """The phones without an entry by their causes, the most frequent first, as far as the store knows them."""
    found = Counter[Cause]()
    for reason, count in digest.reasons.items():
        found[cause_of(reason)] += count
    return sorted(found.items(), key=lambda item: (-item[1], item[0].key))


def period_words(digest: Digest) -> str:
    """The period in local time."""
    return f"{minute(digest.since)} – {minute(digest.until)}"
