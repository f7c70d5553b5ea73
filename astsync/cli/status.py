"""``status``: the last runs, the age of the snapshot, and whether each PBX is in step with it."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from astsync.cli.common import Common, OutputOption
from astsync.cli.open_engine import open_engine
from astsync.cli.output import check_output, complain_of, emit
from astsync.cli.screen import show
from astsync.phonebook.plan import Lifted

if TYPE_CHECKING:
    from astsync.calls.model import CallGap
    from astsync.parts import Parts
    from astsync.reports.status import Status

LAST = 5  # runs that the text lists
GAPS_OF = timedelta(days=7)  # times without calls that are told
LOOKED_AT = 3_000  # runs that the figures for Prometheus are taken from: all that history keeps, `online` too


class StatusFormat(StrEnum):
    """The formats of the status."""

    TEXT = "text"
    JSON = "json"
    PROMETHEUS = "prometheus"


def status(
    context: typer.Context,
    status_format: Annotated[StatusFormat, typer.Option("--format", help="The format.")] = StatusFormat.TEXT,
    output: OutputOption = None,
) -> None:
    """Show the last runs, the snapshot's age, and whether each PBX is in step with it; 1C is not asked."""
    from astsync.reports import status as report

    check_output(output)
    common = context.ensure_object(Common)
    found, code = _look(common)
    if status_format is StatusFormat.PROMETHEUS:
        from astsync.reports import as_prometheus

        emit(as_prometheus.render(found), output)
    else:
        few = replace(found, runs=found.runs[:LAST])
        if status_format is StatusFormat.JSON:
            emit(report.as_json(few), output)
        else:
            show(lambda paint: report.as_text(few, paint), common.colour, output)
    complain_of((pbx.name, pbx.error) for pbx in found.pbx)
    raise typer.Exit(code)


def _look(common: Common) -> "tuple[Status, int]":
    """Read the store, then compare every PBX with the snapshot. Returns the status and the exit code.

    The comparison is the dry run of a restore, with every limit lifted: a status must show a large difference, not
    refuse it.
    """
    from astsync.parts import Parts
    from astsync.reports.status import Status
    from astsync.store import running

    parts = Parts.load(common.config)
    with parts.store(write=False) as store:
        snapshot, runs, online = store.snapshot_facts(), store.runs(LOOKED_AT), store.online(datetime.now(UTC))
    found = Status(datetime.now(UTC), snapshot, (), runs, running(parts.store_path), online, _gaps(parts))
    if snapshot is None:
        return found, 0
    with open_engine(common, Lifted(empty=True, deletes=True, changes=True), dry_run=True) as engine:
        report = engine.restore()
    return replace(found, now=datetime.now(UTC), pbx=report.pbx), report.exit_code


def _gaps(parts: "Parts") -> "tuple[CallGap, ...]":
    """The times of the last week of which calls may be missing."""
    from astsync.store import JournalReader

    now = datetime.now(UTC)
    if not parts.config.serve.calls.follow:
        return ()
    try:
        gaps = JournalReader(parts.store_path).gaps(now, [pbx.name for pbx in parts.config.pbx])
        return tuple(gap for gap in gaps if now - gap.until < GAPS_OF)
    except (sqlite3.Error, OSError):
        return ()  # the store was read a moment ago: it is busy, and a status need not wait for that
