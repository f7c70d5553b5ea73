"""The list of past runs, for ``history``."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from astsync.reports.json_document import json_document
from astsync.store.records import RunPart, RunRecord
from astsync.text import printable


def as_json(runs: Iterable[RunRecord]) -> str:
    """The runs as one JSON object, indented, with a line end. A test pins its keys."""
    return json_document({"runs": [as_data(run) for run in runs]})


def as_data(run: RunRecord) -> dict[str, Any]:
    """A run as a JSON object."""
    return {
        "run": run.run,
        "command": run.command,
        "started": run.started,
        "finished": run.finished,
        "exit_code": run.exit_code,
        "message": run.message,
        "undoable": run.undoable,
        "undoes": run.undoes,
        "undone_by": run.undone_by,
        "pbx": [_part(part) for part in run.parts],
    }


def _part(part: RunPart) -> dict[str, Any]:
    counts = {"add": part.added, "change": part.changed, "delete": part.deleted, "failed": part.failed}
    return {"name": part.pbx, "family": part.family, **counts, "verified": part.verified, "error": part.error or None}


def as_text(runs: Sequence[RunRecord]) -> str:
    """A line for each run and one for each of its PBXs, in local time."""
    if not runs:
        return "no runs yet\n"
    return "\n".join(line for run in runs for line in _lines(run)) + "\n"


def _lines(run: RunRecord) -> Iterator[str]:
    notes = [f"{run.started.astimezone():%Y-%m-%d %H:%M:%S}", run.command, _end(run), *_undo(run)]
    yield f"{run.run:>5}  {'  '.join(printable(note) for note in notes)}"
    for part in run.parts:
        yield f"       {printable(part.pbx)}: {printable(_did(run, part))}"
    if run.message and not any(part.error for part in run.parts):
        yield f"       {printable(run.message)}"


def _end(run: RunRecord) -> str:
    return "killed, or still running" if run.exit_code is None else f"exit {run.exit_code}"


def _undo(run: RunRecord) -> Iterator[str]:
    if run.undoes is not None:
        yield f"(put back run {run.undoes})" if run.exit_code in {0, 7} else f"(was to put back run {run.undoes})"
    if run.undone_by is not None:
        yield f"(put back by run {run.undone_by})"
    elif run.undoable:
        yield "(can be undone)"


def _did(run: RunRecord, part: RunPart) -> str:
    counts = f"{part.added} added, {part.changed} changed, {part.deleted} deleted"
    if run.exit_code is None:
        return f"was about to do: {counts}"
    failed = f", {part.failed} failed" if part.failed else ""
    error = part.error.removeprefix(f"{part.pbx}: ")
    return f"{counts}{failed}; {error}" if error else f"{counts}{failed}"
