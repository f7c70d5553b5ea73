"""Reports as rows, for the formats that are tables."""

from collections.abc import Iterator

from astsync.engine.result import PbxReport, Problems, Report
from astsync.phonebook.model import Doubt, Entry
from astsync.reports.remarks import failures, remarks
from astsync.text import printable

Row = tuple[str, ...]

CHANGE_COLUMNS: Row = ("pbx", "change", "number", "old", "new", "source", "note")
PROBLEM_COLUMNS: Row = ("problem", "number", "name", "source", "text", "reason")


def change_rows(report: Report) -> Iterator[Row]:
    """A row for each change, each failed key, each error of a PBX and each remark. Many that failed alike are one row.

    The foreign entries follow where the report was asked for them.
    """
    return map(_printable, (row for pbx in report.pbx for row in _pbx_rows(pbx, report)))


def problem_rows(problems: Problems) -> Iterator[Row]:
    """A row for each skipped field, each phone in doubt, and each claim of a number that several claim."""
    return map(_printable, _problem_rows(problems))


def _printable(row: Row) -> Row:
    return tuple(map(printable, row))


def _pbx_rows(pbx: PbxReport, report: Report) -> Iterator[Row]:
    if pbx.plan is not None:
        for kind, changes in (("add", pbx.plan.add), ("change", pbx.plan.change), ("delete", pbx.plan.delete)):
            for c in changes:
                entry = c.new or Entry(c.number, "")
                verdict = "" if c.new is None else report.verdicts.get(c.number, "")
                yield pbx.name, kind, c.number, c.old or "", entry.name, entry.source, verdict
    yield from ((pbx.name, "failed", number, "", "", "", words) for number, words in failures(pbx))
    if pbx.error is not None:
        yield pbx.name, "error", "", "", "", "", str(pbx.error)
    yield from ((pbx.name, "remark", "", "", "", "", remark) for remark in remarks(pbx))
    if report.list_foreign and pbx.plan is not None:
        yield from ((pbx.name, "foreign", kept.number, kept.name, kept.name, "", "kept") for kept in pbx.plan.kept)


def _problem_rows(problems: Problems) -> Iterator[Row]:
    for skip in problems.skipped:
        yield "skipped", "", skip.name, skip.source, skip.text, skip.reason
    for doubt in problems.doubts:
        yield "doubt", ", ".join(doubt.keys), doubt.name, doubt.source, doubt.text, in_doubt(doubt)
    for conflict in problems.conflicts:
        for claim in conflict.claims:
            yield "conflict", conflict.number, claim.counterparty, claim.source, claim.text, claim.verdict


def in_doubt(doubt: Doubt) -> str:
    """What was made of a phone whose visible text and structure disagree."""
    taken = f"{', '.join(doubt.keys)} taken from the text" if doubt.keys else "the text gives no number"
    return f"{taken}, but the parts of the number in the source say {doubt.structure}"
