"""A progress bar on standard error, and only on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from astsync.phonebook.model import Progress, no_progress

_STAGES = {"read": "reading the PBX", "DBPut": "writing to the PBX", "DBDel": "deleting on the PBX"}


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Progress]:
    """Give a Progress that draws a bar a stage, or one that draws nothing."""
    if quiet or not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def update(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(_STAGES.get(stage, stage), total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield update
