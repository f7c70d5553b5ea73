"""The engine: the kinds of run, and the steps that each of them follows."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from astsync.engine.collector import young_garbage_alone
from astsync.engine.goals import Goal, PhonebookGoal, UndoGoal
from astsync.engine.online import FewKeys, OnlineGoal
from astsync.engine.overtime import pull as pull_in_time
from astsync.engine.result import PbxReport, Problems, Report
from astsync.engine.run_options import RunOptions
from astsync.engine.side_by_side import FewAtOnce, side_by_side
from astsync.engine.target import Target, unkept
from astsync.errors import EXIT_INTERRUPTED, AstsyncError, ConfigError, PbxError, StoreError, StoreGone
from astsync.language import joined, say
from astsync.pbx import KeyPbx, Pbx
from astsync.phonebook.model import Decide, Phonebook, Progress, no_note, no_progress
from astsync.sources import Source
from astsync.stopping import Stopping
from astsync.store import ONLINE_RUN, OnlineName, RunRecord, Snapshot, Store

if TYPE_CHECKING:
    from astsync.phonebook.book import BookBuilder

log = logging.getLogger(__name__)

_TOLD = 40  # past runs that a report shows
_LOOKED_AT = 300  # past runs that they are taken from: there may be many runs `online` between them


class Engine:
    """Brings PBXs in step with the phonebook of a source or of the snapshot, and puts runs back.

    ``source`` and ``builder`` make what a pull needs: a run that does not pull loads none of it.

    ``made_of`` names all that a phonebook is made of now, "" where that is not known: the source need not be read where
    it names what the snapshot was made of.

    ``stopping`` is that of one run, which ends when it is set, or when its time is over. The engine sets it itself when
    it is interrupted.
    """

    def __init__(
        self,
        *,
        source: Callable[[], Source],
        builder: "Callable[[], BookBuilder]",
        pbxs: Sequence[Pbx],
        store: Store,
        options: RunOptions,
        progress: Progress = no_progress,
        stopping: Stopping | None = None,
        made_of: Callable[[], str] = lambda: "",
    ) -> None:
        self._source = source
        self._builder = builder
        self._pbxs = pbxs
        self._store = store
        self._options = options
        self._progress = progress
        self._made_of = made_of
        self._stopping = stopping if stopping is not None else Stopping()

    @property
    def has_snapshot(self) -> bool:
        """Whether there is a phonebook to restore from."""
        return self._store.pulled() is not None

    def problems(self) -> Problems:
        """Pull, and list what got no entry and why. Raises SourceError."""
        book = self._read()(no_note)
        found = (book.counterparties, book.skipped, book.conflicts, book.doubts, book.cards)
        return Problems(self._source().describe(), *found)

    def sync(self, command: str = "sync", pull: Callable[[], Decide] | None = None) -> Report:
        """Pull, compare and apply the differences.

        ``pull`` gives the outcome of a pull that was made earlier, book or error: ``watch`` pulls before it takes the
        store's lock. Without it the PBXs are asked first whether they will let the run in: where none does, that is
        raised before the source is read. Raises SourceError when the list is not whole: then no PBX has been read yet,
        and nothing has been written.
        """
        made_of = self._made_of() if pull is None else ""
        if made_of and made_of == self._store.made_of():
            log.info("the list and its rules are those of the snapshot: it is not read again")
            return self._run(command, self._confirmed, self._targets())
        goal = partial(self._pulled, pull=pull, made_of=made_of)
        return self._run(command, goal, self._targets(), pulls=pull is None)

    def push(self, *, pull: bool = False) -> Report:
        """Write every entry of the snapshot. With no snapshot, or with ``pull``, pull first."""
        pulls = pull or not self.has_snapshot
        return self._run("push", self._pulled if pulls else self._remembered, self._targets(), pulls=pulls)

    def restore(self, pbxs: Sequence[Pbx] | None = None) -> Report:
        """Compare the PBXs (by default all) with the snapshot and apply the differences. The source is not asked.

        Raises StoreError when there is no snapshot yet.
        """
        return self._run("restore", self._remembered, self._targets(pbxs))

    def undo(self, run: int | None = None, *, skip_changed: bool = False) -> Report:
        """Put back what a run changed, by default the last one that wrote.

        Keys that have changed since the run are refused; with ``skip_changed`` they are left as they are. Raises
        ConfigError when there is no such run, or nothing to put back.
        """
        record = self._record(run)
        names = [pbx.name for pbx in self._pbxs]
        goal = UndoGoal(record, self._store, self._options.family, names, skip_changed=skip_changed)
        pbxs = [pbx for pbx in self._pbxs if pbx.name in goal.names]
        return self._run("undo", lambda _: goal, self._targets(pbxs), undoes=record.run)

    def last_runs(self) -> tuple[RunRecord, ...]:
        """The last runs on record, the newest first, without the many that write what 1C told during calls.

        None at all where the store cannot be read: a run that is over has more to tell than its history.
        """
        try:
            runs = self._store.runs(_LOOKED_AT)
        except StoreError as error:
            log.warning("the last runs could not be read: %s", error)
            return ()
        return tuple(run for run in runs if run.command != ONLINE_RUN)[:_TOLD]

    def keep_online(self, names: Mapping[str, str], seconds: float) -> None:
        """Keep names that 1C told during calls, by number, for so many seconds from now. Raises StoreError."""
        now = datetime.now(UTC)
        until = now + timedelta(seconds=seconds)
        self._store.save_online(OnlineName(number, name, now, until) for number, name in names.items())

    def write_online(self, numbers: Iterable[str], pbxs: Sequence[KeyPbx]) -> Report | None:
        """Write the names that the store keeps as told online of these numbers, and look at no other key of the PBXs.

        None, and no run, where none of them counts any more: it has expired, or the snapshot has the number by now.
        """
        goal = OnlineGoal(numbers, self._store, self._options)
        few = [FewKeys(pbx, goal.numbers, self._store, self._options, self._stopping) for pbx in pbxs]
        return self._run(ONLINE_RUN, lambda _: goal, few) if goal.numbers else None

    def _targets(self, pbxs: Sequence[Pbx] | None = None) -> list[Target]:
        """The PBXs of a run, by default all."""
        chosen = self._pbxs if pbxs is None else pbxs
        readers = FewAtOnce()
        return [Target(pbx, self._store, self._options, self._stopping, readers) for pbx in chosen]

    def _record(self, run: int | None) -> RunRecord:
        number = self._store.last_undoable() if run is None else run
        record = None if number is None else self._store.run(number)
        if record is None:
            what = say("there is no run that wrote anything")
            if number is not None:
                what = say("there is no run {run}", run=str(number))
            raise ConfigError(what, hint=say("`astsync history` lists the runs, and which can be undone."))
        return record

    def _remembered(self, _: int | None) -> Goal:
        snapshot = self._store.snapshot()
        if snapshot is None:
            raise StoreError(
                say("the store {path} holds no phonebook yet", path=str(self._store.path)),
                hint=say("Run `astsync sync` first, once."),
            )
        return self._goal(snapshot)

    def _read(self) -> Decide:
        """Read the source; what is returned makes the phonebook. Raises SourceError when the list is not whole."""
        builder = self._builder()
        pulled = closing(pull_in_time(self._source(), self._progress, self._stopping))
        with young_garbage_alone(), pulled as counterparties:
            return builder.read(counterparties)

    def _confirmed(self, _: int | None) -> Goal:
        """The goal where the list is known to be that of the snapshot."""
        snapshot = self._store.snapshot()
        if snapshot is None:
            raise StoreGone(say("the store {path} holds no phonebook any more", path=str(self._store.path)))
        now = replace(snapshot, at=datetime.now(UTC))
        return PhonebookGoal(now, self._store, self._options, fresh=True, known=True)

    def _pulled(self, run: int | None, pull: Callable[[], Decide] | None = None, made_of: str = "") -> Goal:
        """The goal of a list that is read. ``made_of`` counts only if it is the same before and after the reading."""
        book = self._decided(run, self._read() if pull is None else pull())
        at, where = datetime.now(UTC), self._source().describe()
        counts = (book.counterparties, len(book.skipped), len(book.conflicts))
        same = made_of if made_of and made_of == self._made_of() else ""
        snapshot = Snapshot(book.entries, at, where, *counts, made_of=same)
        verdicts = {one.number: one.claims[0].verdict for one in book.conflicts if one.number in book.entries}
        return PhonebookGoal(snapshot, self._store, self._options, fresh=True, verdicts=verdicts)

    def _decided(self, run: int | None, decide: Decide) -> Phonebook:
        """Make the phonebook.

        With a ``run`` the store is told who claims each number, and which phones gave no number.
        """
        if run is None:
            return decide(no_note)
        with self._store.noting(run) as writer:
            book = decide(writer.add)
            writer.skip(book.skipped)
            return book

    def _goal(self, snapshot: Snapshot) -> Goal:
        return PhonebookGoal(snapshot, self._store, self._options, fresh=False)

    def _run(
        self,
        command: str,
        goal: Callable[[int | None], Goal],
        targets: Sequence[Target],
        undoes: int | None = None,
        *,
        pulls: bool = False,
    ) -> Report:
        if pulls:
            self._builder()  # tried first, so that a wrong rule makes no failed run in the history
            self._source()
        run = None if self._options.dry_run else self._store.begin_run(command, undoes)
        try:
            if pulls:
                self._ask(targets)
            report = self._plan_and_write(command, run, goal(run), targets)
        except BaseException as error:
            self._end(run, *_ending(error), targets=targets)
            raise
        finally:
            for target in targets:
                target.close()
        entries = _entries(report) if undoes is None and command != ONLINE_RUN else None
        gone = self._end(run, report.exit_code, report.message, targets=targets, entries=entries)
        return report if gone is None else replace(report, pbx=tuple(_unkept(pbx, gone) for pbx in report.pbx))

    def _ask(self, targets: Sequence[Target]) -> None:
        """Ask all PBXs whether they will let the run in. Raises the refusal where each of them refuses.

        A pull may take long, and a wrong secret or a missing right makes it useless.
        """
        self._all(targets, lambda target, _: target.ask())
        refused = [target.report.error for target in targets if target.report.error is not None]
        if len(refused) < len(targets) or not refused:
            return
        if len(refused) == 1:
            raise refused[0]
        hints = dict.fromkeys(error.hint for error in refused)
        words = joined("; ", (error.message for error in refused))
        raise PbxError(say("no PBX lets the run in: {refusals}", refusals=words), hint=joined("\n", hints))

    def _end(
        self,
        run: int | None,
        exit_code: int,
        message: str,
        hint: str = "",
        *,
        targets: Sequence[Target],
        entries: int | None = None,
    ) -> StoreGone | None:
        """Store how a run ended. Where that fails the run is reported all the same: the PBXs are written already.

        ``entries`` is how many entries the PBXs were to hold. Returns the error of a store that is gone, and with it
        all that the run has stored.
        """
        if run is None:
            return None
        parts = [target.part() for target in targets if target.reached]
        try:
            self._store.end_run(run, exit_code, message, parts, entries, hint)
        except StoreGone as error:
            return error
        except StoreError as error:
            log.warning("the end of run %d could not be noted: %s", run, error)
        return None

    def _plan_and_write(self, command: str, run: int | None, goal: Goal, targets: Sequence[Target]) -> Report:
        """Plan for every PBX, check every plan, and only then write to any PBX.

        The phonebook is saved between the check and the first write (``Goal.before_writing``). A run that is killed
        while it writes then leaves the new phonebook for ``push`` and ``watch``, and a refused one never replaces the
        last good one.
        """
        self._all(targets, lambda target, progress: target.read(goal, progress))
        refused = goal.refuse({target.name: target.work for target in targets if target.work is not None})
        for target in targets:
            if target.name in refused:
                target.fail(refused[target.name])
        if run is not None:
            goal.before_writing(run, refused)
            self._all(targets, lambda target, progress: target.write(run, progress))
        return goal.report(command, run, tuple(target.report for target in targets))

    def _all(self, targets: Sequence[Target], step: Callable[[Target, Progress], None]) -> None:
        """Do a step on all PBXs at once. The progress of each carries its name."""

        def interrupt() -> None:
            self._stopping.set()
            for target in targets:
                target.close()

        def job(target: Target) -> Callable[[], None]:
            return lambda: step(target, _named(target.name, self._progress))

        side_by_side([job(target) for target in targets], interrupt)


def _entries(report: Report) -> int | None:
    """How many entries each PBX is to hold, None where none could be read."""
    return max((pbx.plan.desired for pbx in report.pbx if pbx.plan is not None), default=None)


def _unkept(pbx: PbxReport, gone: StoreGone) -> PbxReport:
    return pbx if pbx.error is not None else replace(pbx, error=unkept(pbx.name, gone))


def _ending(error: BaseException) -> tuple[int, str, str]:
    """The exit code, the words and the cure of a run that an error ended."""
    if isinstance(error, KeyboardInterrupt):
        return EXIT_INTERRUPTED, say("interrupted"), ""
    if isinstance(error, AstsyncError):
        return error.exit_code, error.message, error.hint
    return 1, str(error) or type(error).__name__, ""


def _named(name: str, progress: Progress) -> Progress:
    return lambda stage, done, total: progress(f"{name}: {stage}", done, total)
