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

from collections.abc import Iterable, Mapping, Set
from enum import Enum, auto
from typing import Literal, NamedTuple

from astsync.phonebook.model import Change, Entry


class Ownership(NamedTuple):
    """One key's owner as the store keeps it. With ``if_held`` the key is ours only if the PBX holds that value."""

    ours: bool
    if_held: str | None = None


NOT_OURS = Ownership(ours=False)
"""Foreign. The store keeps no row for it."""
CERTAINLY_OURS = Ownership(ours=True)
"""Certainly ours: a run wrote or adopted the key, and a reading has shown it."""


class Act(Enum):
    """What a run does with a key, as far as its owner is concerned."""

    WRITE = auto()
    """Give the key a value that is ours."""
    ADOPT = auto()
    """Make a key ours that holds the wanted value already, so that nothing needs to be sent."""
    DELETE = auto()
    """Delete the key."""
    GIVE_BACK = auto()
    """Put a foreign value back over what is there (undo)."""
    RELEASE = auto()
    """Give up a key where nothing of ours stands: it is gone, or holds its foreign value already."""


class Step(NamedTuple):
    """What a run does with one key: ``old`` is what the PBX holds before, ``new`` what it holds afterwards."""

    act: Act
    old: str | None
    new: str | None


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


def owned_keys(stored: Mapping[str, Ownership], existing: Mapping[str, str]) -> set[str]:
    """The keys that are ours, by the owners that the store keeps and the values that the PBX holds.

    Keys that the PBX does not hold are among them: those that were ours without condition when somebody deleted them.

    Here a doubt that a run left behind is decided. A run that goes on then stores the outcome (``owners_before``).
    """
    return {
        number
        for number, owner in stored.items()
        if owner.ours and (owner.if_held is None or existing.get(number) == owner.if_held)
    }


def deletable_keys(
    existing: Mapping[str, str],
    owned: Set[str],
    foreign: Literal["keep", "delete"],
    unnameable: Set[str] = frozenset(),
) -> Set[str]:
    """The keys that a run may delete when the list does not have them. Foreign keys only where the user says so.

    What AMI cannot name (``unnameable``) cannot be deleted over it, and stays foreign.
    """
    deletable = existing.keys() if foreign == "delete" else existing.keys() & owned
    return deletable - unnameable if unnameable else deletable  # without a copy of a million keys


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
    in the same run, else one run would delete the key and the next one add it. The list is copied only where there is
    something to add.
    """
    all_free = foreign == "delete"
    free = {
        n: entry for n, entry in online.items() if n not in listed and (all_free or n in owned or n not in existing)
    }
    return {**listed, **free} if free else listed


def steps_of_sync(
    changes: Iterable[Change], existing: Mapping[str, str], wanted: Mapping[str, str], owned: Set[str]
) -> dict[str, Step]:
    """The steps that bring a PBX in step, by number; keys whose value and owner stay have none.

    A foreign key that holds the wanted name is adopted. A key of ours that is gone and not wanted any more is released.
    """
    steps = {
        change.number: Step(Act.DELETE, change.old, None)
        if change.new is None
        else Step(Act.WRITE, change.old, change.new.name)
        for change in changes
    }
    for number in wanted.keys() - owned:
        name = wanted[number]
        if existing.get(number) == name:
            steps[number] = Step(Act.ADOPT, name, name)
    steps.update(dict.fromkeys(owned - existing.keys() - wanted.keys(), Step(Act.RELEASE, None, None)))
    return steps


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


def owner_changes(steps: Mapping[str, Step], owned: Set[str]) -> set[str]:
    """The keys whose owner changes and whose value stays: ``undo`` has to know them too."""
    same = ((number, step) for number, step in steps.items() if step.old == step.new is not None)
    return {number for number, step in same if _course(number, step, owned).recorded is not _now(number, owned)}


def owners_before(steps: Mapping[str, Step], owned: Set[str], stored: Mapping[str, Ownership]) -> dict[str, Ownership]:
    """The owners to store together with the record, before anything is sent, where they differ from ``stored``."""
    decided = {
        n: CERTAINLY_OURS if n in owned else NOT_OURS for n, owner in stored.items() if owner.if_held is not None
    }
    recorded = {number: _ownership(_course(number, step, owned).recorded, step) for number, step in steps.items()}
    return {n: owner for n, owner in (decided | recorded).items() if owner != stored.get(n, NOT_OURS)}


def owners_after(steps: Mapping[str, Step], owned: Set[str], held: Mapping[str, str]) -> dict[str, Ownership]:
    """The owners to store once the family was read again (``held``), of the keys that had a condition until then."""
    owners = {}
    for number, step in steps.items():
        course, now = _course(number, step, owned), held.get(number)
        state = course.unmade if now == step.old else course.made if now == step.new else course.other
        if state is not course.recorded or state in _CONDITIONS:
            owners[number] = _ownership(state, step)
    return owners


def _now(number: str, owned: Set[str]) -> State:
    return _OURS if number in owned else _FOREIGN


def _course(number: str, step: Step, owned: Set[str]) -> Course:
    return COURSES[step.act, _now(number, owned)]


def _ownership(state: State, step: Step) -> Ownership:
    if state in _CONDITIONS:
        value = step.old if state is _IF_OLD else step.new
        return Ownership(ours=value is not None, if_held=value)  # an absent key holds nothing that could be ours
    return CERTAINLY_OURS if state is _OURS else NOT_OURS
