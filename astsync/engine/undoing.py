"""Putting a run back: what it changed on one PBX, as work in the other direction."""

from collections.abc import Mapping, Sequence, Set

from astsync.engine.work import Work
from astsync.errors import SafetyError
from astsync.language import about, counted, say
from astsync.phonebook.model import Change, Entry
from astsync.phonebook.owners import Step, Steps
from astsync.phonebook.ownership import step_back
from astsync.phonebook.packed import PackedKeys, PackedNames
from astsync.phonebook.plan import Plan
from astsync.store import Before
from astsync.text import listed

_NAMED = 5
"""Keys that a refusal names; the rest is counted."""


class Undoing:
    """What is to be put back on one PBX: ``record`` of the run, what the PBX holds now, and the keys that are ours now.

    ``changed`` are the keys whose value the run changed and which have changed since, so that they cannot be put back.
    A key of which the run changed only the owner is none of them: if its value has changed since, it is left as it is.
    """

    def __init__(
        self,
        record: Sequence[Before],
        existing: Mapping[str, str],
        owned: Set[str],
        unnameable: Set[str] = frozenset(),
    ) -> None:
        self._unnameable = unnameable
        self._existing = existing
        self._owned = owned
        steps = {before.number: self._step(before) for before in record}
        self._steps = {number: step for number, step in steps.items() if step is not None}
        self.changed = [b.number for b in record if b.number not in self._steps and b.old != b.new]

    def _step(self, before: Before) -> Step | None:
        now, ours = self._existing.get(before.number), before.number in self._owned
        return step_back(before.old, before.new, now, was_ours=before.owned, ours=ours)

    def work(self) -> Work:
        """Make the work, as far as the keys have not changed since."""
        plan = self._plan()
        return Work(
            plan=plan,
            puts=[(c.number, c.new.name) for c in (*plan.add, *plan.change) if c.new is not None],
            wanted=PackedNames.of({n: step.new for n, step in self._steps.items() if step.new is not None}),
            owned=PackedKeys.of(self._owned),
            steps=Steps.of(self._steps),  # packed here, because each use of them would pack them anew
        )

    def _plan(self) -> Plan:
        add, change, delete = list[Change](), list[Change](), list[Change]()
        for number, step in self._steps.items():
            if step.old == step.new:
                continue
            if step.new is None:
                delete.append(Change(number, step.old, None))
            else:
                (add if step.old is None else change).append(Change(number, step.old, Entry(number, step.new)))
        put_back = {c.number for c in (*add, *change, *delete)}
        return Plan(
            add=tuple(add),
            change=tuple(change),
            delete=tuple(delete),
            kept=tuple(Entry(n, self._existing[n]) for n in sorted(self._existing.keys() - self._owned - put_back)),
            existing=len(self._existing),
            desired=sum(step.new is not None for step in self._steps.values()),
            unchanged=sum(step.old == step.new for step in self._steps.values()),
            deletable=0,
            deletable_changed=0,
            unnameable=tuple(sorted(self._unnameable - put_back)),
        )

    def refusal(self, name: str, run: int) -> SafetyError | None:
        """The reason not to put the run back on the PBX ``name``: keys that have changed since. None where none has."""
        if not self.changed:
            return None
        numbers = sorted(self.changed)
        words = counted(
            "{count:,} key has changed since run {run}: {keys}",
            "{count:,} keys have changed since run {run}: {keys}",
            len(numbers),
            run=str(run),
            keys=listed(numbers, _NAMED),
        )
        hint = say(
            "Nothing was put back there. Somebody else wrote them, or a later run did: undo the later runs first, the "
            "newest before the others (`astsync history` lists them), or leave these keys as they are with "
            "--skip-changed."
        )
        return SafetyError(about(name, words), hint=hint)
