"""The report of ``status``: the snapshot, how each PBX compares with it, and the last runs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from astsync.calls.model import CallGap
from astsync.engine.result import PbxReport
from astsync.language import counted, say, spoken
from astsync.reports import history
from astsync.reports.as_text import summary
from astsync.reports.call_gaps import gap_words, gaps_as_data
from astsync.reports.json_document import json_document
from astsync.reports.remarks import as_missed, remarks
from astsync.reports.shown import moment, shown
from astsync.reports.terminal import Paint, plain
from astsync.store.holder import Holder
from astsync.store.records import OnlineNames, RunRecord, SnapshotFacts
from astsync.text import printable, span


@dataclass(frozen=True, slots=True)
class Status:
    """What was known at ``now`` (UTC). Without a snapshot no PBX is asked, and ``pbx`` is empty.

    ``running`` is the run that was under way. ``online`` are the names that 1C told during calls. ``gaps``
    are the times of the last week of which calls may be missing.
    """

    now: datetime
    snapshot: SnapshotFacts | None
    pbx: tuple[PbxReport, ...]
    runs: tuple[RunRecord, ...]
    running: Holder | None = None
    online: OnlineNames = field(default_factory=OnlineNames)
    gaps: tuple[CallGap, ...] = ()


def in_step(pbx: PbxReport) -> bool | None:
    """Whether a PBX holds the snapshot's phonebook; None where it could not be read."""
    return None if pbx.plan is None else not pbx.plan.changes


def as_text(status: Status, paint: Paint = plain) -> str:
    """The status for people, in local time. ``paint`` makes the colours of a terminal."""
    return "\n".join(_lines(status, paint)) + "\n"


def _lines(status: Status, paint: Paint) -> Iterator[str]:
    if status.running is not None:
        yield shown(say("a run is under way{who}{since}", who=status.running.who(), since=status.running.since()))
    yield shown(_snapshot_line(status))
    yield from map(shown, _online_line(status.online))
    for pbx in status.pbx:
        style = {None: "bad", False: "changed", True: "good"}[in_step(pbx)]
        yield f"{paint('strong', printable(pbx.name))}: {paint(style, shown(summary(pbx)))}"
        yield from (f"  {shown(remark)}" for remark in remarks(pbx))
    yield from (shown(gap_words(gap)) for gap in status.gaps)
    yield spoken(say("last runs:"))
    yield from history.as_text(status.runs, paint).splitlines()


def _snapshot_line(status: Status) -> str:
    snapshot = status.snapshot
    if snapshot is None:
        return say("no snapshot yet: no sync has succeeded")
    return counted(
        "snapshot: {count:,} entry of {when} ({age} ago) from {source}",
        "snapshot: {count:,} entries of {when} ({age} ago) from {source}",
        snapshot.entries,
        when=moment(snapshot.at),
        age=span((status.now - snapshot.at).total_seconds()),
        source=snapshot.source,
    )


def _online_line(online: OnlineNames) -> Iterator[str]:
    """How many names are kept that 1C told during calls; nothing where there is none."""
    if online.first_end is not None:
        yield counted(
            "told online: {count:,} name beside the snapshot; the first expires {end}",
            "told online: {count:,} names beside the snapshot; the first expires {end}",
            len(online.names),
            end=moment(online.first_end),
        )


def as_json(status: Status) -> str:
    """The status as one JSON object, indented, with a line end. A test pins its keys."""
    return json_document(
        {
            "snapshot": _snapshot(status),
            "online": {"names": len(status.online.names), "first_expires": status.online.first_end},
            "pbx": [_pbx(pbx) for pbx in status.pbx],
            "runs": [history.as_data(run) for run in status.runs],
            "running": status.running and _running(status.running),
            "gaps": gaps_as_data(status.gaps),
        }
    )


def _snapshot(status: Status) -> dict[str, Any] | None:
    kept = status.snapshot
    if kept is None:
        return None
    return {
        "at": kept.at,
        "age": round((status.now - kept.at).total_seconds()),
        "source": kept.source,
        "entries": kept.entries,
        "counterparties": kept.counterparties,
        "skipped": kept.skipped,
        "conflicts": kept.conflicts,
    }


def _running(holder: Holder) -> dict[str, Any]:
    return {
        "process": holder.pid,
        "command": holder.command,
        "since": datetime.fromtimestamp(holder.began, UTC),
        "doing": holder.doing,
    }


def _pbx(pbx: PbxReport) -> dict[str, Any]:
    plan = pbx.plan
    return {
        "name": pbx.name,
        "in_step": in_step(pbx),
        "existing": plan and plan.existing,
        "unchanged": plan and plan.unchanged,
        "add": plan and len(plan.add),
        "change": plan and len(plan.change),
        "delete": plan and len(plan.delete),
        "foreign": plan and plan.foreign,
        "error": pbx.error and str(pbx.error),
        "missed": as_missed(pbx.missed),
        "unnameable": plan and len(plan.unnameable),
    }
