"""What a run wants every PBX to hold: a phonebook, or what the PBX held before another run."""

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Protocol

from astsync.engine.result import PbxReport, Report
from astsync.engine.run_options import RunOptions
from astsync.engine.undoing import Undoing
from astsync.engine.work import Work, work_of_sync
from astsync.errors import ConfigError, SafetyError, TooManyDeletes
from astsync.language import counted, joined, say
from astsync.phonebook.alike import ALIKE, are_same
from astsync.phonebook.model import Entry, Origin
from astsync.phonebook.ownership import with_online
from astsync.phonebook.packed import PackedKeys, PackedNames, PackedRows, as_bytes
from astsync.phonebook.packed_book import PackedEntries
from astsync.phonebook.plan import check_new_list, check_plan
from astsync.phonebook.recorded import meaning_of
from astsync.phonebook.unusual import catalog_of, unusual
from astsync.store import OnlineName, RunRecord, Snapshot, Store

log = logging.getLogger(__name__)


class Goal(Protocol):
    """What a run wants every PBX to hold. Its methods are called in the order in which they stand here."""

    def work(self, pbx: str, existing: Mapping[str, str], owned: Set[str], unnameable: Set[str], /) -> Work:
        """Make the work of one PBX from what it holds, the keys of it that are ours, and those AMI cannot name."""

    def refuse(self, works: Mapping[str, Work], /) -> Mapping[str, SafetyError]:
        """The refusals by PBX. ``works`` is the work of every PBX that could be read."""

    def before_writing(self, run: int, refused: Mapping[str, SafetyError], /) -> None:
        """Store what is to be kept of the goal, also where PBXs were refused. Raises StoreError."""

    def report(self, command: str, run: int | None, parts: tuple[PbxReport, ...]) -> Report:
        """Make the report of the whole run."""


def online_entries(told: Mapping[str, OnlineName]) -> dict[str, Entry]:
    """Names that 1C told during calls, as entries by number."""
    return {number: Entry(number, one.name, Origin.ONLINE) for number, one in told.items()}


class PhonebookGoal:
    """Every PBX is to hold the phonebook of ``snapshot``, then the names that 1C told during calls.

    ``fresh`` says that the phonebook was pulled for this run; ``known`` that it was found to be the snapshot already.

    ``verdicts`` say for the report, by number, why an entry won where several counterparties claim the number.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        store: Store,
        options: RunOptions,
        *,
        fresh: bool,
        known: bool = False,
        verdicts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._snapshot = snapshot
        self._store = store
        self._options = options
        self._fresh = fresh
        self._known = known
        self._verdicts = verdicts
        self._unfit: SafetyError | None = None
        self._working = threading.Lock()
        self._works: list[tuple[PackedRows, PackedRows, Set[str], Work]] = []
        if isinstance(snapshot.entries, PackedEntries):
            ALIKE.add(snapshot.entries.rows)  # what the PBXs hold is the same as a rule
        told = store.online(datetime.now(UTC))
        self._online = online_entries(told.names)
        self._online_keys = told.names.keys() | told.expired

    def work(self, _: str, existing: Mapping[str, str], owned: Set[str], unnameable: Set[str]) -> Work:
        """Compare what the PBX holds with the phonebook and the names that 1C told during calls.

        PBXs that hold the same get the same work. The threads of several PBXs call this.
        """
        held, ours = PackedNames.of(existing), PackedKeys.of(owned)
        with self._working:
            for rows, own, strange, work in self._works:
                if are_same(rows, held.rows) and are_same(own, ours.rows) and strange == unnameable:
                    work.shared.several = True
                    return work
            desired = with_online(self._snapshot.entries, self._online, held, ours, self._options.foreign)
            work = work_of_sync(held, desired, ours, self._options, unnameable, self._online_keys)
            self._works.append((held.rows, ours.rows, unnameable, work))
            return work

    def refuse(self, works: Mapping[str, Work]) -> Mapping[str, SafetyError]:
        """Compare the list with the last good one, which decides for all PBXs, and each plan with its limits."""
        moved = self._moved(works)
        self._unfit = next(iter(moved.values()), None) or self._refuse_for_all()
        checked = {
            name: moved.get(name) or self._unfit or self._refuse_for_one(name, work) for name, work in works.items()
        }
        refused = {name: error for name, error in checked.items() if error is not None}
        if self._wrongly_empty() and works and not refused:
            empty = _empty(self._snapshot)
            log.warning("%s; no PBX holds an entry of an earlier list, so none is deleted\n%s", empty, empty.hint)
        return refused

    def _moved(self, works: Mapping[str, Work]) -> Mapping[str, SafetyError]:
        """The refusals of plans that are not those that somebody approved. One of them ends the whole run."""
        approved = self._options.approved
        plans = {name: work.plan for name, work in works.items()}
        return {} if approved is None else approved.check(self._options.family, plans)

    def _refuse_for_all(self) -> SafetyError | None:
        """The refusal of a pulled list that has lost too much, or everything, since the last good one.

        The limits of a plan cannot find that on a PBX that was wiped: there the plan only adds. A snapshot is the last
        good list itself, so it passes.
        """
        before = self._store.snapshot_names() if self._fresh and not self._known else None
        if before and self._wrongly_empty():
            return _empty(self._snapshot)
        try:
            check_new_list(before or {}, self._snapshot.entries, self._options.limits)
        except TooManyDeletes as error:
            return self._explained(error, (number for number in before or {} if number not in self._snapshot.entries))
        except SafetyError as error:
            return error
        return None

    def _wrongly_empty(self) -> bool:
        return not self._snapshot.entries and not self._options.limits.allow_empty

    def _refuse_for_one(self, name: str, work: Work) -> SafetyError | None:
        if self._wrongly_empty() and work.plan.deletable:
            return _empty(self._snapshot)
        try:
            check_plan(work.plan, self._options.limits, name)
        except TooManyDeletes as error:
            return self._explained(error, (change.number for change in work.plan.delete))
        except SafetyError as error:
            return error
        return None

    def _explained(self, error: SafetyError, lost: Iterable[str]) -> SafetyError:
        """The refusal with what is unusual about the deletions, as far as the last good list knows their cards."""
        cards, now = self._store.entries(lost).values(), Counter(map(catalog_of, self._snapshot.entries.values()))
        words = unusual(cards, self._store.catalogs(), now)
        return SafetyError(error.message, hint=joined(" ", (words, error.hint))) if words else error

    def before_writing(self, run: int, refused: Mapping[str, SafetyError]) -> None:
        """Save a pulled phonebook as the snapshot, unless the list itself was refused.

        Where only a PBX's limits refused its plan, the list is good: other PBXs are written from it.
        """
        unfit = self._unfit is not None or (self._wrongly_empty() and refused)
        if not self._fresh or unfit:
            return
        if self._known:
            self._store.confirm_snapshot(self._snapshot.at)
        else:
            self._store.save_snapshot(self._snapshot, run)

    def report(self, command: str, run: int | None, parts: tuple[PbxReport, ...]) -> Report:
        """Make the report, with the source of the phonebook and the counts of its pull."""
        kept = self._snapshot
        counts = (kept.counterparties, kept.skipped, kept.conflicts)
        return Report(command, run, kept.source, self._fresh, kept.at, *counts, parts, verdicts=self._verdicts)


def _made(record: PackedRows, number: str, name: str) -> bool:
    """Whether a run gave a number this name."""
    row = record.row(as_bytes(number))
    return row is not None and meaning_of(row[1][0]).new and row[3] == as_bytes(name)


def _empty(snapshot: Snapshot) -> SafetyError:
    words = counted(
        "{source} gave no usable number ({count:,} counterparty read)",
        "{source} gave no usable number ({count:,} counterparties read)",
        snapshot.counterparties,
        source=snapshot.source,
    )
    hint = say(
        "Look at the catalogs, at the rights of the user in 1C and, where local numbers are skipped, at "
        "numbers.area_code. If the list is rightly empty, run once with --allow-empty."
    )
    return SafetyError(words, hint=hint)


class UndoGoal:
    """Every PBX is to hold again what it held before the run of ``record``, as far as that run changed it.

    ``names`` are the PBXs of this undo. Raises ConfigError where the run changed nothing on them, or its record has
    been dropped.
    """

    def __init__(
        self, record: RunRecord, store: Store, family: str, names: Sequence[str], *, skip_changed: bool
    ) -> None:
        self._record = record
        self._store = store
        self._skip_changed = skip_changed
        places = set(store.places(record.run))
        self._before: dict[str, PackedRows] = {
            name: store.packed_record(record.run, name, family) for name in names if (name.casefold(), family) in places
        }
        self._refused: dict[str, SafetyError] = {}
        for name, other in sorted(places - {(name.casefold(), family) for name in self._before}):
            log.warning("run %d changed the family %s on %s too: left as it is", record.run, other, name)
        if not self._before:
            words = say(
                "run {run} ({command}) left nothing to put back on {names}",
                run=str(record.run),
                command=record.command,
                names=", ".join(names),
            )
            hint = say(
                "It wrote nothing there, or its record has been dropped (store.keep_runs); `astsync history` lists the "
                "runs that can be undone."
            )
            raise ConfigError(words, hint=hint)

    @property
    def names(self) -> Set[str]:
        """The PBXs on which there is something to put back."""
        return self._before.keys()

    def work(self, pbx: str, existing: Mapping[str, str], owned: Set[str], unnameable: Set[str]) -> Work:
        """Make the work that puts back what the run's record holds of this PBX."""
        undoing = Undoing(self._before[pbx], existing, owned, unnameable)
        refusal = None if self._skip_changed else undoing.refusal(pbx, self._record.run)
        if refusal is not None:
            self._refused[pbx] = refusal
        return undoing.work()

    def refuse(self, works: Mapping[str, Work]) -> Mapping[str, SafetyError]:
        """Refuse where keys have changed since the run. The limits do not apply: an undo is asked for by hand."""
        return {name: error for name, error in self._refused.items() if name in works}

    def before_writing(self, _: int, refused: Mapping[str, SafetyError]) -> None:
        """Forget the names told online that the run wrote, else the next run would bring them back.

        The snapshot stays the last good list, whatever the PBXs hold.
        """
        told = {(one.number, one.name) for one in self._store.online(datetime.now(UTC)).names.values()}
        undone = [record for pbx, record in self._before.items() if pbx not in refused] if told else []
        back = {one for one in told for record in undone if _made(record, *one)}
        if back:
            self._store.forget_online(back)

    def report(self, command: str, run: int | None, parts: tuple[PbxReport, ...]) -> Report:
        """Make the report, with the run that is put back in place of a source."""
        started = self._record.started
        source = say(
            "run {run} ({command} of {moment})",
            run=str(self._record.run),
            command=self._record.command,
            moment=f"{started.astimezone():%Y-%m-%d %H:%M:%S}",
        )
        return Report(
            command=command,
            run=run,
            source=source,
            fresh=True,
            pulled=started,
            counterparties=0,
            skipped=0,
            conflicts=0,
            pbx=parts,
            undoes=self._record.run,
        )
