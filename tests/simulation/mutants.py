"""The product made wrong on purpose, in ways that break one promise each: the simulation must find every one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

from astsync import parts, stopping
from astsync.engine import target
from astsync.engine.goals import PhonebookGoal
from astsync.engine.target import Target
from astsync.pbx.patient import PatientFamily
from astsync.phonebook import plan
from astsync.phonebook.ownership import CERTAINLY_OURS, Act, Step, owners_before, step_back, steps_of_sync
from astsync.store import store
from astsync.store.database import Database
from astsync.watch.guard import Guard
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


def _owners_never_saved() -> AbstractContextManager[Any]:
    return patch.object(store, "_set_owners", lambda *_: None)


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
    return patch.object(target._Batch, "confirmed", lambda self: set(self.numbers))


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

    return patch("astsync.engine.target.owners_before", wrong)


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
}
