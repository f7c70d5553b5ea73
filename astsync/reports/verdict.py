"""What came of a run, in a sentence: for the head of a report, the subject of a mail, a history."""

from collections.abc import Iterator

from astsync.engine.result import Applied, PbxReport, Report
from astsync.errors import SafetyError
from astsync.language import counted, joined, say

TRUTH = {True: say("verified"), False: say("NOT as desired after reading again"), None: say("not verified")}
"""Whether a PBX held what was desired when it was read again, in words."""
_MOST_NAMED = 3  # PBXs that have each their own part of the sentence


def verdict(pbx: PbxReport, *, undo: bool = False) -> str:
    """What came of a run on one PBX, without its name."""
    if pbx.plan is None:
        return say("not reached")
    if isinstance(pbx.error, SafetyError):
        return say("refused, nothing was written")
    if pbx.applied is not None and (pbx.applied.any or pbx.applied.failed):
        return _done(pbx.applied, pbx.verified)
    if pbx.error is not None:
        return say("failed, nothing was written")
    if not pbx.plan.changes:
        return say("nothing to put back") if undo else say("in step")
    return _intended(len(pbx.plan.add), len(pbx.plan.change), len(pbx.plan.delete))


def _intended(add: int, change: int, delete: int) -> str:
    return say("{add:,} to add, {change:,} to change, {delete:,} to delete", add=add, change=change, delete=delete)


def _changed(add: int, change: int, delete: int) -> str:
    new = counted("{count:,} new name", "{count:,} new names", add)
    return say("{new}, {changed:,} changed, {deleted:,} deleted", new=new, changed=change, deleted=delete)


def _done(applied: Applied, verified: bool | None) -> str:
    parts = []
    if applied.add or applied.change or applied.delete or not applied.again:
        parts.append(_changed(applied.add, applied.change, applied.delete))
    if applied.again:
        parts.append(say("{count:,} written again as they were", count=applied.again))
    if applied.failed:
        parts.append(say("{count:,} failed", count=len(applied.failed)))
    return say("{done}; {truth}", done=joined(", ", parts), truth=TRUTH[verified])


def verdicts(report: Report) -> tuple[tuple[str, str], ...]:
    """The parts of the sentence: whose they are, "" for all PBXs, and what came of the run there."""
    undo = report.undoes is not None
    each = [(pbx.name, verdict(pbx, undo=undo)) for pbx in report.pbx]
    if len(each) <= _MOST_NAMED:
        return tuple(each)
    if len({str(what) for _, what in each}) == 1:
        return (("", say("all {count:,} PBXs: {what}", count=len(each), what=each[0][1])),)
    return (("", joined("; ", _of_many(report))),)


def _of_many(report: Report) -> Iterator[str]:
    """What all PBXs got, how many went well, and which did not."""
    bad = [pbx.name for pbx in report.pbx if pbx.error is not None or pbx.verified is False]
    applied = [pbx.applied for pbx in report.pbx if pbx.applied is not None]
    plans = [pbx.plan for pbx in report.pbx if pbx.plan is not None]
    if applied:
        what = _changed(*(sum(getattr(one, kind) for one in applied) for kind in ("add", "change", "delete")))
    else:
        what = _intended(*(sum(len(getattr(one, kind)) for one in plans) for kind in ("add", "change", "delete")))
    yield say("{what} in all", what=what)
    yield counted("{count:,} PBX without a fault", "{count:,} PBXs without a fault", len(report.pbx) - len(bad))
    if bad:
        names = joined(", ", bad[:_MOST_NAMED])
        more = len(bad) - _MOST_NAMED
        named = say("{names} and {count:,} more", names=names, count=more) if more > 0 else names
        yield counted("{count:,} PBX failed: {names}", "{count:,} PBXs failed: {names}", len(bad), names=named)
