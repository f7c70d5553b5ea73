"""Whose a key is: before, during and after a run. The rules stand here only; plan, engine and store follow them.

A key of the family is *ours* or *foreign*. Three facts make it hard to tell. Each rule below comes from one of them.

A run can be cut off anywhere: astsync is killed, or the PBX is lost. What a run is about to do is stored before it is
sent, and the family is read again afterwards. After a run was cut off between the two we do not know whether its last
writes arrived. Such a key counts as ours only if the PBX holds the value that is stored with it (``if_held``).

Asterisk confirms a write at once and commits AstDB to its disk about once a second. An Asterisk that is killed within
that second brings back what was there before. So an answer of the PBX changes no owner; only a reading does. And a key
that we deleted is ours again if it comes back as it was.

Others write to the family too: people, the PBX's own web interface, scripts. Nothing tells who wrote a value. A key
that is certainly ours stays ours whatever they write there: 1C has the last word on it. Where it is not certain, a
value that is not the one we know is theirs, because a name too many is better than somebody's name deleted.

What each event makes of a key's state:

* the record is stored, before anything is sent: ``Course.recorded``
* the PBX confirms a put or a delete, or refuses it: nothing
* the family is read again: ``Course.unmade``, ``made`` or ``other``
* the run is cut off, somebody writes the key, Asterisk is killed: nothing, as astsync is not there to see it
* the next run reads the family: a state with a condition becomes ours or foreign (``owned_keys``)

Two functions allow a deletion: ``deletable_keys`` to a run that follows a list (sync, push, watch), and ``step_back``
to an undo.

In two cases a value that is not ours counts as ours:

* A run overwrites a foreign value, and Asterisk is killed within the second after the last reading. Then the foreign
  value is back. The run's record still has it, so ``undo`` can restore it.
* The owners are stored by the PBX's name in the configuration. If that name gets the address of another PBX, the keys
  that were ours on the old one count as ours on the new one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from enum import Enum, auto
from itertools import compress, repeat
from typing import Literal, NamedTuple, TypeVar

from astsync.phonebook.columns import Column, length, uniform
from astsync.phonebook.model import Entry
from astsync.phonebook.owners import (
    CERTAIN,
    CERTAINLY_OURS,
    CONDITIONAL,
    FOREIGN,
    NOT_OURS,
    Act,
    Group,
    KeyOwners,
    Owner,
    Ownership,
    Step,
    Steps,
    Uniform,
    code_of,
)
from astsync.phonebook.packed import PackedKeys, PackedNames, RowsBuilder, in_step, stretches
from astsync.phonebook.packed_book import PackedEntries

__all__ = [
    "CERTAINLY_OURS",
    "COURSES",
    "NOT_OURS",
    "Act",
    "Course",
    "Ownership",
    "State",
    "Step",
    "deletable_keys",
    "is_to_be_undone",
    "owned_keys",
    "owners_after",
    "owners_before",
    "step_back",
    "steps_of_sync",
    "with_online",
]

Key = TypeVar("Key")
_CERTAIN, _NOT = (CERTAIN, b""), (FOREIGN, b"")


class State(Enum):
    """Whose a key is in the course of a run."""

    FOREIGN = auto()
    OURS = auto()
    OURS_IF_OLD = auto()
    """Ours only if the PBX holds what it held before the run. A deleted key stays so after the run too."""
    OURS_IF_NEW = auto()
    """Ours only if the PBX holds what the run sends."""


class Course(NamedTuple):
    """The states of a key in the course of a run, at its record and at the reading after its writes."""

    recorded: State
    """From the record on, before anything is sent. If the run is cut off it stays so until the next run reads."""
    unmade: State
    """The reading shows the old value: the write was refused, was never sent, or was lost by a killed Asterisk."""
    made: State
    """The reading shows the new value."""
    other: State
    """The reading shows a third value: somebody else wrote there during the run."""


_FOREIGN, _OURS, _IF_OLD, _IF_NEW = State.FOREIGN, State.OURS, State.OURS_IF_OLD, State.OURS_IF_NEW
_CONDITIONS = {_IF_OLD, _IF_NEW}

COURSES: dict[tuple[Act, State], Course] = {
    # Added, or a foreign value overwritten: until a reading shows our value, what stands there may be somebody else's.
    (Act.WRITE, _FOREIGN): Course(recorded=_IF_NEW, unmade=_FOREIGN, made=_OURS, other=_FOREIGN),
    # An entry of ours that gets another name was ours before and is ours whether the new name arrives or not.
    (Act.WRITE, _OURS): Course(recorded=_OURS, unmade=_OURS, made=_OURS, other=_OURS),
    # The wanted value was read before the record, so there is nothing to wait for. Old and new are the same value.
    (Act.ADOPT, _FOREIGN): Course(recorded=_OURS, unmade=_OURS, made=_OURS, other=_OURS),
    (Act.ADOPT, _OURS): Course(recorded=_OURS, unmade=_OURS, made=_OURS, other=_OURS),
    # Only with foreign = "delete". Whoever writes the key again owns it, and so does a killed Asterisk's old value.
    (Act.DELETE, _FOREIGN): Course(recorded=_FOREIGN, unmade=_FOREIGN, made=_FOREIGN, other=_FOREIGN),
    # A deleted key keeps its condition after the reading too: a killed Asterisk may bring back the value that was ours.
    (Act.DELETE, _OURS): Course(recorded=_IF_OLD, unmade=_OURS, made=_IF_OLD, other=_FOREIGN),
    (Act.GIVE_BACK, _FOREIGN): Course(recorded=_FOREIGN, unmade=_FOREIGN, made=_FOREIGN, other=_FOREIGN),
    # Ours as long as our value stands there. Once the owner's value was read it is theirs without condition: an equal
    # name that somebody writes there later must not be taken for ours.
    (Act.GIVE_BACK, _OURS): Course(recorded=_IF_OLD, unmade=_OURS, made=_FOREIGN, other=_FOREIGN),
    # Nothing of ours stands there, so whoever writes the key next owns it, even before this run ends.
    (Act.RELEASE, _FOREIGN): Course(recorded=_FOREIGN, unmade=_FOREIGN, made=_FOREIGN, other=_FOREIGN),
    (Act.RELEASE, _OURS): Course(recorded=_FOREIGN, unmade=_FOREIGN, made=_FOREIGN, other=_FOREIGN),
}
"""The table: what becomes of a key, by what a run does with it and whose it was when the run read the PBX."""


def owned_keys(stored: Mapping[str, Ownership], existing: Mapping[str, str]) -> PackedKeys:
    """The keys that are ours, by the owners that the store keeps and the values that the PBX holds.

    Keys that the PBX does not hold are among them: those that were ours without condition when somebody deleted them.

    Here a doubt that a run left behind is decided. A run that goes on then stores the outcome (``owners_before``).
    """
    owners = KeyOwners.of(stored)
    if all(hows == uniform(CERTAIN, length(keys)) for keys, hows, _ in owners.rows.blocks):
        return PackedKeys(owners.rows)  # nearly always
    ours = RowsBuilder(1)
    for (keys, hows, values), (numbers, names, *_) in in_step(owners.rows, PackedNames.of(existing).rows):
        held = dict(zip(numbers, names, strict=True))
        ours.add(
            [
                key
                for key, how, value in zip(keys, hows, values, strict=True)
                if how == CERTAIN or (how == CONDITIONAL and held.get(key) == value)
            ]
        )
    return PackedKeys(ours.built())


def deletable_keys(
    existing: Mapping[Key, Key], owned: Set[Key], foreign: Literal["keep", "delete"], unnameable: Set[Key] = frozenset()
) -> Set[Key]:
    """The keys that a run may delete when the list does not have them. Foreign keys only where the user says so.

    What AMI cannot name (``unnameable``) cannot be deleted over it, and stays foreign.
    """
    deletable = existing.keys() if foreign == "delete" else existing.keys() & owned
    return deletable - unnameable if unnameable else deletable


def with_online(
    listed: Mapping[str, Entry],
    online: Mapping[str, Entry],
    existing: Mapping[str, str],
    owned: Set[str],
    foreign: Literal["keep", "delete"] = "keep",
) -> Mapping[str, Entry]:
    """What a PBX is to hold: the entries of a list, then the names that 1C told during calls (``online``).

    Such a name takes no key that is foreign on the PBX, not even one that holds the same name: nobody put the number
    into a list, so whoever wrote the key keeps it. Where foreign keys are deleted nobody keeps one: the name takes it
    in the same run, else one run would delete the key and the next one add it.
    """
    all_free = foreign == "delete"
    free = {
        n: entry for n, entry in online.items() if n not in listed and (all_free or n in owned or n not in existing)
    }
    return PackedEntries.of(listed).with_entries(free) if free else listed


def steps_of_sync(
    deleted: PackedKeys, existing: Mapping[str, str], wanted: Mapping[str, str], owned: Set[str]
) -> Mapping[str, Step]:
    """The steps that bring a PBX in step, by number; keys whose value and owner stay have none.

    ``deleted`` are the keys that are to be deleted. A foreign key that holds the wanted name is adopted. A key of ours
    that is gone and not wanted any more is released.
    """
    names, builder = PackedNames.of(wanted), RowsBuilder(3)
    sheets = PackedNames.of(existing).rows, names.rows, PackedKeys.of(owned).rows, deleted.rows
    for now, then, own, leaving in stretches(*sheets):
        if now.same(then, 2) and now.same(own, 1):
            continue  # as it is to be, and ours: nearly always
        if not now and not leaving and (not own or own.same(then, 1)):
            count = len(then)
            builder.add_stretch(then.with_columns(uniform(_ADDED, count), uniform(b"", count)), 3)
            continue
        (held, values, *_), (numbers, news, *_), (ours, *_), (gone, *_) = (p.lists for p in (now, then, own, leaving))
        before, after = dict(zip(held, values, strict=True)), dict(zip(numbers, news, strict=True))
        if steps := sorted(_steps(before, after, set(ours), gone)):
            builder.add(*zip(*steps, strict=True))
    return Steps(builder.built(), names)


_ADDED = code_of(Act.WRITE, old=False, new=True)
_CHANGED = code_of(Act.WRITE, old=True, new=True)
_ADOPTED = code_of(Act.ADOPT, old=True, new=True, same=True)
_DELETED = code_of(Act.DELETE, old=True, new=False)
_RELEASED = code_of(Act.RELEASE, old=False, new=False, same=True)


def _steps(
    existing: Mapping[bytes, bytes], wanted: Mapping[bytes, bytes], owned: Set[bytes], deleted: Sequence[bytes]
) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The steps of some keys: number, code and old value."""
    for number, new in wanted.items():
        old = existing.get(number)
        if old is None:
            yield number, _ADDED, b""
        elif old != new:
            yield number, _CHANGED, old
        elif number not in owned:
            yield number, _ADOPTED, old
    for number in deleted:
        yield number, _DELETED, existing[number]
    for number in owned - existing.keys() - wanted.keys():
        yield number, _RELEASED, b""


def step_back(old: str | None, new: str | None, now: str | None, *, was_ours: bool | None, ours: bool) -> Step | None:
    """The step that puts back a key that a run changed from ``old`` to ``new``, where the PBX holds ``now``.

    ``was_ours`` is the owner to be put back; where None, a record of store version 1, the owner stays as it is.
    None where the key has changed since: it holds neither value, or the run added it and it is not ours now.
    """
    to_us = ours if was_ours is None else was_ours
    if now == old:
        return Step(Act.ADOPT if to_us and now is not None else Act.RELEASE, now, old)
    if now != new:
        return None
    if old is None:
        # The run added it, but it is somebody else's now, although the value is the same: it is not deleted.
        return Step(Act.DELETE, now, None) if ours else None
    if to_us:
        return Step(Act.WRITE, now, old)
    return Step(Act.RELEASE if now is None else Act.GIVE_BACK, now, old)


def is_to_be_undone(group: Group | Uniform) -> bool:
    """Whether ``undo`` has to know a group: its values change, or its owner while the value stays."""
    return not group.same or (group.news is not None and _course(group).recorded is not _now(group))


def owners_before(
    steps: Mapping[str, Step], owned: Set[str], stored: Mapping[str, Ownership]
) -> Mapping[str, Ownership]:
    """The owners to store together with the record, before anything is sent, where they differ from ``stored``."""
    found = RowsBuilder(3)
    ours, known = PackedKeys.of(owned), KeyOwners.of(stored).rows
    for steps_here, (known_here, own_here) in Steps.of(steps).ranges(ours, known, ours.rows):
        certain = not known_here or (known_here.block is not None and _are_certain(known_here.block[1]))
        if certain and not steps_here:
            continue
        some = steps_here.uniform
        if some is not None and certain:
            recorded = _course(some).recorded
            if recorded is _OURS and known_here.same(steps_here.steps, 1):
                continue  # they are stored so already
            if not known_here and (recorded is _OURS or (recorded is _IF_NEW and some.news is not None)):
                found.add_block(some.first, _block(recorded, some))
                continue
        (numbers, hows, values), (own, *_) = known_here.lists, own_here.lists
        groups = steps_here.groups()
        if not groups and CONDITIONAL not in hows:
            continue
        before = dict(zip(numbers, zip(hows, values, strict=True), strict=True))
        owners = {n: _CERTAIN if n in own else _NOT for n, (how, _) in before.items() if how == CONDITIONAL}
        for group in groups:
            owners.update(_owners(_course(group).recorded, group))
        _keep(found, {n: owner for n, owner in owners.items() if owner != before.get(n, _NOT)})
    return KeyOwners(found.built())


def owners_after(steps: Mapping[str, Step], owned: Set[str], held: Mapping[str, str]) -> Mapping[str, Ownership]:
    """The owners to store once the family was read again (``held``), of the keys that had a condition until then."""
    found = RowsBuilder(3)
    for steps_here, (now_here,) in Steps.of(steps).ranges(PackedKeys.of(owned), PackedNames.of(held).rows):
        some = steps_here.uniform
        if some is not None and some.is_made(now_here):
            recorded, made = _course(some).recorded, _course(some).made
            if made is recorded and made not in _CONDITIONS:
                continue
            if made is _OURS:
                found.add_block(some.first, _block(made, some))
                continue
        groups = steps_here.groups()
        numbers, values, *_ = now_here.lists
        now = dict(zip(numbers, values, strict=True)) if groups else {}
        owners = dict[bytes, Owner]()
        for group in groups:
            for state, part in _seen(group, now):
                if state is not _course(group).recorded or state in _CONDITIONS:
                    owners.update(_owners(state, part))
        _keep(found, owners)
    return KeyOwners(found.built())


def _are_certain(hows: Column) -> bool:
    return hows == uniform(CERTAIN, length(hows))


def _block(state: State, some: Uniform) -> tuple[Column, Column, Column]:
    """The owners of a block of keys that are ours, or ours if the PBX holds what the run sends."""
    nothing = uniform(b"", some.size)
    if state is _OURS or some.news is None:
        return some.keys, uniform(CERTAIN, some.size), nothing
    return some.keys, uniform(CONDITIONAL, some.size), some.news


def _keep(found: RowsBuilder, owners: Mapping[bytes, Owner]) -> None:
    if owners:
        found.add(*zip(*((key, *owners[key]) for key in sorted(owners)), strict=True))


def _now(group: Group | Uniform) -> State:
    return _OURS if group.ours else _FOREIGN


def _course(group: Group | Uniform) -> Course:
    return COURSES[group.act, _now(group)]


def _seen(group: Group, held: Mapping[bytes, bytes]) -> Iterator[tuple[State, Group]]:
    """The group in parts, by the states of which its keys are when the PBX holds what it does."""
    course, count = _course(group), len(group.keys)
    if len(set(course)) == 1:
        yield course.made, group
        return
    nothing: Sequence[bytes | None] = [None] * count
    olds, news = group.olds or nothing, group.news or nothing
    states = [
        course.unmade if now == old else course.made if now == new else course.other
        for now, old, new in zip(map(held.get, group.keys), olds, news, strict=True)
    ]
    for state in dict.fromkeys(states):
        yield state, _part(group, [one is state for one in states])


def _part(group: Group, chosen: Sequence[bool]) -> Group:
    if all(chosen):
        return group
    columns = (None if one is None else [*compress(one, chosen)] for one in (group.olds, group.news))
    return Group(group.act, group.ours, group.same, [*compress(group.keys, chosen)], *columns)


def _owners(state: State, group: Group) -> Iterable[tuple[bytes, Owner]]:
    if state not in _CONDITIONS:
        return zip(group.keys, repeat(_CERTAIN if state is _OURS else _NOT), strict=False)
    values = group.olds if state is _IF_OLD else group.news
    if values is None:  # an absent key holds nothing that could be ours
        return zip(group.keys, repeat(_NOT), strict=False)
    return zip(group.keys, zip(repeat(CONDITIONAL), values, strict=False), strict=True)
