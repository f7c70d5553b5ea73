"""A small picture of the last runs: entries as a line, changes as bars, failures as bands behind them.

It holds no text: it may be drawn as wide as the place is, and what it shows stands in words beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from astsync.language import counted, joined, say
from astsync.reports.history import ending
from astsync.reports.shown import moment
from astsync.store.records import RunRecord

WIDTH, HEIGHT = 1_000, 100
_FEWEST = 2  # runs that make a picture
_SLOTS = 20  # places for runs that there are at least, so that few runs are no walls
_LINE = (6.0, 44.0)  # between which heights, from the top, the line of the entries runs
_BARS = 46.0  # the height of the highest bar
_DASH = 8.0  # half the length of a line of one point
_LEAST = 3.0  # and of one that stands for a single change


@dataclass(frozen=True, slots=True)
class Mark:
    """One run: its place from ``x`` on, the height of its bar, whether it failed, and what it was in words."""

    x: float
    width: float
    height: float
    bad: bool
    words: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The marks of the runs, the oldest first; the lines of the entries as SVG has points; ``facts`` say it in words.

    A line ends where the entries of a run are not known.
    """

    marks: tuple[Mark, ...]
    lines: tuple[str, ...]
    facts: tuple[str, ...]


def picture(last_runs: Sequence[RunRecord]) -> Picture | None:
    """Draw runs, given with the newest first. None for so few that there is nothing to see.

    Of a newest run without an end nobody knows yet what comes of it, so it is left out.
    """
    runs = last_runs[::-1]
    if runs and runs[-1].exit_code is None:
        runs = runs[:-1]
    if len(runs) < _FEWEST:
        return None
    slot = WIDTH / max(len(runs), _SLOTS)
    most = max(map(changes, runs))
    marks = tuple(
        Mark(round(at * slot, 1), round(slot, 1), _height(changes(run), most), failed(run), _words(run))
        for at, run in enumerate(runs)
    )
    return Picture(marks, tuple(_lines(runs, marks)), tuple(_facts(runs, most)))


def changes(run: RunRecord) -> int:
    """How many entries a run changed, on all PBXs."""
    return sum(part.added + part.changed + part.deleted for part in run.parts)


def failed(run: RunRecord) -> bool:
    """Whether a run failed, in part or as a whole, or was killed."""
    return run.exit_code != 0


def _height(count: int, most: int) -> float:
    """The height of a bar. Roots keep a single change visible beside thousands."""
    return round(max(_BARS * sqrt(count / most), _LEAST), 1) if count else 0.0


def _lines(runs: Sequence[RunRecord], marks: Sequence[Mark]) -> Iterator[str]:
    known = [run.entries for run in runs if run.entries is not None]
    low, high = min(known, default=0), max(known, default=0)
    top, bottom = _LINE
    points = list[tuple[float, float]]()
    for run, mark in zip(runs, marks, strict=True):
        if run.entries is not None:
            share = (run.entries - low) / (high - low) if high > low else 0.5
            points.append((mark.x + mark.width / 2, bottom - share * (bottom - top)))
        elif run.exit_code != 0:  # a run that went well and says nothing of the list, such as an undo, is passed over
            yield from _joined(points)
            points = []
    yield from _joined(points)


def _joined(points: Sequence[tuple[float, float]]) -> Iterator[str]:
    """A line through points. Through a single one it is a dash."""
    if len(points) == 1:
        ((x, y),) = points
        points = ((x - _DASH, y), (x + _DASH, y))
    if points:
        yield " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _words(run: RunRecord) -> str:
    parts = [
        say("run {run}, {command} of {when}", run=str(run.run), command=run.command, when=moment(run.started)),
        counted("{count:,} change", "{count:,} changes", changes(run)),
    ]
    if run.entries is not None:
        parts.append(counted("{count:,} entry", "{count:,} entries", run.entries))
    return joined("; ", (*parts, ending(run)))


def _facts(runs: Sequence[RunRecord], most: int) -> Iterator[str]:
    """What the picture shows, in words: of the line, the bars and the bands."""
    known = [run.entries for run in runs if run.entries is not None]
    if known:
        yield say("entries: {first:,} → {last:,}", first=known[0], last=known[-1])
    else:
        yield say("entries: not known")
    yield counted("{count:,} change at most in a run", "{count:,} changes at most in a run", most)
    yield say("failed runs: {bad:,} of {runs:,}", bad=sum(map(failed, runs)), runs=len(runs))
