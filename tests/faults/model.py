"""What astsync promises, told once more in a few lines of sets and dicts: the oracle of the state machine."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

Names = Mapping[str, str]


@dataclass
class Done:
    """A run that can be put back: its number, and what the PBX held and astsync owned before and after it."""

    run: int
    held: dict[str, str]
    owned: set[str]
    after: dict[str, str] = field(default_factory=dict)
    owned_after: set[str] = field(default_factory=set)

    @property
    def keys(self) -> set[str]:
        """The keys that the run gave another value or another owner."""
        every = self.held.keys() | self.after.keys()
        values = {key for key in every if self.held.get(key) != self.after.get(key)}
        return values | ((self.owned ^ self.owned_after) & self.held.keys() & self.after.keys())

    def changed_since(self, now: Names, owned: Set[str]) -> set[str]:
        """Give the keys whose value neither is the old one nor what the run left; an added key must be ours still."""
        return {
            key
            for key in self.keys
            if now.get(key) != self.held.get(key)
            and self.held.get(key) != self.after.get(key)
            and (now.get(key) != self.after.get(key) or (key not in self.held and key not in owned))
        }

    def put_back(self, now: Names, owned: Set[str]) -> tuple[dict[str, str], set[str]]:
        """Give what the PBX holds and astsync owns of it once the run is put back, but where keys have changed."""
        held, ours = dict(now), set(owned)
        for key in self.keys - self.changed_since(now, owned):
            if self.held.get(key) == self.after.get(key) != now.get(key):
                continue  # the owner alone had changed, and somebody has written the key since
            held.pop(key, None)
            ours.discard(key)
            if key in self.held:
                held[key] = self.held[key]
                ours |= {key} & self.owned
        return held, ours & held.keys()


def in_step(held: Names, owned: Set[str], wanted: Names, *, keep: bool = True) -> dict[str, str]:
    """Give what a PBX holds once it is in step; foreign keys are kept or not."""
    kept = {key: name for key, name in held.items() if keep and key not in owned}
    return {**kept, **wanted}


def free(told: Names, listed: Names, held: Names, owned: Set[str], *, keep: bool = True) -> dict[str, str]:
    """Give the names told online that a PBX is to hold beside a list: they take no key that somebody else keeps."""
    taken = held.keys() - owned if keep else set()
    return {key: name for key, name in told.items() if key not in listed and key not in taken}


def is_over(part: int, of: int) -> bool:
    """Tell whether so many of so many are more than the default limit of 30 %, which holds from 10 on."""
    return of >= 10 and part * 10 > of * 3


def refused_list(snapshot: Names | None, listed: Names) -> bool:
    """Tell whether a list has lost or changed too much since the last good one."""
    before = snapshot or {}
    if before and not listed:
        return True
    lost = len(before.keys() - listed.keys())
    changed = sum(key in listed and listed[key] != name for key, name in before.items())
    return is_over(lost, len(before)) or is_over(changed, len(before))


def refused_plan(held: Names, owned: Set[str], listed: Names, unlisted: Set[str]) -> bool:
    """Tell whether a PBX would lose or change too much of what is astsync's on it.

    ``unlisted`` are the keys with a name told online, or one that has expired: these count for nothing.
    """
    ours = held.keys() & owned - unlisted
    if ours and not listed:
        return True
    changed = sum(key in listed and listed[key] != held[key] for key in ours)
    return is_over(len(ours - listed.keys()), len(ours)) or is_over(changed, len(ours))
