"""The report for people: a summary for each PBX, and a line for each change."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, repeat

from astsync.engine.result import PbxReport, Problems, Report
from astsync.phonebook.model import Change, Conflict, Doubt, Skipped
from astsync.phonebook.plan import Plan
from astsync.reports.remarks import failures, remarks
from astsync.reports.tables import in_doubt
from astsync.text import printable

_MOST_EQUAL = 20


def render(report: Report, most: int | None = None) -> str:
    """The report as plain text: ``+`` added, ``~`` changed, ``-`` deleted, ``=`` foreign and kept.

    ``most`` is how many changes are listed for each PBX; None lists all.
    """
    return "\n".join(_lines(report, most)) + "\n"


def intent(report: Report) -> str:
    """What an undo is about to do: which run it puts back, and how much of each PBX's phonebook."""
    undo = report.undoes is not None
    parts = (
        f"  {pbx.name}: {pbx.error.under(pbx.name) if pbx.error else summary(pbx, undo=undo)}" for pbx in report.pbx
    )
    return "\n".join([headline(report), *parts])


def render_problems(problems: Problems) -> str:
    """The problems as plain text: skipped fields, fields in doubt, and numbers that several counterparties claim."""
    lines = [problems_headline(problems)]
    lines += _counted(f"  {_skip(skip)}" for skip in problems.skipped)
    lines += (f"  {_doubt(doubt)}" for doubt in problems.doubts)
    lines += (line for conflict in problems.conflicts for line in _conflict(conflict))
    return "\n".join(lines) + "\n"


def _counted(lines: Iterable[str]) -> Iterator[str]:
    """The lines; of more than 20 equal ones the first, with their count."""
    for line, count in Counter(lines).items():
        yield from repeat(line, count) if count <= _MOST_EQUAL else (f"{line} ({count:,} times)",)


def headline(report: Report) -> str:
    """Where the phonebook comes from, and how many counterparties it was made of."""
    if report.undoes is not None:
        return f"putting back {printable(report.source)}"
    age = "" if report.fresh else f"snapshot of {report.pulled.astimezone():%Y-%m-%d %H:%M:%S} from "
    counts = _counts(report.counterparties, report.skipped, report.conflicts)
    return f"{age}{printable(report.source)}: {counts}"


def problems_headline(problems: Problems) -> str:
    """Where the problems come from, and how many there are."""
    counts = _counts(problems.counterparties, len(problems.skipped), len(problems.conflicts))
    doubts = f", {len(problems.doubts)} in doubt" if problems.doubts else ""
    return f"{printable(problems.source)}: {counts}{doubts}"


def _counts(counterparties: int, skipped: int, conflicts: int) -> str:
    return f"{counterparties} counterparties, {skipped} phone fields skipped, {conflicts} conflicts"


def summary(pbx: PbxReport, *, undo: bool = False) -> str:
    """A PBX's differences in figures. With ``undo`` they are the differences to what it held before a run."""
    plan = pbx.plan
    if plan is None:
        return "not reached"
    same = f"{plan.unchanged} unchanged, {plan.foreign} foreign kept"
    if not plan.changes:
        return f"{'nothing to put back' if undo else 'in step'}, {same}"
    counts = f"{len(plan.add)} to add, {len(plan.change)} to change, {len(plan.delete)} to delete, {same}"
    return f"{_share(plan)}: {counts}" if undo else counts


def _share(plan: Plan) -> str:
    """How much of a phonebook a plan changes. Entries that it adds count as part of the phonebook."""
    return f"{plan.changes} of {plan.existing + len(plan.add)} entries"


def outcome(pbx: PbxReport) -> str:
    """What was done to a PBX, in figures; "" where there was nothing to do."""
    applied = pbx.applied
    if applied is None or pbx.plan is None or not (pbx.plan.changes or applied.written):
        return ""
    truth = {True: "verified", False: "NOT as desired after reading again", None: "not verified"}[pbx.verified]
    failed = f", {len(applied.failed)} failed" if applied.failed else ""
    counts = f"{applied.add} added, {applied.change} changed, {applied.delete} deleted"
    return f"{applied.written} entries written: {counts}{failed}; {truth}"


def _lines(report: Report, most: int | None) -> Iterator[str]:
    yield headline(report)
    for pbx in report.pbx:
        yield from _pbx(pbx, most, report)
        if report.list_foreign and pbx.plan is not None:
            yield from (f"  = {printable(entry.number)}  {printable(entry.name)}" for entry in pbx.plan.kept)
    if report.undoes is not None and any(pbx.error is None and pbx.plan and pbx.plan.changes for pbx in report.pbx):
        yield "the next sync, push or watch writes it again, unless 1C says otherwise by then"


def _pbx(pbx: PbxReport, most: int | None, report: Report) -> Iterator[str]:
    yield f"{pbx.name}: {summary(pbx, undo=report.undoes is not None)}"
    if pbx.plan is None:
        return
    changes = sorted((*pbx.plan.add, *pbx.plan.change, *pbx.plan.delete), key=lambda change: change.number)
    yield from (f"  {_change(change)}{_why(change, report)}" for change in islice(changes, most))
    if most is not None and len(changes) > most:
        yield f"  … and {len(changes) - most} more (astsync -v lists all)"
    if done := outcome(pbx):
        yield f"{pbx.name}: {done}"
    yield from (f"  ! {printable(number)}  {printable(words)}" for number, words in failures(pbx))
    yield from (f"{pbx.name}: {printable(remark)}" for remark in remarks(pbx))


def _why(change: Change, report: Report) -> str:
    """Why the new entry won its number; "" where one counterparty alone claims it."""
    verdict = "" if change.new is None else report.verdicts.get(change.number, "")
    return f"  ({printable(verdict)})" if verdict else ""


def _change(change: Change) -> str:
    number = printable(change.number)
    if change.new is None:
        return f"- {number}  {printable(change.old or '')}"
    if change.old is None:
        return f"+ {number}  {printable(change.new.name)}"
    return f"~ {number}  {printable(change.old)} -> {printable(change.new.name)}"


def _skip(skip: Skipped) -> str:
    return f"{printable(skip.name) or '(no name)'}: {printable(skip.text) or '(empty)'}: {printable(skip.reason)}"


def _doubt(doubt: Doubt) -> str:
    return f"{printable(doubt.name) or '(no name)'}: {printable(doubt.text)}: {printable(in_doubt(doubt))}"


def _conflict(conflict: Conflict) -> Iterator[str]:
    yield f"  {conflict.number} is claimed by {len(conflict.claims)} counterparties:"
    for claim in conflict.claims:
        card = f"{printable(claim.counterparty)}: {printable(claim.text)}"
        yield f"    {card}: {printable(claim.name)} ({printable(claim.source)}): {printable(claim.verdict)}"
