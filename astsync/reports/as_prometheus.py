"""The status in the format of Prometheus, as for the textfile collector of node_exporter."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from astsync.engine.result import PbxReport
from astsync.reports.status import Status, in_step
from astsync.store.records import RunRecord


def render(status: Status) -> str:
    """The status in Prometheus' text format (0.0.4). Times are Unix seconds."""
    registry = CollectorRegistry()
    registry.register(_Gauges(status))
    return generate_latest(registry).decode()


class _Gauges(Collector):
    """The gauges of one status."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """All gauges."""
        yield from self._snapshot()
        yield from self._online()
        yield from self._pbxs()
        yield from self._runs()

    def _snapshot(self) -> Iterator[Metric]:
        kept = self._status.snapshot
        if kept is None:
            return
        for name, words, value in (
            ("timestamp_seconds", "When the last good list was pulled", kept.at.timestamp()),
            ("entries", "Entries of the phonebook", kept.entries),
            ("counterparties", "Counterparties that were read for it", kept.counterparties),
            ("skipped", "Phone fields that gave no entry", kept.skipped),
            ("conflicts", "Numbers that several counterparties claim", kept.conflicts),
        ):
            yield GaugeMetricFamily(f"astsync_snapshot_{name}", words, value)

    def _online(self) -> Iterator[Metric]:
        online = self._status.online
        if self._status.snapshot is None and not online.names:
            return
        yield GaugeMetricFamily(
            "astsync_online_names", "Names that 1C told during calls and that count", len(online.names)
        )
        if online.first_end is not None:
            words, end = "When the first of them expires", online.first_end.timestamp()
            yield GaugeMetricFamily("astsync_online_first_expiry_timestamp_seconds", words, end)

    def _pbxs(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("astsync_pbx_up", "Whether the PBX could be read", labels=["pbx"])
        step = GaugeMetricFamily("astsync_pbx_in_step", "Whether the PBX holds the phonebook", labels=["pbx"])
        entries = GaugeMetricFamily(
            "astsync_pbx_entries", "Entries by what is to be done with them", labels=["pbx", "state"]
        )
        missed = GaugeMetricFamily(
            "astsync_pbx_missed_entries", "Entries that the PBX confirmed and has lost since", labels=["pbx"]
        )
        for pbx in self._status.pbx:
            if pbx.plan is not None:  # else it was not looked at, and 0 would be a false all-clear
                missed.add_metric([pbx.name], pbx.missed.count if pbx.missed is not None else 0)
            up.add_metric([pbx.name], pbx.plan is not None)
            step.add_metric([pbx.name], in_step(pbx) is True)
            for state, count in _counts(pbx):
                entries.add_metric([pbx.name, state], count)
        yield from (up, step, entries, missed)

    def _runs(self) -> Iterator[Metric]:
        code = GaugeMetricFamily("astsync_last_run_exit_code", "Exit code of the last run", labels=["command"])
        ended = GaugeMetricFamily("astsync_last_run_timestamp_seconds", "When the last run ended", labels=["command"])
        good = GaugeMetricFamily(
            "astsync_last_success_timestamp_seconds", "When the last run without a fault ended", labels=["command"]
        )
        done = [run for run in self._status.runs if run.finished is not None and run.exit_code is not None]
        for run in _last(done):
            code.add_metric([run.command], run.exit_code or 0)
            ended.add_metric([run.command], _ended(run))
        for run in _last([run for run in done if run.exit_code == 0]):
            good.add_metric([run.command], _ended(run))
        yield from (code, ended, good)


def _counts(pbx: PbxReport) -> Iterator[tuple[str, int]]:
    plan = pbx.plan
    if plan is not None:
        yield from (("add", len(plan.add)), ("change", len(plan.change)), ("delete", len(plan.delete)))
        yield from (("unchanged", plan.unchanged), ("foreign", plan.foreign))


def _last(runs: list[RunRecord]) -> Iterator[RunRecord]:
    """The last run of each command; ``runs`` begins with the newest."""
    last = {run.command: run for run in reversed(runs)}
    yield from (last[command] for command in sorted(last))


def _ended(run: RunRecord) -> float:
    return run.finished.timestamp() if run.finished is not None else 0.0
