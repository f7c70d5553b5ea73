"""The list of past runs, for ``history``."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from astsync.language import joined, say, spoken, without
from astsync.reports.json_document import json_document
from astsync.reports.shown import moment, shown
from astsync.reports.terminal import Paint, plain
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


def as_text(runs: Sequence[RunRecord], paint: Paint = plain) -> str:
    """A line for each run and one for each of its PBXs, in local time. ``paint`` makes the colours of a terminal."""
    if not runs:
        return spoken(say("no runs yet")) + "\n"
    return "\n".join(line for run in runs for line in _lines(run, paint)) + "\n"


def _lines(run: RunRecord, paint: Paint) -> Iterator[str]:
    end = shown(ending(run))
    notes = [moment(run.started), printable(run.command), paint("bad", end) if run.exit_code else end]
    yield f"{run.run:>5}  {'  '.join((*notes, *map(shown, _undo(run))))}"
    for part in run.parts:
        yield f"       {printable(part.pbx)}: {shown(did(run, part))}"
    if run.message and not any(part.error for part in run.parts):
        yield f"       {shown(run.message)}"


def ending(run: RunRecord) -> str:
    """How a run ended."""
    if run.exit_code is None:
        return say("killed, or still running")
    return say("exit {code}", code=str(run.exit_code))


def _undo(run: RunRecord) -> Iterator[str]:
    if run.undoes is not None:
        done = run.exit_code in {0, 7}
        before = str(run.undoes)
        yield say("(put back run {run})", run=before) if done else say("(was to put back run {run})", run=before)
    if run.undone_by is not None:
        yield say("(put back by run {run})", run=str(run.undone_by))
    elif run.undoable:
        yield say("(can be undone)")


def did(run: RunRecord, part: RunPart) -> str:
    """What a run did to a PBX."""
    counts = say("{add:,} added, {change:,} changed, {delete:,} deleted",
                 add=part.added, change=part.changed, delete=part.deleted)  # fmt: skip
    if run.exit_code is None:
        return say("was about to do: {counts}", counts=counts)
    if part.failed:
        counts = joined(", ", (counts, say("{count:,} failed", count=part.failed)))
    error = without(part.pbx, part.error)
    if not error:
        return counts
    did = part.added or part.changed or part.deleted or part.failed
    return joined("; ", (counts, error)) if did else error
