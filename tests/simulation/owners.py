"""Whose a key is, what a run has to do with it, and what becomes of it: the promises, told anew.

Sure keys are astsync's whatever they hold: a run put its name there, or found it there, and a reading has shown it. A
key with a doubt is astsync's as long as it holds one known value. All others are somebody else's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

LIMITED_FROM = 10
"""Keys from which on the limits hold."""

Names = Mapping[str, str]


class Step(NamedTuple):
    """What a run has to do with a key, and what stood and will stand there."""

    act: Literal["write", "adopt", "delete", "give back", "let go"]
    old: str | None
    new: str | None


class Kept(NamedTuple):
    """A key in the record of a run."""

    old: str | None
    new: str | None
    ours: bool


@dataclass
class Owners:
    """Whose the keys of a family are."""

    sure: set[str] = field(default_factory=set)
    doubt: dict[str, str] = field(default_factory=dict)

    def ours(self, held: Names) -> set[str]:
        """The keys that are astsync's, where the PBX holds this; also sure ones that it does not hold."""
        return self.sure | {key for key, value in self.doubt.items() if held.get(key) == value}

    def take(self, key: str) -> None:
        """Be sure of a key."""
        self.sure.add(key)
        self.doubt.pop(key, None)

    def leave(self, key: str) -> None:
        """Give a key up."""
        self.sure.discard(key)
        self.doubt.pop(key, None)

    def doubt_it(self, key: str, value: str | None) -> None:
        """Own a key only as long as it holds a value."""
        self.leave(key)
        if value is not None:
            self.doubt[key] = value


def is_far(before: Names, after: Names, of: Iterable[str]) -> bool:
    """Whether a list, or a PBX's part of it, loses or changes more than 30 % of so many keys; under 10 that may be."""
    keys = set(of)
    lost, other = keys - after.keys(), {key for key in keys & after.keys() if after[key] != before[key]}
    return len(keys) >= LIMITED_FROM and 10 * max(len(lost), len(other)) > 3 * len(keys)


def steps_of(held: Names, wanted: Names, ours: set[str], *, keeps: bool) -> dict[str, Step]:
    """What a run that follows a list has to do."""
    steps = {}
    for key, name in wanted.items():
        if held.get(key) != name:
            steps[key] = Step("write", held.get(key), name)
        elif key not in ours:
            steps[key] = Step("adopt", name, name)
    for key in held.keys() - wanted.keys():
        if key in ours or not keeps:
            steps[key] = Step("delete", held[key], None)
    for key in ours - held.keys() - wanted.keys():
        steps[key] = Step("let go", None, None)
    return steps


def step_back(kept: Kept, now: str | None, *, ours: bool) -> Step | None:
    """What an undo does with a key; None where somebody has changed it."""
    if now == kept.old:
        return Step("adopt" if kept.ours and now is not None else "let go", now, now)
    if now != kept.new:
        return None
    if kept.old is None:
        return Step("delete", now, None) if ours else None
    if kept.ours:
        return Step("write", now, kept.old)
    return Step("let go" if now is None else "give back", now, kept.old)


def gives_up(step: Step) -> bool:
    """Whether a step gives up a key whose value stays."""
    return step.act == "let go" and step.old == step.new is not None


def begin(owners: Owners, key: str, step: Step, *, ours: bool) -> None:
    """What a run's record makes of a key: from now on the run may be cut off."""
    if step.act == "adopt":
        owners.take(key)
    elif step.act == "let go":
        owners.leave(key)
    elif step.act == "write":
        owners.take(key) if ours else owners.doubt_it(key, step.new)
    elif ours:
        owners.doubt_it(key, step.old)


def end(owners: Owners, key: str, step: Step, now: str | None, *, ours: bool) -> None:
    """What the reading after a run's writes makes of a key."""
    if step.act in {"adopt", "let go"}:
        return
    if step.act == "write":
        owners.take(key) if ours or now == step.new else owners.leave(key)
    elif ours and now == step.old:
        owners.take(key)
    elif ours and now is None and step.act == "delete":
        owners.doubt_it(key, step.old)  # a killed Asterisk may bring it back
    else:
        owners.leave(key)
