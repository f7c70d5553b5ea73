"""Reports as rows, for the formats that are tables."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from astsync.engine.result import PbxReport, Report
from astsync.language import Message, say, spoken
from astsync.phonebook.model import Entry
from astsync.reports.remarks import failures, remarks
from astsync.reports.shown import moment, shown
from astsync.store.records import RunPart, RunRecord
from astsync.text import printable

Row = tuple[str, ...]

CHANGE_COLUMNS: Row = ("pbx", "change", "number", "old", "new", "source", "note")
RUN_COLUMNS: Row = (
    "run",
    "command",
    "started",
    "finished",
    "exit_code",
    "pbx",
    "added",
    "changed",
    "deleted",
    "failed",
    "message",
)
AMOUNT_COLUMNS = frozenset({"run", "exit_code", "added", "changed", "deleted", "failed", "wait", "talk"})
"""The columns that a spreadsheet may add up. Digits in others are a code, or a name, or a phone."""
_HEADINGS = {
    "pbx": say("PBX"),
    "change": say("Change"),
    "number": say("Number"),
    "old": say("Old name"),
    "new": say("New name"),
    "source": say("Source"),
    "note": say("Note"),
    "name": say("Name"),
    "text": say("Phone as in 1C"),
    "reason": say("Reason"),
    "cause": say("What is wrong"),
    "to_do": say("What to do"),
    "repair": say("Write instead"),
    "code": say("Code"),
    "tax_number": say("ИНН"),
    "catalog": say("Catalog"),
    "responsible": say("Kept by"),
    "link": say("Link to the card"),
    "run": say("Run"),
    "command": say("Command"),
    "started": say("Started"),
    "finished": say("Finished"),
    "exit_code": say("Exit code"),
    "added": say("Added"),
    "changed": say("Changed"),
    "deleted": say("Deleted"),
    "failed": say("Failed"),
    "message": say("Message"),
    "direction": say("Direction"),
    "result": say("Result"),
    "extension": say("Extension"),
    "rung": say("Rung"),
    "did": say("Called number"),
    "wait": say("Waited, s"),
    "talk": say("Talk, s"),
    "called_back": say("Called back"),
    "call": say("Call"),
}
_KEPT = say("kept")
_KINDS = {
    "add": say("added"),
    "change": say("changed"),
    "delete": say("deleted"),
    "failed": say("failed"),
    "error": say("error"),
    "remark": say("remark"),
    "foreign": say("foreign"),
    "adopted": say("taken over"),
    "given_back": say("given back"),
    "same": say("owner changed"),
}
_OF_CALLS = {
    "incoming": say("incoming"),
    "outgoing": say("outgoing"),
    "internal": say("internal"),
    "answered": say("answered"),
    "missed": say("missed"),
    "busy": say("busy"),
    "failed": say("failed"),
}
_BACK = {"": "", "no": say("no"), "called": say("yes"), "answered": say("answered later")}


_WAYS: Mapping[str, Callable[[str], str]] = {
    "change": lambda kind: spoken(_KINDS[kind]),
    "problem": lambda kind: spoken(_KINDS[kind]),
    "direction": lambda word: spoken(_OF_CALLS[word]),
    "result": lambda word: spoken(_OF_CALLS[word]),
    "called_back": lambda word: spoken(_BACK[word]),
    "note": shown,
    "reason": shown,
}


def headings(columns: Row) -> Row:
    """The columns' names as people read them, in the language in use."""
    return tuple(spoken(_HEADINGS[column]) for column in columns)


def shown_rows(columns: Row, rows: Iterable[Row]) -> Iterator[Row]:
    """The rows with their kinds and reasons in words, in the language in use."""
    ways = [_WAYS.get(column, str) for column in columns]
    for row in rows:
        yield tuple(way(text) for text, way in zip(row, ways, strict=True))


def change_rows(report: Report) -> Iterator[Row]:
    """A row for each change, each failed key, each error of a PBX and each remark. Many that failed alike are one row.

    The foreign entries follow where the report was asked for them. Foreign text is harmless; notes are messages yet.
    """
    return map(_printable, (row for pbx in report.pbx for row in _pbx_rows(pbx, report)))


def _printable(row: Row) -> Row:
    return tuple(text if isinstance(text, Message) else printable(text) for text in row)


def _pbx_rows(pbx: PbxReport, report: Report) -> Iterator[Row]:
    if pbx.plan is not None:
        for kind, changes in (("add", pbx.plan.add), ("change", pbx.plan.change), ("delete", pbx.plan.delete)):
            for c in changes:
                entry = c.new or Entry(c.number, "")
                verdict = "" if c.new is None else report.verdicts.get(c.number, "")
                yield pbx.name, kind, c.number, c.old or "", entry.name, entry.source, verdict
    yield from ((pbx.name, "failed", number, "", "", "", words) for number, words in failures(pbx))
    if pbx.error is not None:
        yield pbx.name, "error", "", "", "", "", pbx.error.message
    yield from ((pbx.name, "remark", "", "", "", "", remark) for remark in remarks(pbx))
    if report.list_foreign and pbx.plan is not None:
        yield from ((pbx.name, "foreign", kept.number, kept.name, kept.name, "", _KEPT) for kept in pbx.plan.kept)


def run_rows(runs: Iterable[RunRecord]) -> Iterator[Row]:
    """A row for each PBX of a run, in local time, and one for a run that reached none."""
    for run in runs:
        code = "" if run.exit_code is None else str(run.exit_code)
        finished = "" if run.finished is None else moment(run.finished)
        about = (str(run.run), printable(run.command), moment(run.started), finished, code)
        for part in run.parts or (RunPart("", ""),):
            counts = (part.added, part.changed, part.deleted, part.failed)
            words = shown(part.error or run.message)
            yield *about, printable(part.pbx), *map(str, counts), words
