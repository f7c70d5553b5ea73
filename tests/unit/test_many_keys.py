"""Plans, steps and owners of many keys are what they are of each key alone, wherever ranges of keys begin and end."""

import random
from collections.abc import Mapping
from typing import Literal

import pytest

from astsync.engine.run_options import RunOptions
from astsync.engine.target import _wrong
from astsync.engine.work import work_of_sync
from astsync.errors import SafetyError
from astsync.phonebook.model import Change, Entry
from astsync.phonebook.ownership import (
    CERTAINLY_OURS,
    COURSES,
    NOT_OURS,
    Act,
    Ownership,
    State,
    Step,
    owned_keys,
    owners_after,
    owners_before,
)
from astsync.phonebook.packed import BLOCK, PackedNames
from astsync.phonebook.plan import Limits, check_new_list
from astsync.store import Before

SIZES = [0, 1, BLOCK, 3 * BLOCK, 2_000]


class Case:
    """A PBX, a list and stored owners of many keys, and what a run does with each key, one after the other."""

    def __init__(self, seed: int) -> None:
        chance = self.chance = random.Random(seed)
        pool = [str(chance.randrange(10**6, 10**7)) for _ in range(chance.choice(SIZES))]
        share = chance.choice([0.0, 0.01, 0.5, 1.0])
        same = {number: f"OOO {number}" for number in pool}
        self.existing = {n: name for n, name in same.items() if chance.random() >= share}
        self.desired = {n: Entry(n, name, f"К/{n}") for n, name in same.items() if chance.random() >= share / 2}
        for number in chance.sample(pool, min(len(pool), chance.choice([0, 3, 400]))):
            self.existing[number] = chance.choice(["another", "", "\udcc8"])
        self.existing |= {chance.choice(["", "я\udcc8", "0"]): "x" for _ in range(chance.choice([0, 1, 3]))}
        self.stored: dict[str, Ownership] = {}
        for number in pool:
            if chance.random() >= share / 3:
                odd = chance.random() < share / 4
                held = chance.choice([same[number], "old", ""])
                self.stored[number] = Ownership(ours=True, if_held=held) if odd else CERTAINLY_OURS
        self.owned = {
            n for n, owner in self.stored.items() if owner.if_held is None or self.existing.get(n) == owner.if_held
        }
        self.foreign: Literal["keep", "delete"] = chance.choice(["keep", "keep", "delete"])
        self.unnameable = {n for n in ("", "я\udcc8") if n in self.existing}

    @classmethod
    def alike(cls, held: str, stored: str) -> "Case":
        """A case in which it is the same with all keys: what the PBX holds, and what is stored of their owners."""
        case = cls(0)
        numbers = [str(7_495_000_0000 + n) for n in range(3 * BLOCK + 7)]
        case.desired = {n: Entry(n, f"OOO {n}", f"К/{n}") for n in numbers}
        case.existing = {n: f"{held} {n}" for n in numbers} if held else {}
        owner = Ownership(ours=True, if_held="x") if stored == "doubt" else CERTAINLY_OURS
        case.stored = dict.fromkeys(numbers[:: 2 if stored == "half" else 1], owner) if stored else {}
        case.owned = set() if stored == "doubt" else set(case.stored)
        case.unnameable = set()
        return case

    def steps(self) -> dict[str, Step]:
        """The step of each key."""
        found = {}
        deletable = self.existing.keys() if self.foreign == "delete" else self.existing.keys() & self.owned
        for number in self.existing.keys() | self.desired.keys() | self.owned:
            old = self.existing.get(number)
            new = self.desired[number].name if number in self.desired else None
            if new is not None and old != new:
                found[number] = Step(Act.WRITE, old, new)
            elif new is not None and number not in self.owned:
                found[number] = Step(Act.ADOPT, old, new)
            elif new is None and number in deletable - self.unnameable:
                found[number] = Step(Act.DELETE, old, None)
            elif new is None and old is None:
                found[number] = Step(Act.RELEASE, None, None)
        return found

    def wanted(self) -> dict[str, str]:
        """The names of the list."""
        return {n: entry.name for n, entry in self.desired.items()}

    def held_later(self, steps: Mapping[str, Step]) -> dict[str, str]:
        """What the PBX holds after writes of which some did not arrive, or were written over."""
        held = dict(self.existing)
        for number, step in steps.items():
            chance = self.chance.random()
            value = "by hand" if chance < 0.02 else step.old if chance < 0.05 else step.new
            held.pop(number, None)
            if value is not None:
                held[number] = value
        return held


def owner(state: State, step: Step) -> Ownership:
    if state in {State.OURS, State.FOREIGN}:
        return CERTAINLY_OURS if state is State.OURS else NOT_OURS
    value = step.old if state is State.OURS_IF_OLD else step.new
    return Ownership(ours=value is not None, if_held=value)


@pytest.mark.parametrize("seed", range(60))
def test_many_keys_are_treated_as_each_alone(seed: int) -> None:
    check(Case(seed), whole=seed % 3 == 0)


@pytest.mark.parametrize("held", ["", "AO", "OOO"])
@pytest.mark.parametrize("stored", ["", "ours", "half", "doubt"])
@pytest.mark.parametrize("spoilt", [0, 1, 2])
def test_blocks_of_keys_with_which_it_is_the_same_are_treated_as_each_key_alone(
    held: str, stored: str, spoilt: int
) -> None:
    case = Case.alike(held, stored)
    for number in [*case.desired][1 : 500 * spoilt : 499]:
        case.existing[number] = "by hand"
    check(case, later=case.wanted())
    few = case.wanted()
    few.update(dict.fromkeys([*few][300 : 300 + spoilt], "written meanwhile"))
    check(case, later=few)
    check(case, later=case.existing)


def test_what_is_given_back_is_foreign_in_blocks_too() -> None:
    steps = {str(7_495_000_0000 + n): Step(Act.GIVE_BACK, "ours", "theirs") for n in range(2 * BLOCK)}
    held = dict.fromkeys(steps, "theirs")
    assert dict(owners_after(steps, set(steps), held)) == dict.fromkeys(steps, NOT_OURS)


def check(case: Case, *, whole: bool = False, later: Mapping[str, str] | None = None) -> None:
    """Compare with each key alone; the PBX holds ``later`` after the writes."""
    steps, owned, desired, existing = case.steps(), case.owned, case.desired, case.existing
    assert set(owned_keys(case.stored, existing)) == owned
    options = RunOptions(foreign=case.foreign, whole=whole)
    work = work_of_sync(PackedNames.of(existing), desired, owned, options, case.unnameable)
    assert dict(work.steps) == steps

    changes = {n: Change(n, step.old, desired.get(n)) for n, step in steps.items() if step.old != step.new}
    plan = work.plan
    assert {c.number: c for c in plan.in_order()} == changes
    assert all(c.old is None for c in plan.add)
    assert all(c.new is None for c in plan.delete)
    assert {e.number: e.name for e in plan.kept} == {
        n: name for n, name in existing.items() if n not in desired and n not in changes
    }
    assert plan.unchanged == sum(existing.get(n) == entry.name for n, entry in desired.items())
    assert plan.changes == len(changes)
    wanted = case.wanted()
    puts = {n: name for n, name in wanted.items() if options.whole or existing.get(n) != name}
    assert dict(work.puts) == puts
    assert len(work.puts) == len(puts)

    def course(number: str) -> tuple[State, State, State, State]:
        return COURSES[steps[number].act, State.OURS if number in owned else State.FOREIGN]

    now = {n: CERTAINLY_OURS if n in owned else NOT_OURS for n, one in case.stored.items() if one.if_held is not None}
    now |= {n: owner(course(n)[0], step) for n, step in steps.items()}
    before = {n: one for n, one in now.items() if one != case.stored.get(n, NOT_OURS)}
    assert dict(owners_before(work.steps, work.owned, case.stored)) == before
    recorded = [
        Before(n, step.old, step.new, n in owned)
        for n, step in steps.items()
        if step.old != step.new or (step.new is not None and n not in owned)
    ]
    assert {one.number: one for one in work.record()} == {one.number: one for one in recorded}

    held = case.held_later(steps) if later is None else later
    after = {}
    for number, step in steps.items():
        stored, unmade, made, other = course(number)
        value = held.get(number)
        state = unmade if value == step.old else made if value == step.new else other
        if state is not stored or state in {State.OURS_IF_OLD, State.OURS_IF_NEW}:
            after[number] = owner(state, step)
    assert dict(owners_after(work.steps, work.owned, held)) == after
    assert set(work.unchanged(held)) == {n for n in changes if held.get(n) == steps[n].old}
    assert work.made(held) == any(held.get(n) == steps[n].new for n in changes)
    wrong = {n: held.get(n) for n, name in wanted.items() if held.get(n) != name}
    assert _wrong(work, held) == wrong | {c.number: held[c.number] for c in plan.delete if c.number in held}


@pytest.mark.parametrize("seed", range(10))
def test_a_list_is_compared_with_the_last_good_one_over_all_ranges(seed: int) -> None:
    case = Case(seed)
    before, desired = PackedNames.of(case.existing), case.desired
    lost = sum(n not in desired for n in case.existing)
    changed = sum(n in desired and desired[n].name != name for n, name in case.existing.items())
    for limits, refused in (
        (Limits(lost / (len(before) or 1), changed / (len(before) or 1)), False),
        (Limits(0, 0), True),
    ):
        try:
            check_new_list(before, desired, limits)
        except SafetyError:
            assert refused
        else:
            assert not refused or len(before) < 10 or not lost + changed
