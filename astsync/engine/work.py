"""What is to be done on one PBX: the plan, and everything that must be noted before and after."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain

from astsync.engine.run_options import RunOptions
from astsync.phonebook.model import Entry
from astsync.phonebook.plan import Plan, make_plan
from astsync.store import Before


@dataclass(frozen=True, slots=True)
class Work:
    """One PBX's work. ``puts`` are sent in their order; ``wanted`` is what the PBX must hold afterwards, beside the
    keys of ``plan.delete``, which must be gone.

    ``owned`` are the keys that astsync owned before; ``own`` are noted as owned before anything is sent, ``disown`` are
    forgotten then. ``release`` are forgotten at the end, and ``turned`` are the keys whose owner alone changes.
    """

    plan: Plan
    puts: Sequence[tuple[str, str]]
    wanted: Mapping[str, str]
    owned: Set[str]
    own: Set[str]
    disown: Set[str] = frozenset()
    release: Set[str] = frozenset()
    turned: Mapping[str, str] = field(default_factory=dict)

    def before(self) -> Iterator[Before]:
        """Give the record of how each key was that this work changes, for undo."""
        for change in chain(self.plan.add, self.plan.change, self.plan.delete):
            new = None if change.new is None else change.new.name
            yield Before(change.number, change.old, new, change.number in self.owned)
        for number, name in self.turned.items():
            yield Before(number, name, name, number in self.owned)

    def doubtful(self) -> dict[str, str]:
        """Give the keys whose owner depends on what becomes of this work: each is ours while it holds that value.

        A key that is written for the first time is ours once it holds the new value, and one that is deleted, or given
        back, as long as it holds the old one. If the work breaks off, what others write there meanwhile stays theirs.
        """
        doubtful = {c.number: c.old for c in self.plan.delete if c.number in self.owned and c.old is not None}
        for change in chain(self.plan.add, self.plan.change):
            if change.number in self.release and change.old is not None:
                doubtful[change.number] = change.old
            elif change.number in self.own and change.number not in self.owned and change.new is not None:
                doubtful[change.number] = change.new.name
        return doubtful


def bring_in_step(
    existing: Mapping[str, str], desired: Mapping[str, Entry], owned: Set[str], options: RunOptions
) -> Work:
    """Make the work that brings a PBX in step with a phonebook.

    Keys that are wanted and equal already are adopted. An owned key that was gone and is not wanted any more is ours no
    longer: whoever writes it next owns it.
    """
    plan = make_plan(existing, desired, owned, options.foreign)
    entries = desired.values() if options.whole else (c.new for c in (*plan.add, *plan.change) if c.new is not None)
    wanted = {number: entry.name for number, entry in desired.items()}
    new = wanted.keys() - owned
    return Work(
        plan=plan,
        puts=[(entry.number, entry.name) for entry in entries],
        wanted=wanted,
        owned=owned,
        own=new,
        disown=owned - existing.keys() - wanted.keys(),
        turned={number: wanted[number] for number in sorted(new) if existing.get(number) == wanted[number]},
    )
