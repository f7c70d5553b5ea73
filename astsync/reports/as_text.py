"""The report for people: a summary a PBX, and a line a change."""

from collections.abc import Iterator
from itertools import islice

from astsync.engine import Applied, PbxReport, Report
from astsync.phonebook.plan import Change, Plan
from astsync.reports.untrusted import printable


def render(report: Report, most: int | None = None) -> str:
    """Give the report as plain text: ``+`` added, ``~`` changed, ``-`` deleted; at most ``most`` changes a PBX."""
    return "\n".join(_lines(report, most)) + "\n"


def _lines(report: Report, most: int | None) -> Iterator[str]:
    if not report.fresh:
        yield f"from the snapshot of {report.pulled.astimezone():%Y-%m-%d %H:%M:%S}"
    yield (
        f"{printable(report.source)}: {report.counterparties} counterparties, "
        f"{report.skipped} phone fields skipped, {report.conflicts} conflicts"
    )
    for pbx in report.pbx:
        yield from _pbx(pbx, most)


def _pbx(pbx: PbxReport, most: int | None) -> Iterator[str]:
    if pbx.plan is None:
        yield f"{pbx.name}: not reached"
        return
    yield f"{pbx.name}: {_summary(pbx.plan)}"
    changes = sorted((*pbx.plan.add, *pbx.plan.change, *pbx.plan.delete), key=lambda change: change.number)
    yield from (f"  {_change(change)}" for change in islice(changes, most))
    if most is not None and len(changes) > most:
        yield f"  … and {len(changes) - most} more (astsync -v lists all)"
    if pbx.applied is not None and (pbx.plan.changes or pbx.applied.written):
        yield f"{pbx.name}: {_outcome(pbx.applied, pbx.verified)}"
        yield from (f"  ! {number}  {printable(words)}" for number, words in pbx.applied.failed.items())


def _summary(plan: Plan) -> str:
    same = f"{plan.unchanged} unchanged, {plan.foreign} foreign kept"
    if not plan.changes:
        return f"in step, {same}"
    return f"{len(plan.add)} to add, {len(plan.change)} to change, {len(plan.delete)} to delete, {same}"


def _change(change: Change) -> str:
    number = printable(change.number)
    if change.new is None:
        return f"- {number}  {printable(change.old or '')}"
    if change.old is None:
        return f"+ {number}  {printable(change.new.name)}"
    return f"~ {number}  {printable(change.old)} -> {printable(change.new.name)}"


def _outcome(applied: Applied, verified: bool | None) -> str:
    truth = {True: "verified", False: "NOT as desired after reading again", None: "not verified"}[verified]
    failed = f", {len(applied.failed)} failed" if applied.failed else ""
    counts = f"{applied.add} added, {applied.change} changed, {applied.delete} deleted"
    return f"{applied.written} entries written: {counts}{failed}; {truth}"
