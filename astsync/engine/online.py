"""The narrow run: a few names that 1C told during calls are written to PBXs, and no other key is looked at.

It is a run as every other: what it overwrites is stored before it is sent, whose the keys are is stored too, the keys
are read again, history lists it and ``undo`` puts it back. It reads no list, so it is over in a moment, and it knows
less than others: nothing of the trace that an earlier run left (``phonebook.keeping``), which stays as it is.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

from astsync.engine.goals import online_entries
from astsync.engine.result import PbxReport, Report
from astsync.engine.run_options import RunOptions
from astsync.engine.target import Target
from astsync.engine.work import Work, work_of_sync
from astsync.errors import SafetyError
from astsync.pbx import Family, KeyPbx, Keys, WriteResult
from astsync.phonebook.keeping import Trace, Untouched
from astsync.phonebook.model import Entry, Progress, no_progress
from astsync.phonebook.ownership import with_online
from astsync.stopping import Stopping
from astsync.store import Store


class OnlineGoal:
    """Every PBX is to hold the names that 1C told of ``numbers``, as far as the store says that they count.

    What the snapshot has stays as it is: the snapshot comes first, and the next sync brings it.
    """

    def __init__(self, numbers: Iterable[str], store: Store, options: RunOptions) -> None:
        self._options = options
        self._now = datetime.now(UTC)
        told = store.online_of(dict.fromkeys(numbers))
        listed = store.entries(told)
        counts = {n: one for n, one in told.items() if one.until > self._now and n not in listed}
        self._names = online_entries(counts)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers whose names are to be written."""
        return tuple(sorted(self._names))

    def work(self, _: str, existing: Mapping[str, str], owned: Set[str], unnameable: Set[str]) -> Work:
        """Add and change what is free or ours; foreign keys are kept, also those that hold the same name."""
        desired = with_online({}, self._names, existing, owned)
        held = {number: name for number, name in existing.items() if number in desired}
        work = work_of_sync(held, desired, owned & desired.keys(), self._options, unnameable, self._names.keys())
        kept = tuple(Entry(n, name) for n, name in sorted(existing.items()) if n not in desired)
        return replace(work, owned=owned, plan=replace(work.plan, kept=kept, existing=len(existing)))

    def refuse(self, _: Mapping[str, Work]) -> Mapping[str, SafetyError]:
        """Refuse nothing: no limit is about a few names that are added."""
        return {}

    def before_writing(self, run: int, refused: Mapping[str, SafetyError]) -> None:
        """Store nothing: the names are in the store already."""

    def report(self, command: str, run: int | None, parts: tuple[PbxReport, ...]) -> Report:
        """Make the report."""
        return Report(command, run, "1C, asked during calls", True, self._now, 0, 0, 0, parts)


class FewKeys(Target):
    """One PBX during a run that looks at a few keys of it."""

    def __init__(
        self, pbx: KeyPbx, numbers: Sequence[str], store: Store, options: RunOptions, stopping: Stopping
    ) -> None:
        super().__init__(pbx, store, options, stopping)
        self._keys_pbx = pbx
        self._numbers = numbers

    def _enter(self, connection: ExitStack) -> Family:
        return _Few(connection.enter_context(self._keys_pbx.open(self._stopping)), self._numbers)

    def _read(self, family: Family, progress: Progress) -> Mapping[str, str]:
        existing = family.read(progress)
        self._started = family.started()
        self._owners = self._store.owners(self.name, self._options.family, self._numbers)
        return existing

    def _to_store(self, _: Trace | None) -> Untouched:
        return Untouched.TRACE


class _Few:
    """A family of which only a few keys are seen; a ``Family``."""

    def __init__(self, family: Keys, numbers: Sequence[str]) -> None:
        self._family = family
        unnameable = family.unnameable(numbers)
        self._numbers = [number for number in numbers if number not in unnameable]

    def read(self, progress: Progress = no_progress) -> dict[str, str]:
        """Read these keys, one after the other."""
        held = {number: self._family.get(number) for number in self._numbers}
        progress("read", len(held), len(held))
        return {number: name for number, name in held.items() if name is not None}

    def started(self) -> str:
        """When the PBX was started, in its own words."""
        return self._family.started()

    def unnameable(self, numbers: Iterable[str]) -> set[str]:
        """Those of the keys that AMI cannot name."""
        return self._family.unnameable(numbers)

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        """Write entries."""
        return self._family.put(entries, progress)

    def delete(self, numbers: Iterable[str], progress: Progress = no_progress) -> WriteResult:
        """Delete keys."""
        return self._family.delete(numbers, progress)
