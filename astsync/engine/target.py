"""One PBX during a run."""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from astsync.engine.goals import Goal
from astsync.engine.overtime import check_time, in_time
from astsync.engine.result import Applied, PbxReport
from astsync.engine.run_options import RunOptions
from astsync.engine.side_by_side import Abandoned, FewAtOnce
from astsync.engine.work import Work
from astsync.errors import (
    AstsyncError,
    PbxBadAnswer,
    PbxError,
    PbxForgot,
    StoreGone,
)
from astsync.language import about, counted, joined, say
from astsync.pbx import Family, Pbx, WriteResult, retry
from astsync.phonebook.alike import ALIKE, are_same
from astsync.phonebook.keeping import CAUSE, IN_A_ROW, LOOK, Missed, Trace, Untouched
from astsync.phonebook.model import Progress
from astsync.phonebook.owners import KeyOwners
from astsync.phonebook.ownership import Ownership, owned_keys
from astsync.phonebook.packed import PackedNames, as_text, stretches
from astsync.phonebook.packed_book import numbers_of
from astsync.stopping import Stopping
from astsync.store import RunPart, Store

log = logging.getLogger(__name__)

READING, WRITING = say("reading"), say("writing")
COMMITTED = 2.0
"""Seconds after which Asterisk has on its disk what it confirmed.

It commits about once a second (main/db.c, db_sync_thread). 1.5 s after the last answer a kill -9 lost nothing on any
version that was tried.
"""


class Target:
    """One PBX during a run: read, then, once all PBXs are read and checked, written.

    Every step leaves its outcome in ``report``. An error ends the steps of this PBX alone. The PBXs of a run share
    ``readers``.
    """

    def __init__(
        self, pbx: Pbx, store: Store, options: RunOptions, stopping: Stopping, readers: FewAtOnce | None = None
    ) -> None:
        self.name = pbx.name
        self.report = PbxReport(pbx.name)
        self.work: Work | None = None
        self._owners: Mapping[str, Ownership] = {}
        self._started = ""
        self._answered = 0.0  # the moment of the last answer to what was sent, in seconds of ``time.monotonic``
        self._trace: Trace | None = None
        self._young: Trace | None = None  # the trace, where this run can neither confirm nor disturb it
        self._distrusted = False  # whether it lost something that no restart explains
        self._pbx = pbx
        self._store = store
        self._options = options
        self._stopping = stopping
        self._readers = readers if readers is not None else FewAtOnce()
        self._connection = ExitStack()
        self._family: Family | None = None

    def close(self) -> None:
        """Disconnect. A thread that waits for the PBX ends by that."""
        self._connection.close()

    def fail(self, error: AstsyncError) -> None:
        """Keep the error that ended this PBX's part of the run."""
        self.report = replace(self.report, error=error)

    @property
    def reached(self) -> bool:
        """Whether the run came as far as this PBX."""
        return self.report.plan is not None or self.report.error is not None

    def part(self) -> RunPart:
        """This PBX's part of the run, for the store's history."""
        done = self.report.applied or Applied()
        counts = (done.add, done.change, done.delete, len(done.failed))
        error = self.report.error
        words, hint = ("", "") if error is None else (error.message, error.hint)
        return RunPart(self.name, self._options.family, *counts, self.report.verified, words, hint)

    def ask(self) -> None:
        """Ask the PBX whether it will let the run in. One that is merely away is waited for when it is read."""
        try:
            self._pbx.ask(write=not self._options.dry_run, stopping=self._stopping)
        except retry.LOST as error:
            log.debug("not asked before the pull: %s", error)
        except AstsyncError as error:
            self.fail(error)

    def read(self, goal: Goal, progress: Progress) -> None:
        """Connect, read the family and make the work. Where the PBX has refused already it is not asked again."""
        if self.report.error is not None:
            return None
        try:
            family = self._enter(self._connection)
            self._heed(READING)
            existing = self._read(family, progress)
        except AstsyncError as error:
            return self.fail(in_time(error, self.name, READING, self._stopping))
        self.work = goal.work(self.name, existing, owned_keys(self._owners, existing), family.unnameable(existing))
        self.report = replace(self.report, plan=self.work.plan)
        self._family = family
        return None

    def _enter(self, connection: ExitStack) -> Family:
        """Connect until the end of ``connection``."""
        return connection.enter_context(self._pbx.open(self._stopping))

    def _read(self, family: Family, progress: Progress) -> Mapping[str, str]:
        """Read the family, and what the store knows of it."""
        # Before the reading: beside a dry run another run may write, and what that one changes is not missed.
        self._trace = self._store.trace(self.name, self._options.family)
        existing = self._held(family, progress)
        # After it: a PBX that restarts meanwhile is read once it is back, and what is gone then has a reason.
        self._started = family.started()
        self._owners = KeyOwners(ALIKE.of(self._store.owners(self.name, self._options.family).rows))
        missed = self._store.missed(self._trace, self.name, self._options.family, existing, self._started)
        self.report = replace(self.report, missed=missed)
        self._distrusted = self.report.missed is not None
        return existing

    def _heed(self, doing: str) -> None:
        """End this PBX's part where the run must end. Raises Abandoned, and PbxTimeout where the run's time is over."""
        check_time(self.name, doing, self._stopping)
        if self._stopping.is_set():
            self.close()
            raise Abandoned

    def write(self, run: int, progress: Progress) -> None:
        """Record, apply, read again and compare, store what became of it."""
        if self.report.error is not None or self.work is None or self._family is None:
            return
        try:
            self._heed(WRITING)
            self._record(self.work, run)
            if self.work.plan.changes or self.work.puts:
                self._carry_out(self._family, self.work, run, progress)
            else:
                self.report = replace(self.report, applied=Applied(), verified=True)
        except AstsyncError as error:
            self.fail(in_time(error, self.name, WRITING, self._stopping))

    def _record(self, work: Work, run: int) -> None:
        """Store what will be changed and whose the keys are from now on.

        This comes before anything is sent. If we are killed at the first write, the next run finds there which keys
        are in doubt, and undo finds the old values.
        """
        owners = work.owners_before(self._owners)
        self._young = self._trace if self._too_early and not work.plan.changes else None
        where = (run, self.name, self._options.family)
        self._store.save_record_and_owners(*where, work.record(), owners, self._to_store(self._young))

    def _to_store(self, trace: Trace | None, /) -> Trace | Untouched | None:
        """What is stored in the place of an earlier run's trace."""
        return trace

    @property
    def _too_early(self) -> bool:
        """Whether what the last run wrote may not have been committed yet, so that seeing it proves nothing."""
        trace = self._trace
        if trace is None or trace.started != self._started or self.report.missed is not None:
            return False
        return datetime.now(UTC) - trace.at < timedelta(seconds=COMMITTED)

    def _carry_out(self, family: Family, work: Work, run: int, progress: Progress) -> None:
        try:
            self._apply(family, work, progress)
        except retry.LOST:
            raise  # the record stays whole: Asterisk may have done what it did not answer, or may do it later
        except PbxError:
            self._look_again(family, work, run)
            raise
        self._prove(family, work, run, progress)
        written = self.report.applied is not None and self.report.applied.any
        durable = self._options.durable or self._distrusted
        if durable and written and self.report.error is None:
            self._prove(family, work, run, progress, COMMITTED)
        if self.report.missed is not None and self.report.error is None:
            self._tell_missed(self.report.missed)

    def _tell_missed(self, missed: Missed) -> None:
        """Say what was missed, now that the PBX holds after the commit what is desired: its disk is not to be blamed.

        Once somebody may have deleted entries, or the disk was full for a while. When the next run misses again what
        was seen to be kept, a person has to find out who takes it away.
        """
        if missed.again >= IN_A_ROW and missed.same:
            words = counted(
                "{missed}; {count:,} run in a row has found so",
                "{missed}; {count:,} runs in a row have found so",
                missed.again,
                missed=missed.told,
            )
            kept = say("They were written again, and by now the PBX keeps them.")
            self.fail(PbxForgot(about(self.name, words), hint=joined(" ", (kept, CAUSE, LOOK))))
        else:
            cause = "" if missed.trace.lost else joined("", (". ", CAUSE))
            log.warning(
                "%s: %s; what is desired was written, and this time the PBX keeps it%s", self.name, missed.told, cause
            )

    def _look_again(self, family: Family, work: Work, run: int) -> None:
        """Find out what was done before an error that leaves the connection open, such as a missing right to write."""
        with suppress(PbxError):
            held = PackedNames.of(family.read())
            self._save_outcome(work, run, held, self._trace_of(work, run, held))

    def _apply(self, family: Family, work: Work, progress: Progress) -> None:
        """Put first, and delete only when every put succeeded.

        A run that is cut off in between then leaves names too many, not callers without a name; a change of
        ``numbers.forms``, for one, replaces every key. And nothing is deleted from a PBX that does not take the new
        entries.
        """
        put = _Batch(_Numbers(work.puts))
        deleted = _Batch(numbers_of(work.plan.delete))
        try:
            put.carry_out(lambda: family.put(work.puts, progress))
            if not put.failed:
                deleted.carry_out(lambda: family.delete(deleted.numbers, progress))
        finally:
            self._answered = time.monotonic()
            self._count(work, put, deleted)

    def _count(self, work: Work, put: "_Batch", deleted: "_Batch") -> None:
        applied = Applied(
            add=put.confirmed(numbers_of(work.plan.add)),
            change=put.confirmed(numbers_of(work.plan.change)),
            delete=deleted.done,
            written=put.done,
            failed={**put.failed, **deleted.failed},
        )
        self.report = replace(self.report, applied=applied)

    def _prove(self, family: Family, work: Work, run: int, progress: Progress, wait: float = 0.0) -> None:
        """Read the family again and compare. What the PBX confirmed and did not keep is written once more.

        ``wait`` is how many seconds after the last answer to what was sent each reading begins at the earliest. The
        owners are stored even where the PBX does not hold what it should: this reading is what ends the doubt about
        them. Until it has ended, an earlier one counts no more: what it saw may be gone.
        """
        self.report = replace(self.report, verified=None)
        before = self._started
        held = self._look(family, progress, wait)
        wrong = _wrong(work, held)
        lost: list[str] = []
        if wrong and self._write_again(family, work, wrong):
            held = self._look(family, progress, wait)
            wrong = _wrong(work, held)
            self._distrusted = self._distrusted or before == self._started
            lost = _lost(work, wrong) if before == self._started else []
        self.report = replace(self.report, verified=not wrong)
        self._save_outcome(work, run, held, self._trace_of(work, run, held, lost=len(lost), durable=bool(wait)))
        if lost:
            self.fail(_forgot(self.name, len(lost), wait))
        elif wrong:
            self.fail(_differs(self.name, [*wrong], self.report.applied))

    def _look(self, family: Family, progress: Progress, wait: float) -> Mapping[str, str]:
        if wait:
            if (left := self._answered + wait - time.monotonic()) > 0:
                self._stopping.wait(left)
            self._heed(say("reading again"))
        self._started = family.started()
        return self._held(family, progress)

    def _held(self, family: Family, progress: Progress) -> PackedNames:
        """Read the family, in turn with other PBXs."""
        with self._readers.turn(self._stopping):
            return PackedNames.of(family.read(progress))

    def _trace_of(
        self, work: Work, run: int, held: Mapping[str, str], *, lost: int = 0, durable: bool = False
    ) -> Trace | None:
        """What the next run is to look at: what was lost, or what was made and may be lost yet.

        What was seen after the commit is looked at again only where the run before had missed something too.
        """
        again = self.report.missed.again if self.report.missed is not None else 0
        if not lost and durable and not again:
            return None
        if not lost and not work.made(held):
            return self._young
        return Trace(run, datetime.now(UTC), self._started, lost, again)

    def _write_again(self, family: Family, work: Work, wrong: Mapping[str, str | None]) -> bool:
        """Put and delete again what the PBX lost, as an Asterisk does that is killed before its commit.

        A put is lost where the key is gone or holds its old value; a delete where the key still holds its old value.
        Another value was written by somebody during the run. It stays, because it is in no record and undo could not
        put it back. After a refusal nothing is sent again: the run has failed, and after a refused put nothing may be
        deleted. False where nothing was lost.
        """
        if self.report.applied is None or self.report.applied.failed:
            return False
        lost = _lost(work, wrong)
        if not lost:
            return False
        log.warning("%s: %d entries were confirmed and are lost: writing them again", self.name, len(lost))
        if not family.put([(number, work.wanted[number]) for number in lost if number in work.wanted]).failed:
            family.delete([number for number in lost if number not in work.wanted])
        self._answered = time.monotonic()
        return True

    def _save_outcome(self, work: Work, run: int, held: Mapping[str, str], trace: Trace | None) -> None:
        """Store what became of the work, from what the PBX holds now: the record keeps only what was changed."""
        unmade, owners = work.unchanged(held), work.owners_after(held)
        if unmade or owners or trace != self._trace:
            try:
                where = (run, self.name, self._options.family)
                self._store.save_outcome_and_owners(*where, unmade, owners, self._to_store(trace))
            except StoreGone as error:
                raise unkept(self.name, error) from None
        self._trace = trace


class _Numbers(Collection[str]):
    """The numbers of entries, of which there may be a million."""

    def __init__(self, entries: Collection[tuple[str, str]]) -> None:
        self._entries = entries

    def __contains__(self, number: object) -> bool:
        return any(number == one for one in self)

    def __iter__(self) -> Iterator[str]:
        return (number for number, _ in self._entries)

    def __len__(self) -> int:
        return len(self._entries)


class _Batch:
    """Keys that are written or deleted together, and what came of them."""

    def __init__(self, numbers: Collection[str]) -> None:
        self.numbers = numbers
        self.done = 0
        self.failed: dict[str, str] = {}
        self._left: Collection[str] = numbers

    def carry_out(self, write: Callable[[], WriteResult]) -> None:
        """Write, and keep what was done, also where the PBX is lost on the way. Raises PbxError."""
        try:
            result = write()
        except PbxError as error:
            self.done, self.failed = error.done, dict(error.failed)
            self._left = set(islice(self.numbers, error.done, None) if error.left is None else error.left)
            raise
        self.done, self.failed, self._left = result.done, dict(result.failed), ()

    def confirmed(self, numbers: Set[str]) -> int:
        """How many of some keys of the batch the PBX confirmed."""
        if len(self._left) == len(self.numbers):
            return 0
        not_confirmed = sorted({*self._left, *self.failed})  # packed keys are found much faster in their order
        return len(numbers) - sum(number in numbers for number in not_confirmed)


def _wrong(work: Work, held: Mapping[str, str]) -> dict[str, str | None]:
    """The keys that are not as the work wants them, with what they hold; None where they are gone."""
    if not work.plan.delete and are_same(PackedNames.of(work.wanted).rows, PackedNames.of(held).rows):
        return {}  # nearly always
    wrong, left = dict[str, str | None](), dict[str, str | None]()
    sheets = PackedNames.of(work.wanted).rows, numbers_of(work.plan.delete).rows, PackedNames.of(held).rows
    for then, gone, now_there in stretches(*sheets):
        if not gone and then.same(now_there, 2):
            continue  # nearly always
        (wanted, news, *_), (deleted, *_), (numbers, names, *_) = then.lists, gone.lists, now_there.lists
        now = dict(zip(numbers, names, strict=True))
        wrong |= {
            as_text(number): None if number not in now else as_text(now[number])
            for number, new in zip(wanted, news, strict=True)
            if now.get(number) != new
        }
        left |= {as_text(number): as_text(now[number]) for number in deleted if number in now}
    return wrong | left


def _lost(work: Work, wrong: Mapping[str, str | None]) -> list[str]:
    """The wrong keys that are gone or hold their old value. Another value was written by somebody during the run."""
    steps = {number: work.steps.get(number) for number in wrong}
    return [n for n, value in wrong.items() if value is None or ((step := steps[n]) is not None and value == step.old)]


def _forgot(name: str, count: int, wait: float) -> PbxForgot:
    words = counted(
        "the PBX confirmed {count:,} entry, and it is gone or old again, also when it was written once more",
        "the PBX confirmed {count:,} entries, and they are gone or old again, also when they were written once more",
        count,
    )
    if wait:
        words = counted(
            "the PBX confirmed {count:,} entry, and {seconds:g} s later it is gone or old again, also when it was "
            "written once more",
            "the PBX confirmed {count:,} entries, and {seconds:g} s later they are gone or old again, also when they "
            "were written once more",
            count,
            seconds=wait,
        )
    full = say("The PBX's disk is full, or AstDB cannot be written there.")
    return PbxForgot(about(name, words), hint=joined(" ", (full, LOOK)))


def unkept(name: str, gone: StoreGone) -> StoreGone:
    """The error of the PBX ``name``, which is written or as desired, while all that is known of it is gone."""
    words = say(
        "{gone}: which entries are astsync's is not known any more, and this run cannot be undone", gone=gone.message
    )
    hint = say(
        "The PBX keeps what was written. If the store was only moved, put it back. Else the next sync makes a new one "
        "and adopts the entries that are as 1C has them; it deletes none that 1C has dropped meanwhile. See who cleans "
        "up in that folder: a job, a script, systemd-tmpfiles."
    )
    return StoreGone(about(name, words), hint=hint)


def _differs(name: str, numbers: Sequence[str], applied: Applied | None) -> AstsyncError:
    failed = applied.failed if applied is not None else {}
    unknown = say("somebody else wrote meanwhile, or the PBX did not keep what it confirmed")
    words = counted(
        "{count:,} entry is not as desired after writing: {number}: {why}",
        "{count:,} entries are not as desired after writing, the first is {number}: {why}",
        len(numbers),
        number=numbers[0],
        why=failed.get(numbers[0], unknown),
    )
    return PbxBadAnswer(about(name, words), hint=say("Run the command again; it writes only what still differs."))
