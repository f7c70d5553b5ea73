"""What a run does on one PBX: the plan, what is sent, and what is stored before and after it is sent."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from astsync.engine.run_options import RunOptions
from astsync.phonebook.model import Entry
from astsync.phonebook.ownership import Step, owner_changes, steps_of_sync
from astsync.phonebook.plan import Plan, make_plan
from astsync.store import Before


@dataclass(frozen=True, slots=True)
class Work:
    """One PBX's work.

    ``puts`` are sent in their order. ``wanted`` is what the PBX must hold afterwards, name by number; the keys of
    ``plan.delete`` must be gone. ``owned`` are the keys that were ours when the PBX was read, also those that it did
    not hold. ``steps`` says what the work does with each key whose value or owner it changes (``phonebook.ownership``).
    """

    plan: Plan
    puts: Sequence[tuple[str, str]]
    wanted: Mapping[str, str]
    owned: Set[str]
    steps: Mapping[str, Step]

    def record(self) -> Iterator[Before]:
        """The record for undo: each key as it is before the work, and what the work makes of it."""
        kept = owner_changes(self.steps, self.owned)
        for number, step in self.steps.items():
            if step.old != step.new or number in kept:
                yield Before(number, step.old, step.new, number in self.owned)

    def made(self, held: Mapping[str, str]) -> bool:
        """Whether the PBX holds (``held``) any of the changes of the work."""
        return any(step.old != step.new and held.get(n) == step.new for n, step in self.steps.items())

    def unchanged(self, held: Mapping[str, str]) -> list[str]:
        """The keys that the PBX holds (``held``) as before the work although the work was to change them."""
        return [n for n, step in self.steps.items() if step.old != step.new and held.get(n) == step.old]


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
    plan = make_plan(existing, desired, owned, options.foreign, unnameable, online)
    entries = desired.values() if options.whole else (c.new for c in (*plan.add, *plan.change) if c.new is not None)
    wanted = {number: entry.name for number, entry in desired.items()}
    return Work(
        plan=plan,
        puts=[(entry.number, entry.name) for entry in entries],
        wanted=wanted,
        owned=owned,
        steps=steps_of_sync((*plan.add, *plan.change, *plan.delete), existing, wanted, owned),
    )
