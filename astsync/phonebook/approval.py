"""Plans that a person has seen and approved, and what has moved since: a run writes what was approved, or nothing."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from astsync.errors import ConfigError, SafetyError
from astsync.language import about, counted, joined, say
from astsync.phonebook.model import Change
from astsync.phonebook.plan import Plan
from astsync.text import printable

VERSION = 1
_NAMED = 5  # changes that a message names
Approved = Mapping[str, Mapping[str, tuple[str | None, str | None]]]
"""By the PBX's name, and by number: the name that the PBX held and the one that it gets, None where there is none."""


@dataclass(frozen=True, slots=True)
class ApprovedPlans:
    """The plans that were approved, for one family of AstDB."""

    family: str
    plans: Approved

    def check(self, family: str, plans: Mapping[str, Plan]) -> dict[str, SafetyError]:
        """The refusals by PBX of plans that are not those that were approved, each with what moved.

        A PBX that could not be read has no plan, and no refusal here.
        """
        found = {}
        for name, plan in plans.items():
            known = self.plans.get(name)
            if known is None or family != self.family:
                words = say("there is no approved plan for this PBX and the family {family}", family=family)
                found[name] = SafetyError(about(name, words), hint=_AGAIN)
            elif moved := list(_moved(known, changes_of(plan))):
                found[name] = SafetyError(about(name, _told(moved)), hint=_AGAIN)
        return found


_AGAIN = say("Nothing was written. Look at the changes of now with `astsync diff --save FILE`, and approve those.")


def approve(family: str, plans: Mapping[str, Plan]) -> ApprovedPlans:
    """Approve plans as they are."""
    return ApprovedPlans(family, {name: changes_of(plan) for name, plan in plans.items()})


def changes_of(plan: Plan) -> dict[str, tuple[str | None, str | None]]:
    """All changes of a plan by number."""
    every: tuple[Change, ...] = (*plan.add, *plan.change, *plan.delete)
    return {change.number: (change.old, change.new.name if change.new else None) for change in every}


def as_text(approved: ApprovedPlans) -> str:
    """The plans as a document, a line a change, so that two of them can be compared by eye and by ``diff``."""
    lines = [f'{{"astsync_plan": {VERSION}, "family": {_json(approved.family)}, "pbx": {{']
    for at, (name, changes) in enumerate(approved.plans.items()):
        lines.append(f"{',' if at else ''}{_json(name)}: {{")
        rows = (f"{_json(number)}: {_json(pair)}" for number, pair in sorted(changes.items()))
        lines += [",\n".join(rows), "}"]
    return "\n".join([*filter(None, lines), "}}", ""])


def _json(value: Any) -> str:
    """JSON in letters that people read; a byte of a PBX that is no text is written as an escape."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def read_text(text: str) -> ApprovedPlans:
    """Read what ``as_text`` wrote. Raises ConfigError where it is something else."""
    try:
        found = json.loads(text)
        version, family, pbxs = found["astsync_plan"], found["family"], found["pbx"]
        plans = {name: {number: _pair(pair) for number, pair in changes.items()} for name, changes in pbxs.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(say("this is no plan of astsync"), hint=_MAKE) from None
    if version != VERSION or not isinstance(family, str):
        raise ConfigError(say("this plan was made by another version of astsync"), hint=_MAKE)
    return ApprovedPlans(family, plans)


_MAKE = say("Make one with `astsync diff --save FILE`.")


def _pair(value: Any) -> tuple[str | None, str | None]:
    old, new = value
    if not all(name is None or isinstance(name, str) for name in (old, new)):
        raise TypeError
    return old, new


def _moved(known: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What is not as it was approved, a few words each, the changes that nobody has seen first."""
    for number in sorted(now.keys() - known.keys()):
        yield say("{change} is new", change=_change(number, *now[number]))
    for number in sorted(known.keys() & now.keys()):
        if known[number] != now[number]:
            was, becomes = _change(number, *known[number]), _change(number, *now[number])
            yield say("{was} has become {becomes}", was=was, becomes=becomes)
    for number in sorted(known.keys() - now.keys()):
        yield say("{change} is not needed any more", change=_change(number, *known[number]))


def _told(moved: list[str]) -> str:
    first = joined("; ", moved[:_NAMED])
    if len(moved) > _NAMED:
        first = say("{first}; and {count:,} more", first=first, count=len(moved) - _NAMED)
    return counted(
        "{count:,} change is not as it was approved: {first}",
        "{count:,} changes are not as they were approved: {first}",
        len(moved),
        first=first,
    )


def _change(number: str, old: str | None, new: str | None) -> str:
    shown = printable(number)
    if old is None:
        return f"+ {shown} {printable(new or '')}"
    return f"- {shown} {printable(old)}" if new is None else f"~ {shown} {printable(old)} -> {printable(new)}"
