"""A progress bar on standard error, and only on a terminal."""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from astsync.language import spoken
from astsync.phonebook.model import Progress, no_progress, progress_words


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Progress]:
    """A Progress that draws a bar for each PBX and one for the source; nothing without a terminal or with ``quiet``."""
    if quiet or not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
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
