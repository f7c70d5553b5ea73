"""The report of ``status``: the snapshot, how each PBX compares with it, and the last runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from astsync.engine.result import PbxReport
from astsync.reports import history
from astsync.reports.as_text import summary
from astsync.reports.json_document import json_document
from astsync.reports.remarks import as_missed, remarks
from astsync.store.records import RunRecord, Snapshot
from astsync.text import printable


@dataclass(frozen=True, slots=True)
class Status:
    """What was known at ``now`` (UTC). Without a snapshot no PBX is asked, and ``pbx`` is empty."""

    now: datetime
    snapshot: Snapshot | None
    pbx: tuple[PbxReport, ...]
    runs: tuple[RunRecord, ...]


def in_step(pbx: PbxReport) -> bool | None:
    """Whether a PBX holds the snapshot's phonebook; None where it could not be read."""
    return None if pbx.plan is None else not pbx.plan.changes


def as_text(status: Status) -> str:
    """The status for people, in local time."""
    return "\n".join(_lines(status)) + "\n"


def _lines(status: Status) -> Iterator[str]:
    snapshot = status.snapshot
    if snapshot is None:
        yield "no snapshot yet: no sync has succeeded"
    else:
        age = _age(status.now - snapshot.at)
        when = f"{snapshot.at.astimezone():%Y-%m-%d %H:%M:%S}"
        yield f"snapshot: {len(snapshot.entries)} entries of {when} ({age} ago) from {printable(snapshot.source)}"
    for pbx in status.pbx:
        yield f"{printable(pbx.name)}: {summary(pbx)}"
        yield from (f"  {printable(remark)}" for remark in remarks(pbx))
    yield "last runs:"
    yield from history.as_text(status.runs).splitlines()


def _age(age: timedelta) -> str:
    """An age in its largest whole unit. A machine's clock may have been set back: no age is below zero."""
    seconds = max(int(age.total_seconds()), 0)
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def as_json(status: Status) -> str:
    """The status as one JSON object, indented, with a line end. A test pins its keys."""
    return json_document(
        {
            "snapshot": _snapshot(status),
            "pbx": [_pbx(pbx) for pbx in status.pbx],
            "runs": [history.as_data(run) for run in status.runs],
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
        "entries": len(kept.entries),
        "counterparties": kept.counterparties,
        "skipped": kept.skipped,
        "conflicts": kept.conflicts,
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
