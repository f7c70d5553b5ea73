"""The report for people: a summary for each PBX, and a line for each change."""

from collections.abc import Iterator
from itertools import islice

from astsync.engine.result import PbxReport, Report
from astsync.language import about, counted, joined, say
from astsync.phonebook.model import Change
from astsync.phonebook.plan import Plan
from astsync.reports.difference import pieces
from astsync.reports.remarks import failures, remarks
from astsync.reports.shown import moment, shown
from astsync.reports.terminal import Paint, plain
from astsync.reports.verdict import TRUTH
from astsync.text import printable


def render(report: Report, most: int | None = None, paint: Paint = plain) -> str:
    """The report as plain text: ``+`` added, ``~`` changed, ``-`` deleted, ``=`` foreign and kept.

    ``most`` is how many changes are listed for each PBX; None lists all. ``paint`` makes the colours of a terminal.
    """
    return "\n".join(_lines(report, most, paint)) + "\n"


def intent(report: Report) -> str:
    """What an undo is about to do: which run it puts back, and how much of each PBX's phonebook."""
    parts = (about(pbx.name, pbx.error.under(pbx.name) if pbx.error else summary(pbx, undo=True)) for pbx in report.pbx)
    return "\n".join([shown(headline(report)), *(f"  {shown(part)}" for part in parts)])


def headline(report: Report) -> str:
    """Where the phonebook comes from, and how many counterparties it was made of. It may hold foreign text."""
    if report.undoes is not None:
        return say("putting back {run}", run=report.source)
    counts = pull_counts(report.counterparties, report.skipped, report.conflicts)
    if report.fresh:
        return about(report.source, counts)
    when = moment(report.pulled)
    return say("snapshot of {when} from {source}: {counts}", when=when, source=report.source, counts=counts)


def pull_counts(counterparties: int, skipped: int, conflicts: int) -> str:
    """What a pull gave, in figures."""
    return joined(", ", (
        counted("{count:,} counterparty", "{count:,} counterparties", counterparties),
        counted("{count:,} phone field skipped", "{count:,} phone fields skipped", skipped),
        counted("{count:,} conflict", "{count:,} conflicts", conflicts),
    ))  # fmt: skip


def summary(pbx: PbxReport, *, undo: bool = False) -> str:
    """A PBX's differences in figures. With ``undo`` they are the differences to what it held before a run."""
    plan = pbx.plan
    if plan is None:
        return say("not reached")
    same = say("{same:,} unchanged, {foreign:,} foreign kept", same=plan.unchanged, foreign=plan.foreign)
    if not plan.changes:
        return say("nothing to put back, {same}", same=same) if undo else say("in step, {same}", same=same)
    counts = say(
        "{add:,} to add, {change:,} to change, {delete:,} to delete, {same}",
        add=len(plan.add), change=len(plan.change), delete=len(plan.delete), same=same,
    )  # fmt: skip
    return _share(plan, counts) if undo else counts


def _share(plan: Plan, counts: str) -> str:
    """How much of a phonebook a plan changes. Entries that it adds count as part of the phonebook."""
    return counted(
        "{changes:,} of {count:,} entry: {counts}",
        "{changes:,} of {count:,} entries: {counts}",
        plan.existing + len(plan.add),
        changes=plan.changes,
        counts=counts,
    )


def outcome(pbx: PbxReport) -> str:
    """What was done to a PBX, in figures that add up; "" where there was nothing to do."""
    applied = pbx.applied
    if applied is None or pbx.plan is None or not (pbx.plan.changes or applied.written):
        return ""
    did = [say("{add:,} added, {change:,} changed, {delete:,} deleted",
               add=applied.add, change=applied.change, delete=applied.delete)]  # fmt: skip
    if applied.again:
        did.append(say("{count:,} written again as they were", count=applied.again))
    end = TRUTH[pbx.verified]
    if applied.failed:
        end = joined("; ", (say("{count:,} failed", count=len(applied.failed)), end))
    writes = applied.written + applied.delete
    return counted("{count:,} write: {did}; {end}", "{count:,} writes: {did}; {end}", writes,
                   did=joined(", ", did), end=end)  # fmt: skip


def _lines(report: Report, most: int | None, paint: Paint) -> Iterator[str]:
    yield shown(headline(report))
    for pbx in report.pbx:
        yield from _pbx(pbx, most, report, paint)
        if report.list_foreign and pbx.plan is not None:
            yield from (f"  = {printable(entry.number)}  {printable(entry.name)}" for entry in pbx.plan.kept)
    if report.undoes is not None and any(pbx.error is None and pbx.plan and pbx.plan.changes for pbx in report.pbx):
        yield shown(say("the next sync, push or watch writes it again, unless 1C says otherwise by then"))


def _pbx(pbx: PbxReport, most: int | None, report: Report, paint: Paint) -> Iterator[str]:
    name = paint("strong", printable(pbx.name))
    yield f"{name}: {paint(_style(pbx), shown(summary(pbx, undo=report.undoes is not None)))}"
    if pbx.plan is None:
        return
    changes = islice(pbx.plan.in_order(), most)
    yield from (f"  {_change(change, paint)}{_why(change, report, paint)}" for change in changes)
    if most is not None and pbx.plan.changes > most:
        rest = say("… and {count:,} more (-v lists all)", count=pbx.plan.changes - most)
        yield f"  {paint('faint', shown(rest))}"
    if done := outcome(pbx):
        yield f"{name}: {paint('good' if pbx.verified and pbx.error is None else 'bad', shown(done))}"
    yield from (f"  {paint('bad', '!')} {printable(number)}  {shown(words)}" for number, words in failures(pbx))
    yield from (f"{name}: {shown(remark)}" for remark in remarks(pbx))


def _style(pbx: PbxReport) -> str:
    if pbx.plan is None or pbx.error is not None:
        return "bad"
    return "changed" if pbx.plan.changes else "good"


def _why(change: Change, report: Report, paint: Paint) -> str:
    """Why the new entry won its number; "" where one counterparty alone claims it."""
    verdict = "" if change.new is None else report.verdicts.get(change.number, "")
    return "  " + paint("faint", f"({shown(verdict)})") if verdict else ""


def _change(change: Change, paint: Paint) -> str:
    number = printable(change.number)
    if change.new is None:
        return f"{paint('bad', '-')} {number}  {printable(change.old or '')}"
    if change.old is None:
        return f"{paint('good', '+')} {number}  {printable(change.new.name)}"
    old, new = printable(change.old), printable(change.new.name)
    if paint is not plain:
        old, new = _marked(old, new, paint)
    return f"{paint('changed', '~')} {number}  {old} -> {new}"


def _marked(old: str, new: str, paint: Paint) -> tuple[str, str]:
    """Two names with what differs between them in colours."""
    before, after = "", ""
    for same, left, right in pieces(old, new):
        before += same + left.before + paint("less", left.text) + left.after
        after += same + right.before + paint("more", right.text) + right.after
    return before, after
