"""One PBX during a run."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace

from astsync.engine.goals import Goal
from astsync.engine.result import Applied, PbxReport
from astsync.engine.run_options import RunOptions
from astsync.engine.side_by_side import Abandoned
from astsync.engine.work import Work
from astsync.errors import (
    AstsyncError,
    PbxBadAnswer,
    PbxConnectionLost,
    PbxError,
    PbxTimeout,
    PbxUnreachable,
)
from astsync.pbx import Family, Pbx, WriteResult
from astsync.phonebook.model import Progress
from astsync.store import RunPart, Store

log = logging.getLogger(__name__)

COMMITTED = 2.0
"""Seconds after which Asterisk has what it confirmed on its disk: it commits about once a second (main/db.c,
db_sync_thread), and 1.5 s after the last answer a kill -9 lost nothing on any version.
"""


class Target:
    """One PBX during a run; every step leaves its outcome in ``report``, and an error ends the steps of this PBX."""

    def __init__(self, pbx: Pbx, store: Store, options: RunOptions, stopping: threading.Event) -> None:
        self.name = pbx.name
        self.report = PbxReport(pbx.name)
        self.work: Work | None = None
        self._pbx = pbx
        self._store = store
        self._options = options
        self._stopping = stopping
        self._connection = ExitStack()
        self._family: Family | None = None

    def close(self) -> None:
        """Disconnect; a thread that waits for the PBX then ends."""
        self._connection.close()

    def fail(self, error: AstsyncError) -> None:
        """Note why this PBX's part of the run ended."""
        self.report = replace(self.report, error=error)

    @property
    def reached(self) -> bool:
        """Whether the run came as far as this PBX."""
        return self.report.plan is not None or self.report.error is not None

    def part(self) -> RunPart:
        """Give this PBX's part for the store."""
        done = self.report.applied or Applied()
        counts = (done.add, done.change, done.delete, len(done.failed))
        error = str(self.report.error or "")
        return RunPart(self.name, self._options.family, *counts, self.report.verified, error)

    def read(self, goal: Goal, progress: Progress) -> None:
        """Connect, read the family and make the work."""
        try:
            family = self._connection.enter_context(self._pbx.open())
            self._heed()
            existing = family.read(progress)
            owned = self._store.owned(self.name, self._options.family, existing)
        except AstsyncError as error:
            return self.fail(error)
        self.work = goal.work(self.name, existing, owned)
        self.report = replace(self.report, plan=self.work.plan)
        self._family = family
        return None

    def _heed(self) -> None:
        if self._stopping.is_set():
            self.close()
            raise Abandoned

    def write(self, run: int, progress: Progress) -> None:
        """Record, apply, verify, settle."""
        if self.report.error is not None or self.work is None or self._family is None:
            return
        self._heed()
        try:
            self._record(self.work, run)
            if not self.work.plan.changes and not self.work.puts:
                self.report = replace(self.report, applied=Applied(), verified=True)
                self._settle(self.work, run, self.work.wanted)
                return
            self._carry_out(self._family, self.work, run, progress)
        except AstsyncError as error:
            self.fail(error)

    def _record(self, work: Work, run: int) -> None:
        """Store what will be changed and what will be ours, before it is sent."""
        self._store.note_before(
            run,
            self.name,
            self._options.family,
            work.before(),
            work.own,
            work.disown,
            owned=work.owned,
            doubtful=work.doubtful(),
        )

    def _carry_out(self, family: Family, work: Work, run: int, progress: Progress) -> None:
        try:
            self._apply(family, work, progress)
        except (PbxUnreachable, PbxConnectionLost, PbxTimeout):
            raise  # the record stays: what was sent and not answered may have been done, or be done yet
        except PbxError:
            self._look_again(family, work, run)
            raise
        self._prove(family, work, run, progress)
        written = self.report.applied is not None and self.report.applied.any
        if self._options.durable and written and self.report.error is None:
            self._prove(family, work, run, progress, COMMITTED)

    def _look_again(self, family: Family, work: Work, run: int) -> None:
        """Settle what was done before an error that leaves the connection, as a missing right to write does."""
        with suppress(PbxError):
            self._settle(work, run, family.read())

    def _apply(self, family: Family, work: Work, progress: Progress) -> None:
        """Put first, delete only when every put succeeded."""
        numbers = [number for number, _ in work.puts]
        put = _Batch(numbers)
        deleted = _Batch([change.number for change in work.plan.delete])
        try:
            put.carry_out(lambda: family.put(work.puts, progress))
            if not put.failed:
                deleted.carry_out(lambda: family.delete(deleted.numbers, progress))
        finally:
            self._note(work, put, deleted)

    def _note(self, work: Work, put: "_Batch", deleted: "_Batch") -> None:
        confirmed = put.confirmed()
        applied = Applied(
            add=sum(change.number in confirmed for change in work.plan.add),
            change=sum(change.number in confirmed for change in work.plan.change),
            delete=deleted.done,
            written=put.done,
            failed={**put.failed, **deleted.failed},
        )
        self.report = replace(self.report, applied=applied)

    def _prove(self, family: Family, work: Work, run: int, progress: Progress, wait: float = 0.0) -> None:
        """Read the family again; write once more what the PBX confirmed and did not keep, and read again.

        ``wait`` is how many seconds to wait before each reading.
        """
        held = self._look(family, progress, wait)
        wrong = _wrong(work, held)
        if wrong and self._write_again(family, work, wrong):
            held = self._look(family, progress, wait)
            wrong = _wrong(work, held)
        self.report = replace(self.report, verified=not wrong)
        self._settle(work, run, held)
        if wrong:
            self.fail(_differs(self.name, [*wrong], self.report.applied))

    def _look(self, family: Family, progress: Progress, wait: float) -> dict[str, str]:
        if wait:
            self._stopping.wait(wait)
            self._heed()
        return family.read(progress)

    def _write_again(self, family: Family, work: Work, wrong: Mapping[str, str | None]) -> bool:
        """Write what a PBX lost, as one that was killed before its AstDB was on the disk; tell whether it was tried.

        What somebody else wrote meanwhile stays: its old value is in no record. After a put that was refused nothing
        is deleted, so nothing is done.
        """
        if self.report.applied is None or self.report.applied.failed:
            return False
        old = {change.number: change.old for change in (*work.plan.change, *work.plan.delete)}
        lost = [number for number, value in wrong.items() if value is None or value == old.get(number)]
        if not lost:
            return False
        log.warning("%s: %d entries were confirmed and are lost: writing them again", self.name, len(lost))
        if not family.put([(number, work.wanted[number]) for number in lost if number in work.wanted]).failed:
            family.delete([number for number in lost if number not in work.wanted])
        return True

    def _settle(self, work: Work, run: int, held: Mapping[str, str]) -> None:
        """Bring the record to what the PBX holds now.

        A change that was not made leaves the record, and its key belongs to whom it belonged. Keys that are given back,
        or somebody else's by now, are not ours. A key that was deleted is ours should it come back as it was: a PBX
        that is killed within a second has not yet noted the deletion on its disk.
        """
        plan, doubtful = work.plan, work.doubtful()
        unmade = [c.number for c in (*plan.add, *plan.change, *plan.delete) if held.get(c.number) == c.old]
        not_ours = {number for number, value in doubtful.items() if held.get(number) != value}
        given_back = {number for number in work.release if held.get(number) == work.wanted[number]}
        deleted = {c.number: doubtful[c.number] for c in plan.delete if c.number in not_ours - held.keys()}
        if unmade or doubtful or given_back:
            gone = (not_ours | given_back) - deleted.keys()
            self._store.settle(run, self.name, self._options.family, unmade, gone, deleted)


class _Batch:
    """Keys that are written or deleted together, and what came of them."""

    def __init__(self, numbers: Sequence[str]) -> None:
        self.numbers = numbers
        self.done = 0
        self.failed: dict[str, str] = {}
        self._left: set[str] = set(numbers)

    def carry_out(self, write: Callable[[], WriteResult]) -> None:
        """Write, and note what was done, also where the PBX is lost on the way."""
        try:
            result = write()
        except PbxError as error:
            self.done, self.failed = error.done, dict(error.failed)
            self._left = set(self.numbers[error.done :] if error.left is None else error.left)
            raise
        self.done, self.failed, self._left = result.done, dict(result.failed), set()

    def confirmed(self) -> set[str]:
        """Give the keys that the PBX confirmed."""
        return set(self.numbers) - self._left - self.failed.keys()


def _wrong(work: Work, held: Mapping[str, str]) -> dict[str, str | None]:
    """Compare a family with what was wanted; give the keys that are not as wanted with what they hold."""
    wrong = {number: held.get(number) for number, name in work.wanted.items() if held.get(number) != name}
    return wrong | {change.number: held[change.number] for change in work.plan.delete if change.number in held}


def _differs(name: str, numbers: Sequence[str], applied: Applied | None) -> AstsyncError:
    failed = applied.failed if applied is not None else {}
    words = failed.get(numbers[0], "somebody else wrote meanwhile, or the PBX did not keep what it confirmed")
    return PbxBadAnswer(
        f"{name}: {len(numbers)} entries are not as desired after writing, the first is {numbers[0]}: {words}",
        hint="Run the command again; it writes only what still differs.",
    )
