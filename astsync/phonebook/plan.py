"""What must change on one PBX, and the safety limits that may refuse it."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from heapq import merge
from typing import Literal

from astsync.errors import SafetyError, TooManyDeletes
from astsync.language import Message, about, counted, say
from astsync.phonebook.columns import Stretch
from astsync.phonebook.model import Change, Entry
from astsync.phonebook.ownership import deletable_keys
from astsync.phonebook.packed import PackedKeys, PackedNames, RowsBuilder, as_bytes, as_text, stretches
from astsync.phonebook.packed_book import PackedChanges, PackedEntries, PackedHeld

SMALLEST_LIMITED = 10
"""With fewer owned entries the limits do not apply: a share of so few says nothing."""
_ROUNDING = 1e-6  # shares are floats: 0.29 * 100 is a little less than 29


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes of one PBX, each kind of them in the order of the bytes of the numbers.

    ``kept`` are the foreign entries, which stay as they are. ``existing``, ``desired`` and ``unchanged`` count entries.
    ``deletable`` counts the existing entries that may be deleted: the owned ones, or all where ``foreign`` is "delete".
    The limits are shares of them. ``deletable_changed`` counts those of them that get another name. No limit counts the
    foreign keys that are adopted: the run's record keeps their old values for undo. Nor does any limit count keys of
    ours whose name 1C told during a call: no list was ever to have them. They are not in ``deletable``, and
    ``unlisted`` counts those of them in ``delete``. ``unnameable`` are the keys of ``kept`` that AMI cannot name: they
    stay also where ``foreign`` is "delete".
    """

    add: Sequence[Change]
    change: Sequence[Change]
    delete: Sequence[Change]
    kept: Sequence[Entry]
    existing: int
    desired: int
    unchanged: int
    deletable: int
    deletable_changed: int
    unnameable: tuple[str, ...] = ()
    unlisted: int = 0

    @property
    def changes(self) -> int:
        """How many keys differ."""
        return len(self.add) + len(self.change) + len(self.delete)

    def in_order(self) -> Iterator[Change]:
        """All changes, in that order."""
        return merge(self.add, self.change, self.delete, key=lambda change: as_bytes(change.number))

    @property
    def foreign(self) -> int:
        """How many foreign entries are kept."""
        return len(self.kept)


def make_plan(
    existing: Mapping[str, str],
    desired: Mapping[str, Entry],
    owned: Set[str],
    foreign: Literal["keep", "delete"] = "keep",
    unnameable: Set[str] = frozenset(),
    online: Set[str] = frozenset(),
) -> Plan:
    """Compare what a PBX holds (``existing``, name by number) with what it should hold.

    ``online`` are all keys that have, or had until it expired, a name that 1C told during a call.

    A key outside ``desired`` is deleted where the rules of ownership allow it, else it is kept as foreign. A foreign
    key that is desired is adopted: it is changed when the name differs.
    """
    held, book, ours = PackedNames.of(existing), PackedEntries.of(desired), PackedKeys.of(owned)
    differences = _Differences(foreign, {as_bytes(n) for n in unnameable}, {as_bytes(n) for n in online})
    for now, then, own in stretches(held.rows, book.rows, ours.rows):
        differences.add(now, then, own)
    return differences.plan(len(held), book)


class _Differences:
    """Collects the differences of a plan, range by range."""

    def __init__(self, foreign: Literal["keep", "delete"], unnameable: set[bytes], online: set[bytes]) -> None:
        self._foreign = foreign
        self._unnameable = unnameable
        self._online = online
        self._add, self._change, self._delete, self._kept = (RowsBuilder(width) for width in (1, 2, 2, 2))
        self._deletable = self._deletable_changed = self._unlisted = 0
        self._kept_unnameable: list[str] = []

    def add(self, held: Stretch, wanted: Stretch, own: Stretch) -> None:
        """Take what a PBX holds and what it should hold in a range of keys, and which are ours there."""
        if not held:
            self._add.add_stretch(wanted, 1)
            return
        if held.same(wanted, 2) and held.same(own, 1) and not self._is_strange(held):
            self._deletable += len(held)  # the usual range: as it should be, and ours
            return
        (numbers, names, *_), (then, news, *_), (ours, *_) = held.lists, wanted.lists, own.lists
        self._compare(dict(zip(numbers, names, strict=True)), dict(zip(then, news, strict=True)), set(ours))

    def _is_strange(self, held: Stretch) -> bool:
        """Whether any of the keys cannot be named, or has a name that 1C told during a call."""
        strange = (keys for keys in (self._unnameable, self._online) if keys)
        return any(not keys.isdisjoint(held.lists[0]) for keys in strange)

    def _compare(self, existing: Mapping[bytes, bytes], desired: Mapping[bytes, bytes], owned: Set[bytes]) -> None:
        deletable = deletable_keys(existing, owned, self._foreign, self._unnameable)
        unlisted = self._online & owned & existing.keys() if self._online else frozenset[bytes]()
        self._deletable += len(deletable) - sum(n in deletable for n in unlisted)
        self._add.add([n for n in desired if n not in existing])
        changed = [n for n, new in desired.items() if existing.get(n, new) != new]
        self._change.add(changed, [existing[n] for n in changed])
        self._deletable_changed += sum(n in deletable and n not in unlisted for n in changed)
        surplus = sorted(existing.keys() - desired.keys())
        deleted, kept = ([n for n in surplus if (n in deletable) is wanted] for wanted in (True, False))
        self._delete.add(deleted, [existing[n] for n in deleted])
        self._unlisted += sum(n in unlisted for n in deleted)
        self._kept.add(kept, [existing[n] for n in kept])
        self._kept_unnameable += [as_text(n) for n in surplus if n in self._unnameable]

    def plan(self, existing: int, book: PackedEntries) -> Plan:
        """The plan of all ranges."""
        add, change = PackedChanges(self._add.built(), book), PackedChanges(self._change.built(), book)
        return Plan(
            add=add,
            change=change,
            delete=PackedChanges(self._delete.built(), None),
            kept=PackedHeld(self._kept.built()),
            existing=existing,
            desired=len(book),
            unchanged=len(book) - len(add) - len(change),
            deletable=self._deletable,
            deletable_changed=self._deletable_changed,
            unnameable=tuple(self._kept_unnameable),
            unlisted=self._unlisted,
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """The safety limits, as shares from 0 to 1; None lifts a limit. ``allow_empty`` lets an empty phonebook pass."""

    max_delete: float | None = 0.3
    max_change: float | None = 0.3
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class Lifted:
    """The safety limits that are lifted for one run."""

    empty: bool = False
    deletes: bool = False
    changes: bool = False


def check_plan(plan: Plan, limits: Limits, where: str) -> None:
    """Refuse a plan that deletes or changes more than the limits allow.

    Raises SafetyError with the figures, the place ``where`` they were counted (a PBX's name), and the option that lifts
    the limit for one run.
    """
    total, changed, deleted = plan.deletable, plan.deletable_changed, len(plan.delete) - plan.unlisted
    _check_deletes(deleted, total, limits.max_delete, where)
    _check_changes(changed, total, limits.max_change, where)


def check_new_list(before: Mapping[str, str], desired: Mapping[str, Entry], limits: Limits) -> None:
    """Refuse a list that has lost or changed more than the limits allow since the last good one.

    ``before`` is the last good list, name by number. Raises SafetyError.
    """
    lost = changed = 0
    if not before:
        return
    for then, now_there in stretches(PackedNames.of(before).rows, PackedEntries.of(desired).rows):
        if not then.same(now_there, 2):
            (numbers, names, *_), (wanted, news, *_) = then.lists, now_there.lists
            now = dict(zip(wanted, news, strict=True))
            lost += sum(number not in now for number in numbers)
            changed += sum(now.get(number, name) != name for number, name in zip(numbers, names, strict=True))
    where = say("since the last good list")
    _check_deletes(lost, len(before), limits.max_delete, where)
    _check_changes(changed, len(before), limits.max_change, where)


def _check_deletes(deleted: int, total: int, limit: float | None, where: str) -> None:
    if limit is None or not _exceeds(deleted, total, limit):
        return
    words = counted(
        "the plan would delete {deleted:,} of {count:,} entry ({share}); max_delete is {limit}",
        "the plan would delete {deleted:,} of {count:,} entries ({share}); max_delete is {limit}",
        total,
        deleted=deleted,
        share=_percent(deleted / total),
        limit=_percent(limit),
    )
    hint = say("Look at `astsync diff`. If this is right, run once with {option}.", option="--allow-deletes")
    raise TooManyDeletes(about(where, words), hint=hint)


def _check_changes(changed: int, total: int, limit: float | None, where: str) -> None:
    if limit is None or not _exceeds(changed, total, limit):
        return
    words = counted(
        "the plan would change {changed:,} of {count:,} entry ({share}); max_change is {limit}",
        "the plan would change {changed:,} of {count:,} entries ({share}); max_change is {limit}",
        total,
        changed=changed,
        share=_percent(changed / total),
        limit=_percent(limit),
    )
    hint = say("Look at `astsync diff`. If this is right, run once with {option}.", option="--allow-changes")
    raise SafetyError(about(where, words), hint=hint)


def _exceeds(count: int, total: int, limit: float) -> bool:
    return total >= SMALLEST_LIMITED and count > limit * total + _ROUNDING


def _percent(share: float) -> Message:
    """A share as percent, with enough places to tell 30% from 30.1%."""
    return say("{percent:.4g}%", percent=share * 100)
