"""What a run does on one PBX: the plan, what is sent, and what is stored before and after it is sent."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import chain, compress, repeat
from operator import eq, itemgetter
from typing import Any, TypeVar

from astsync.engine.run_options import RunOptions
from astsync.phonebook.columns import Stretch
from astsync.phonebook.model import Entry
from astsync.phonebook.owners import Group, KeyOwners, Ownership, Range, Step, Steps
from astsync.phonebook.ownership import is_to_be_undone, owners_after, owners_before, steps_of_sync
from astsync.phonebook.packed import PackedKeys, PackedNames, RowsBuilder, in_step
from astsync.phonebook.packed_book import PackedEntries, numbers_of
from astsync.phonebook.plan import Plan, make_plan
from astsync.phonebook.recorded import RecordBlock, RecordRow
from astsync.store.records import PackedRecord

Made = TypeVar("Made")


class Shared:
    """What is made of a work that ``several`` PBXs have, which all hold the same: made for the first that asks.

    It is made anew for who asks with another object than the one before him, such as what his PBX holds now.
    """

    def __init__(self) -> None:
        self.several = False
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[object, Any]] = {}

    def made(self, what: str, of: object, make: Callable[[], Made]) -> Made:
        """Make something ``of`` an object, or give what was made of the same one."""
        if not self.several:
            return make()
        with self._lock:
            known = self._kept.get(what)
            if known is None or known[0] is not of:
                known = self._kept[what] = of, make()
            found: Made = known[1]
            return found


@dataclass(frozen=True, slots=True)
class Work:
    """The work of a PBX, or of several that hold the same.

    ``puts`` are sent in their order. ``wanted`` is what the PBX must hold afterwards, name by number; the keys of
    ``plan.delete`` must be gone. ``owned`` are the keys that were ours when the PBX was read, also those that it did
    not hold. ``steps`` says what the work does with each key whose value or owner it changes (``phonebook.ownership``).
    """

    plan: Plan
    puts: Collection[tuple[str, str]]
    wanted: Mapping[str, str]
    owned: Set[str]
    steps: Mapping[str, Step]
    shared: "Shared" = field(default_factory=lambda: Shared(), compare=False, repr=False)

    def record(self) -> PackedRecord:
        """The record for undo: each key as it is before the work, and what the work makes of it."""
        return PackedRecord(self._recorded())

    def owners_before(self, stored: Mapping[str, Ownership]) -> Mapping[str, Ownership]:
        """The owners to store together with the record (``phonebook.ownership``)."""
        known = KeyOwners.of(stored)
        return self.shared.made("before", known.rows, lambda: owners_before(self.steps, self.owned, known))

    def owners_after(self, held: Mapping[str, str]) -> Mapping[str, Ownership]:
        """The owners to store once the family was read again (``held``)."""
        names = PackedNames.of(held)
        return self.shared.made("after", names.rows, lambda: owners_after(self.steps, self.owned, names))

    def _recorded(self) -> Iterator[RecordRow | RecordBlock]:
        for steps, _ in Steps.of(self.steps).ranges(PackedKeys.of(self.owned)):
            some = steps.uniform
            if some is not None:
                if is_to_be_undone(some):
                    yield RecordBlock(some.keys, some.olds, some.news, some.ours)
                continue
            kept = [group for group in steps.groups() if is_to_be_undone(group)]
            rows = [
                zip(g.keys, g.olds or repeat(None), g.news or repeat(None), repeat(g.ours), strict=False) for g in kept
            ]
            yield from rows[0] if len(rows) == 1 else sorted(chain(*rows), key=itemgetter(0))

    def made(self, held: Mapping[str, str]) -> bool:
        """Whether the PBX holds (``held``) any of the changes of the work."""
        names = PackedNames.of(held)
        return self.shared.made("made", names.rows, lambda: self._made(names))

    def _made(self, held: PackedNames) -> bool:
        for steps, now_there in self._ranges(held):
            some = steps.uniform
            if some is not None and some.is_made(now_there):
                return True
            if any(any(map(eq, now, group.news or repeat(None))) for group, now in _changed(steps, now_there)):
                return True
        return False

    def unchanged(self, held: Mapping[str, str]) -> PackedKeys:
        """The keys that the PBX holds (``held``) as before the work although the work was to change them."""
        names = PackedNames.of(held)
        return self.shared.made("unchanged", names.rows, lambda: self._unchanged(names))

    def _unchanged(self, held: PackedNames) -> PackedKeys:
        found = RowsBuilder(1)
        for steps, now_there in self._ranges(held):
            some = steps.uniform
            if some is not None and some.is_made(now_there):
                continue  # nearly always
            for group, now in _changed(steps, now_there):
                found.add([*compress(group.keys, map(eq, now, group.olds or repeat(None)))])
        return PackedKeys(found.built())

    def _ranges(self, held: Mapping[str, str]) -> Iterator[tuple[Range, Stretch]]:
        """The steps by ranges of keys, and what the PBX holds there."""
        ranges = Steps.of(self.steps).ranges(PackedKeys.of(self.owned), PackedNames.of(held).rows)
        return ((steps, now_there) for steps, (now_there,) in ranges if steps)


def _changed(steps: Range, held: Stretch) -> Iterator[tuple[Group, list[bytes | None]]]:
    """The keys of a range whose value the work changes, in groups, and what the PBX holds there."""
    numbers, names, *_ = held.lists
    now = dict(zip(numbers, names, strict=True))
    for group in steps.groups():
        if not group.same:
            yield group, [*map(now.get, group.keys)]


def work_of_sync(
    existing: Mapping[str, str],
    desired: Mapping[str, Entry],
    owned: Set[str],
    options: RunOptions,
    unnameable: Set[str] = frozenset(),
    online: Set[str] = frozenset(),
) -> Work:
    """Make the work that brings a PBX, which holds ``existing``, in step with the phonebook ``desired``.

    ``online`` are the keys whose names 1C told during calls (``phonebook.plan``).
    """
    held, book, ours = PackedNames.of(existing), PackedEntries.of(desired), PackedKeys.of(owned)
    plan = make_plan(held, book, ours, options.foreign, unnameable, online)
    whole = options.whole or len(plan.add) == len(book)
    return Work(
        plan=plan,
        puts=(book.names if whole else _puts(plan, book)).items(),
        wanted=book.names,
        owned=ours,
        steps=steps_of_sync(numbers_of(plan.delete), held, book.names, ours),
    )


def _puts(plan: Plan, book: PackedEntries) -> PackedNames:
    """The entries that are added or changed."""
    found = RowsBuilder()
    for (added, *_), (changed, *_), (numbers, names, *_) in in_step(
        numbers_of(plan.add).rows, numbers_of(plan.change).rows, book.rows
    ):
        if added or changed:
            chosen = {*added, *changed}
            kept = [(number, name) for number, name in zip(numbers, names, strict=True) if number in chosen]
            found.add(*zip(*kept, strict=True))
    return PackedNames(found.built())
