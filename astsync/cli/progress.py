"""A progress bar on standard error, and only on a terminal."""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from astsync.language import say, spoken
from astsync.phonebook.model import Progress, no_progress, progress_words
from astsync.text import span


def speed_words(done: float, total: float | None, speed: float | None) -> str:
    """How fast it goes (``speed`` a second) and how long the rest will take, where that is known."""
    if not speed or speed < 1:
        return ""
    if total is None or not math.isfinite(total):
        return say("{rate:,.0f}/s", rate=speed)
    return say("{rate:,.0f}/s, {rest} left", rate=speed, rest=span(max(total - done, 0) / speed))


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Progress]:
    """A Progress that draws a bar for each PBX and one for the source; nothing without a terminal or with ``quiet``."""
    if quiet or not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Speed(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(spoken(speed_words(task.completed, task.total, task.speed)))

    label = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(), label, BarColumn(), TimeElapsedColumn(), Speed())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, tuple[TaskID, str]] = {}

        def update(stage: str, done: int, total: int | None) -> None:
            if total == 0:  # nothing to do is nothing to see
                return
            place = stage.rpartition(": ")[0]
            task, before = tasks.get(place) or (bars.add_task("", total=None), stage)
            if stage != before:  # else rich counts the new stage as finished where its total is that of the last
                bars.reset(task)
            tasks[place] = task, stage
            # rich keeps the last stage's total where it is told None; of infinity every number is nothing yet
            size = math.inf if total is None else total
            bars.update(task, description=spoken(progress_words(stage, done, total)), completed=done, total=size)

        yield update
