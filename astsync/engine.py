"""The one story of every run: pull, build, save, read, plan, report, check, apply, verify, record.

The engine is given a source, PBXs and a store; it knows neither HTTP nor AMI, and prints nothing.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal, TypeVar

from astsync.errors import AstsyncError, PbxBadAnswer, PbxError, SafetyError, StoreError
from astsync.pbx import Family, Pbx, WriteResult
from astsync.phonebook.book import BookBuilder
from astsync.phonebook.model import Entry, Phonebook, Progress, no_progress
from astsync.phonebook.plan import Limits, Plan, check_limits, check_list, make_plan
from astsync.result import Applied, PbxReport, Problems, Report
from astsync.sources import Source
from astsync.store import Snapshot, Store

log = logging.getLogger(__name__)

EXIT_INTERRUPTED = 130
Item = TypeVar("Item")
_NOTHING = WriteResult(0, {})


@dataclass(frozen=True, slots=True)
class Options:
    """How to run: the family and the limits of the configuration, and what the command line said.

    ``whole`` writes every entry, not only what differs (``push``).
    """

    family: str = "cidname"
    foreign: Literal["keep", "delete"] = "keep"
    limits: Limits = field(default_factory=Limits)
    dry_run: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Desired:
    """What every PBX should hold, and where it comes from."""

    snapshot: Snapshot
    fresh: bool


class Engine:
    """Brings PBXs in step with the phonebook of a source, or of the snapshot."""

    def __init__(
        self,
        *,
        source: Source,
        builder: Callable[[], BookBuilder],
        pbxs: Sequence[Pbx],
        store: Store,
        options: Options,
        progress: Progress = no_progress,
    ) -> None:
        self._source = source
        self._builder = builder
        self._pbxs = pbxs
        self._store = store
        self._options = options
        self._progress = progress

    def pull(self) -> Phonebook:
        """Pull the source and build the phonebook. Raises SourceError when the list is not whole."""
        return self._builder().build(self._source.pull(self._progress))

    def problems(self) -> Problems:
        """Pull and tell what got no entry, and why. Raises SourceError."""
        book = self.pull()
        return Problems(self._source.describe(), book.counterparties, book.skipped, book.conflicts)

    def sync(self, command: str = "sync") -> Report:
        """Pull, compare and apply the differences. Raises SourceError before anything is read or written."""
        return self._run(command, self._pulled)

    def push(self, *, pull: bool = False) -> Report:
        """Write the snapshot's phonebook whole; with no snapshot, or when asked to, pull first."""
        return self._run("push", self._pulled if pull else self._kept)

    def restore(self, pbxs: Sequence[Pbx] | None = None) -> Report:
        """Compare the PBXs (by default all) with the snapshot and apply the differences; the source is not asked.

        Raises StoreError when there is no snapshot yet.
        """
        return self._run("restore", self._remembered, pbxs)

    def _remembered(self) -> Desired:
        snapshot = self._store.snapshot()
        if snapshot is None:
            raise StoreError(
                f"the store {self._store.path} holds no phonebook yet", hint="Run `astsync sync` first, once."
            )
        return Desired(snapshot, fresh=False)

    def _kept(self) -> Desired:
        snapshot = self._store.snapshot()
        return self._pulled() if snapshot is None else Desired(snapshot, fresh=False)

    def _pulled(self) -> Desired:
        book = self.pull()
        at, where = datetime.now(UTC), self._source.describe()
        counts = (book.counterparties, len(book.skipped), len(book.conflicts))
        return Desired(Snapshot(book.entries, at, where, *counts), fresh=True)

    def _run(self, command: str, desired: Callable[[], Desired], pbxs: Sequence[Pbx] | None = None) -> Report:
        run = None if self._options.dry_run else self._store.begin_run(command)
        try:
            with ExitStack() as connections:
                report = self._steps(command, run, desired(), self._pbxs if pbxs is None else pbxs, connections)
        except BaseException as error:
            code = EXIT_INTERRUPTED if isinstance(error, KeyboardInterrupt) else getattr(error, "exit_code", 1)
            self._end(run, code, str(error) or type(error).__name__)
            raise
        self._end(run, report.exit_code, "; ".join(str(pbx.error) for pbx in report.pbx if pbx.error))
        return report

    def _end(self, run: int | None, exit_code: int, message: str) -> None:
        """Note how a run ended; what it did to the PBXs stands, whether that can be noted or not."""
        if run is None:
            return
        try:
            self._store.end_run(run, exit_code, message)
        except StoreError as error:
            log.warning("the end of run %d could not be noted: %s", run, error)

    def _steps(
        self, command: str, run: int | None, desired: Desired, pbxs: Sequence[Pbx], connections: ExitStack
    ) -> Report:
        """Plan for every PBX, check every plan, and only then write to the first one."""
        targets = [self._target(pbx, run, desired, connections) for pbx in pbxs]
        refusal = self._check_source(desired, targets)
        for target in targets:
            target.check(refusal)
        if run is not None:
            if desired.fresh and refusal is None:
                self._store.save_snapshot(desired.snapshot, run)
            for target in targets:
                target.write(self._progress)
        snapshot = desired.snapshot
        counts = (snapshot.counterparties, snapshot.skipped, snapshot.conflicts)
        parts = tuple(target.report for target in targets)
        return Report(command, run, snapshot.source, desired.fresh, snapshot.at, *counts, parts)

    def _target(self, pbx: Pbx, run: int | None, desired: Desired, connections: ExitStack) -> "_Target":
        target = _Target(pbx.name, self._store, self._options, desired.snapshot.entries, run)
        target.read(pbx, connections, self._progress)
        return target

    def _check_source(self, desired: Desired, targets: Sequence["_Target"]) -> SafetyError | None:
        """Refuse a pulled phonebook that is empty, or has lost too much since the last good one.

        The second holds also where a PBX was wiped and every limit of its own is satisfied.
        """
        before = self._store.snapshot_names() if desired.fresh else None
        entries = desired.snapshot.entries
        if not entries and not self._options.limits.allow_empty:
            settled = not desired.fresh or (before is not None and not before)
            if not settled or any(target.owned for target in targets):
                return _empty(desired.snapshot)
        try:
            check_list(before or {}, entries, self._options.limits)
        except SafetyError as error:
            return error
        return None


def _empty(snapshot: Snapshot) -> SafetyError:
    return SafetyError(
        f"{snapshot.source} gave no usable number ({snapshot.counterparties} counterparties read)",
        hint="Look at the catalogs, at the rights of the user in 1C and, where local numbers are skipped, at "
        "numbers.area_code. If the list is rightly empty, run once with --allow-empty.",
    )


class _Target:
    """One PBX during a run; every step leaves its outcome in ``report``, and an error ends the steps of this PBX."""

    def __init__(
        self, name: str, store: Store, options: Options, desired: Mapping[str, Entry], run: int | None
    ) -> None:
        self.report = PbxReport(name)
        self.owned = store.owned(name, options.family)
        self._name = name
        self._store = store
        self._options = options
        self._desired = desired
        self._run = run
        self._family: Family | None = None
        self._existing: frozenset[str] = frozenset()

    def _fail(self, error: AstsyncError) -> None:
        self.report = replace(self.report, error=error)

    def read(self, pbx: Pbx, connections: ExitStack, progress: Progress) -> None:
        """Connect, read the family and plan."""
        try:
            self._family = connections.enter_context(pbx.open())
            existing = self._family.read(progress)
        except AstsyncError as error:
            return self._fail(error)
        self._existing = frozenset(existing)
        plan = make_plan(existing, self._desired, self.owned, self._options.foreign)
        self.report = replace(self.report, plan=plan)
        return None

    def check(self, refusal: SafetyError | None) -> None:
        """Refuse the plan by the limits, or because the source's list was refused."""
        if self.report.plan is None:
            return
        try:
            check_limits(self.report.plan, self._options.limits, self._name)
        except SafetyError as error:
            self._fail(error)
        if refusal is not None:
            self._fail(refusal)

    def write(self, progress: Progress) -> None:
        """Record, apply and verify."""
        if self.report.error is not None or self.report.plan is None or self._family is None or self._run is None:
            return
        plan = self.report.plan
        try:
            self._record(plan, self._run)
            if not plan.changes and not self._options.whole:
                self.report = replace(self.report, applied=Applied(), verified=True)
                return
            self._apply(self._family, plan, progress)
            self._verify(self._family, plan, progress)
        except AstsyncError as error:
            self._fail(error)

    def _record(self, plan: Plan, run: int) -> None:
        """Store what will be overwritten and what will be ours, before it is sent.

        An owned key that was gone and is not wanted any more is ours no longer: whoever writes it next owns it.
        """
        family = self._options.family
        self._store.note_overwritten(run, self._name, family, (*plan.change, *plan.delete))
        self._store.own(self._name, family, self._desired.keys() - self.owned)
        self._store.disown(self._name, family, self.owned - self._existing - self._desired.keys())

    def _apply(self, family: Family, plan: Plan, progress: Progress) -> None:
        """Put first, delete only when every put succeeded."""
        wanted: Iterable[Entry | None] = self._desired.values()
        if not self._options.whole:
            wanted = (change.new for change in (*plan.add, *plan.change))
        puts = [(entry.number, entry.name) for entry in wanted if entry is not None]
        put = self._written(family.put, puts, progress, lambda done: self._note(plan, puts, done, _NOTHING))
        if put.failed:
            return
        deletes = [change.number for change in plan.delete]
        self._written(family.delete, deletes, progress, lambda done: self._note(plan, puts, put, done))

    @staticmethod
    def _written(
        write: Callable[[list[Item], Progress], WriteResult],
        items: list[Item],
        progress: Progress,
        note: Callable[[WriteResult], None],
    ) -> WriteResult:
        """Write items and note what was done, also where the PBX is lost on the way."""
        try:
            done = write(items, progress)
        except PbxError as error:
            note(WriteResult(error.done, {}))
            raise
        note(done)
        return done

    def _note(self, plan: Plan, puts: Sequence[tuple[str, str]], put: WriteResult, deleted: WriteResult) -> None:
        """Count what was done; Asterisk answers puts in their order, so the first ones are those it confirmed."""
        failed = {**put.failed, **deleted.failed}
        confirmed = {number for number, _ in puts[: put.done + len(put.failed)]} - failed.keys()
        applied = Applied(
            add=sum(change.number in confirmed for change in plan.add),
            change=sum(change.number in confirmed for change in plan.change),
            delete=deleted.done,
            written=put.done,
            failed=failed,
        )
        self.report = replace(self.report, applied=applied)

    def _verify(self, family: Family, plan: Plan, progress: Progress) -> None:
        """Read the family again and compare it with what was desired."""
        held = family.read(progress)
        wrong = [number for number, entry in self._desired.items() if held.get(number) != entry.name]
        left = [change.number for change in plan.delete if change.number in held]
        self.report = replace(self.report, verified=not wrong and not left)
        gone = [change.number for change in plan.delete if change.number not in held]
        self._store.disown(self._name, self._options.family, gone)
        if wrong or left:
            self._fail(_differs(self._name, [*wrong, *left], self.report.applied))


def _differs(name: str, numbers: Sequence[str], applied: Applied | None) -> AstsyncError:
    failed = applied.failed if applied is not None else {}
    words = failed.get(numbers[0], "somebody else wrote meanwhile, or the PBX did not keep what it confirmed")
    return PbxBadAnswer(
        f"{name}: {len(numbers)} entries are not as desired after writing, the first is {numbers[0]}: {words}",
        hint="Run the command again; it writes only what still differs.",
    )
