"""Putting a run back: what it changed on one PBX, as work in the other direction."""

from collections.abc import Mapping, Sequence, Set

from astsync.engine.work import Work
from astsync.errors import SafetyError
from astsync.phonebook.model import Change, Entry
from astsync.phonebook.plan import Plan
from astsync.store import Before
from astsync.text import listed

_NAMED = 5
"""Keys that a refusal names; the rest is counted."""


class Undoing:
    """What is to be put back on one PBX, from the record of a run and what the PBX holds now.

    A key that holds its old value already needs no work. One that holds neither that nor what the run gave it has
    changed since, and so has an added key that is not owned any more.
    """

    def __init__(self, record: Sequence[Before], existing: Mapping[str, str], owned: Set[str]) -> None:
        self._existing = existing
        self._owned = owned
        self.back = [b for b in record if self._as_the_run_left(b)]
        self.there = [b for b in record if self._now(b) == b.old]
        self.changed = [b for b in record if self._has_changed_since(b)]

    def _now(self, before: Before) -> str | None:
        return self._existing.get(before.number)

    def _as_the_run_left(self, before: Before) -> bool:
        now = self._now(before)
        ours = before.old is not None or before.number in self._owned
        return now != before.old and now == before.new and ours

    def _has_changed_since(self, before: Before) -> bool:
        """Tell a key that cannot be put back; where the run changed its owner alone there is nothing to put back."""
        return before.old != before.new and self._now(before) != before.old and not self._as_the_run_left(before)

    def work(self) -> Work:
        """Give the work."""
        plan = self._plan()
        settled = [before for before in (*self.back, *self.there) if before.old is not None]
        ours = {before.number for before in settled if before.owned}
        not_ours = {before.number for before in settled if before.owned is False}
        absent = {number for number in not_ours if number not in self._existing}
        flipped = (ours - self._owned) | (not_ours & self._owned)
        return Work(
            plan=plan,
            puts=[(c.number, c.new.name) for c in (*plan.add, *plan.change) if c.new is not None],
            wanted={before.number: before.old for before in settled if before.old is not None},
            owned=self._owned,
            own=ours,
            disown=({b.number for b in self.there if b.old is None} | absent) & self._owned,
            release=not_ours & self._owned,
            turned={b.number: b.old for b in self.there if b.number in flipped and b.old is not None},
        )

    def _plan(self) -> Plan:
        add, change, delete = [], [], []
        for before in self.back:
            now = self._now(before)
            if before.old is None:
                delete.append(Change(before.number, now, None))
            elif now is None:
                add.append(Change(before.number, None, Entry(before.number, before.old)))
            else:
                change.append(Change(before.number, now, Entry(before.number, before.old)))
        return Plan(
            add=tuple(add),
            change=tuple(change),
            delete=tuple(delete),
            kept=tuple(Entry(n, self._existing[n]) for n in sorted(self._existing.keys() - self._owned)),
            existing=len(self._existing),
            desired=sum(before.old is not None for before in (*self.back, *self.there)),
            unchanged=len(self.there),
            ours=0,
            ours_changed=0,
        )

    def refusal(self, name: str, run: int) -> SafetyError | None:
        """Give the reason not to put the run back: keys that have changed since."""
        if not self.changed:
            return None
        numbers = sorted(before.number for before in self.changed)
        return SafetyError(
            f"{name}: {len(numbers)} keys have changed since run {run}: {listed(numbers, _NAMED)}",
            hint="Nothing was put back there. Somebody else wrote them, or a later run did: undo the later runs first, "
            "the newest before the others (`astsync history` lists them), or leave these keys as they are with "
            "--skip-changed.",
        )
