"""The product made wrong on purpose, in ways that break one promise each: the simulation must find every one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from astsync import parts, stopping
from astsync.engine import target
from astsync.engine.goals import PhonebookGoal, UndoGoal
from astsync.engine.narrow_writer import NarrowWriter
from astsync.engine.online import FewKeys, OnlineGoal
from astsync.engine.target import Target
from astsync.pbx.patient import PatientFamily
from astsync.phonebook import ownership, plan
from astsync.phonebook.model import Entry
from astsync.phonebook.ownership import CERTAINLY_OURS, Act, Step, owners_before, step_back, steps_of_sync
from astsync.store import online, store
from astsync.store.database import Database
from astsync.store.online import online_of, read_online
from astsync.watch import write_through
from astsync.watch.guard import Guard
from astsync.watch.write_through import WriteThrough
from tests.simulation.world import NoNote

Wrong = Callable[[], AbstractContextManager[Any]]


def _deletes_before_puts() -> AbstractContextManager[Any]:
    apply = Target._apply

    def wrong(self: Target, family: Any, todo: Any, progress: Any) -> None:
        family.delete([change.number for change in todo.plan.delete])
        apply(self, family, todo, progress)

    return patch.object(Target, "_apply", wrong)


def _record_after_sending() -> AbstractContextManager[Any]:
    carry_out, record = Target._carry_out, Target._record

    def wrong(self: Target, family: Any, todo: Any, run: int, progress: Any) -> None:
        self._apply(family, todo, progress)
        record(self, todo, run)
        carry_out(self, family, todo, run, progress)

    return _both(
        patch.object(Target, "_record", lambda *_: None),
        patch.object(Target, "_carry_out", wrong),
    )


@contextmanager
def _both(one: AbstractContextManager[Any], other: AbstractContextManager[Any]) -> Iterator[None]:
    with one, other:
        yield


LONG_AGO, LATE = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _owners_never_saved() -> AbstractContextManager[Any]:
    return patch.object(store, "save_owners", lambda *_: None)


def _outcome_never_saved() -> AbstractContextManager[Any]:
    return patch.object(Target, "_save_outcome", lambda *_: None)


def _deletes_repeated_without_reading() -> AbstractContextManager[Any]:
    return patch.object(PatientFamily, "_held_otherwise", lambda *_: set())


def _deletes_after_refused_puts() -> AbstractContextManager[Any]:
    def wrong(self: Target, family: Any, todo: Any, progress: Any) -> None:
        put, deleted = target._Batch([n for n, _ in todo.puts]), target._Batch([c.number for c in todo.plan.delete])
        try:
            put.carry_out(lambda: family.put(todo.puts, progress))
            deleted.carry_out(lambda: family.delete(deleted.numbers, progress))
        finally:
            self._count(todo, put, deleted)

    return patch.object(Target, "_apply", wrong)


def _foreign_keys_deleted() -> AbstractContextManager[Any]:
    return patch.object(plan, "deletable_keys", lambda existing, *_: existing.keys())


def _list_never_saved() -> AbstractContextManager[Any]:
    return patch.object(PhonebookGoal, "before_writing", lambda *_: None)


def _list_saved_too_late() -> AbstractContextManager[Any]:
    """Only a run that ended well keeps its list."""
    save, report = PhonebookGoal.before_writing, PhonebookGoal.report

    def wrong(self: PhonebookGoal, command: str, run: int | None, pbx: Any) -> Any:
        if run is not None:
            save(self, run, {})
        return report(self, command, run, pbx)

    return _both(
        patch.object(PhonebookGoal, "before_writing", lambda *_: None), patch.object(PhonebookGoal, "report", wrong)
    )


def _all_confirmed() -> AbstractContextManager[Any]:
    return patch.object(target._Batch, "confirmed", lambda _, numbers: len(numbers))


def _values_of_others_written_over() -> AbstractContextManager[Any]:
    again = Target._write_again

    def wrong(self: Target, family: Any, todo: Any, faulty: Mapping[str, str | None]) -> bool:
        return again(self, family, todo, dict.fromkeys(faulty))

    return patch.object(Target, "_write_again", wrong)


def _undone_over_changes() -> AbstractContextManager[Any]:
    def wrong(old: str | None, new: str | None, now: str | None, *, was_ours: bool | None, ours: bool) -> Step | None:
        step = step_back(old, new, now, was_ours=was_ours, ours=ours)
        return step or Step(Act.WRITE if old is not None else Act.DELETE, now, old)

    return patch("astsync.engine.undoing.step_back", wrong)


def _ours_before_it_is_seen() -> AbstractContextManager[Any]:
    def wrong(*args: Any) -> Any:
        return {key: CERTAINLY_OURS if owner.ours else owner for key, owner in owners_before(*args).items()}

    return patch("astsync.engine.work.owners_before", wrong)


def _half_a_transaction() -> AbstractContextManager[Any]:
    @contextmanager
    def wrong(self: Database) -> Iterator[Any]:
        with self.reading() as db:
            yield db

    return patch.object(Database, "change", wrong)


def _no_lock() -> AbstractContextManager[Any]:
    return patch.object(parts, "locked", lambda *_, **__: nullcontext(NoNote()))


def _adopted_for_nothing() -> AbstractContextManager[Any]:
    """A key that holds the wanted name already stays foreign."""

    def wrong(*args: Any) -> Any:
        return {key: step for key, step in steps_of_sync(*args).items() if step.act is not Act.ADOPT}

    return patch("astsync.engine.work.steps_of_sync", wrong)


def _empty_lists_believed() -> AbstractContextManager[Any]:
    return patch.object(PhonebookGoal, "_wrongly_empty", lambda _: False)


def _time_never_over() -> AbstractContextManager[Any]:
    return patch.object(parts.Parts, "stopping", lambda *_: stopping.Stopping())


def _limits_not_checked() -> AbstractContextManager[Any]:
    return _both(
        patch("astsync.engine.goals.check_plan", lambda *_: None),
        patch("astsync.engine.goals.check_new_list", lambda *_: None),
    )


def _nothing_restored() -> AbstractContextManager[Any]:
    def wrong(self: Guard, _: Any) -> None:
        self._restore_due = False

    return patch.object(Guard, "_restore", wrong)


def _everywhere(listed: Any, told: Any, *_: Any) -> Any:
    """with_online: a name takes every key."""
    return {**told, **listed}


def _told_over_foreign_keys() -> AbstractContextManager[Any]:
    return patch("astsync.engine.online.with_online", _everywhere)


def _synced_over_foreign_keys() -> AbstractContextManager[Any]:
    return patch("astsync.engine.goals.with_online", _everywhere)


def _told_over_equal_foreign_keys() -> AbstractContextManager[Any]:
    """A foreign key that holds the same name is taken for a free one."""

    def wrong(listed: Any, told: Any, existing: Any, owned: Any, *foreign: Any) -> Any:
        equal = {number for number, entry in told.items() if existing.get(number) == entry.name}
        return ownership.with_online(listed, told, existing, owned | equal, *foreign)

    return patch("astsync.engine.goals.with_online", wrong)


def _expired_ones_kept() -> AbstractContextManager[Any]:
    return patch.object(store, "read_online", lambda db, _: read_online(db, LONG_AGO))


def _expired_ones_written() -> AbstractContextManager[Any]:
    def wrong(*given: Any) -> Any:
        return (replace(one, until=LATE) for one in online_of(*given))

    return patch.object(store, "online_of", wrong)


def _expired_ones_counted() -> AbstractContextManager[Any]:
    """The limits count deletions of what has expired."""

    def wrong(existing: Any, desired: Any, owned: Any, foreign: Any, unnameable: Any, _: Any) -> Any:
        return plan.make_plan(existing, desired, owned, foreign, unnameable)

    return patch("astsync.engine.work.make_plan", wrong)


def _never_told_to_a_sync() -> AbstractContextManager[Any]:
    return patch("astsync.engine.goals.online_entries", lambda _: {})


def _undone_and_not_forgotten() -> AbstractContextManager[Any]:
    return patch.object(UndoGoal, "before_writing", lambda *_: None)


def _told_is_kept_beside_the_list() -> AbstractContextManager[Any]:
    return patch.object(store, "drop_listed", lambda *_: None)


def _told_over_the_list() -> AbstractContextManager[Any]:
    """What 1C told is kept also where the snapshot has a name."""
    return patch.object(online, "name_of", lambda *_: "")


def _kept_after_sending() -> AbstractContextManager[Any]:
    """A name goes into the store when it has been written."""
    names: dict[str, str] = {}
    write, make = NarrowWriter.write, OnlineGoal.__init__

    def wrong(self: NarrowWriter, *given: Any) -> Any:
        report = write(self, *given)
        self._engine.keep_online(names, self._keep)
        return report

    def goal(self: OnlineGoal, numbers: Any, *given: Any) -> None:
        wanted = [*numbers]
        make(self, wanted, *given)
        self._names = {n: Entry(n, names[n]) for n in wanted if n in names}

    return _both(
        patch.object(NarrowWriter, "keep", lambda _, told: names.update(told)),
        _both(patch.object(NarrowWriter, "write", wrong), patch.object(OnlineGoal, "__init__", goal)),
    )


def _told_record_after_sending() -> AbstractContextManager[Any]:
    carry_out, record = Target._carry_out, Target._record

    def wrong(self: FewKeys, family: Any, todo: Any, run: int, progress: Any) -> None:
        self._apply(family, todo, progress)
        record(self, todo, run)
        carry_out(self, family, todo, run, progress)

    return _both(patch.object(FewKeys, "_record", lambda *_: None), patch.object(FewKeys, "_carry_out", wrong))


def _told_outcome_never_saved() -> AbstractContextManager[Any]:
    return patch.object(FewKeys, "_save_outcome", lambda *_: None)


def _doubts_decided_without_reading() -> AbstractContextManager[Any]:
    """A narrow run takes the keys that it has not read for keys that are not there."""
    read = FewKeys._read

    def wrong(self: FewKeys, *given: Any) -> Any:
        existing = read(self, *given)
        self._owners = self._store.owners(self.name, self._options.family)
        return existing

    return patch.object(FewKeys, "_read", wrong)


def _dropped_for_who_is_away() -> AbstractContextManager[Any]:
    return patch.object(write_through._Line, "later", lambda self, _, now: self.done([*self.keys], now))


def _never_handed_on() -> AbstractContextManager[Any]:
    return patch.object(WriteThrough, "hand_on", lambda *_: None)


def _kept_for_too_long() -> AbstractContextManager[Any]:
    keep = NarrowWriter.keep

    def wrong(self: NarrowWriter, names: Mapping[str, str]) -> None:
        self._keep += 60
        keep(self, names)

    return patch.object(NarrowWriter, "keep", wrong)


ONLINE_MUTANTS: Mapping[str, Wrong] = {
    "told over foreign keys": _told_over_foreign_keys,
    "synced over foreign keys": _synced_over_foreign_keys,
    "told over equal foreign keys": _told_over_equal_foreign_keys,
    "expired ones kept": _expired_ones_kept,
    "expired ones written": _expired_ones_written,
    "expired ones counted": _expired_ones_counted,
    "never told to a sync": _never_told_to_a_sync,
    "undone and not forgotten": _undone_and_not_forgotten,
    "told is kept beside the list": _told_is_kept_beside_the_list,
    "told over the list": _told_over_the_list,
    "kept after sending": _kept_after_sending,
    "told record after sending": _told_record_after_sending,
    "told outcome never saved": _told_outcome_never_saved,
    "doubts decided without reading": _doubts_decided_without_reading,
    "dropped for who is away": _dropped_for_who_is_away,
    "never handed on": _never_handed_on,
    "kept for too long": _kept_for_too_long,
}
"""What is wrong about names told online."""
MUTANTS: Mapping[str, Wrong] = {
    "deletes before puts": _deletes_before_puts,
    "record after sending": _record_after_sending,
    "owners never saved": _owners_never_saved,
    "outcome never saved": _outcome_never_saved,
    "deletes repeated without reading": _deletes_repeated_without_reading,
    "deletes after refused puts": _deletes_after_refused_puts,
    "foreign keys deleted": _foreign_keys_deleted,
    "list never saved": _list_never_saved,
    "list saved too late": _list_saved_too_late,
    "all confirmed": _all_confirmed,
    "values of others written over": _values_of_others_written_over,
    "undone over changes": _undone_over_changes,
    "ours before it is seen": _ours_before_it_is_seen,
    "half a transaction": _half_a_transaction,
    "no lock": _no_lock,
    "adopted for nothing": _adopted_for_nothing,
    "empty lists believed": _empty_lists_believed,
    "time never over": _time_never_over,
    "limits not checked": _limits_not_checked,
    "nothing restored": _nothing_restored,
    **ONLINE_MUTANTS,
}
