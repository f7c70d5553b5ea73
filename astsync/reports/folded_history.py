"""The list of past runs with the idle ones folded: of a day that had several, they are one line."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from astsync.language import counted, joined, say
from astsync.reports import history
from astsync.reports.shown import shown
from astsync.reports.terminal import Paint, plain
from astsync.store.records import RunPart, RunRecord


@dataclass(frozen=True, slots=True)
class IdleDay:
    """The runs of a local day that found nothing to do, from the ``first`` to the ``last``; ``commands`` are theirs."""

    day: date
    first: int
    last: int
    count: int
    commands: tuple[str, ...]


def is_idle(run: RunRecord) -> bool:
    """Whether a run ended well and there was nothing to do or to tell."""
    done = run.exit_code == 0 and not run.message and not run.undoable and run.undoes is None
    return done and all(map(_in_step, run.parts))


def _in_step(part: RunPart) -> bool:
    return not (part.added or part.changed or part.deleted or part.failed or part.error) and part.verified is not False


def folded(runs: Iterable[RunRecord]) -> Iterator[RunRecord | IdleDay]:
    """The runs, the newest first, and in the place of a day's newest idle one all of that day's; one alone stays."""
    every = list(runs)
    idle: dict[date, list[RunRecord]] = {}
    for run in filter(is_idle, every):
        idle.setdefault(_day(run), []).append(run)
    for run in every:
        of_day = idle.get(_day(run), []) if is_idle(run) else []
        if len(of_day) <= 1:
            yield run
        elif run is of_day[0]:
            commands = tuple(sorted({one.command for one in of_day}))
            yield IdleDay(_day(run), of_day[-1].run, run.run, len(of_day), commands)


def _day(run: RunRecord) -> date:
    return run.started.astimezone().date()


def as_text(runs: Sequence[RunRecord], limit: int, paint: Paint = plain, *, every: bool = False) -> str:
    """At most ``limit`` runs and days of idle runs, the newest first; with ``every`` no run is folded."""
    if every or not runs:
        return history.as_text(runs[:limit], paint)
    shown_first = islice(folded(runs), limit)
    return "".join(_line(item) if isinstance(item, IdleDay) else history.as_text([item], paint) for item in shown_first)


def _line(idle: IdleDay) -> str:
    words = counted(
        "{count:,} run with nothing to do ({commands})",
        "{count:,} runs with nothing to do ({commands})",
        idle.count,
        commands=joined(", ", idle.commands),
    )
    span = say("runs {first} to {last}", first=str(idle.first), last=str(idle.last))
    return f"       {idle.day:%Y-%m-%d}  {shown(words)}  {shown(span)}\n"
