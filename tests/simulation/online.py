"""The names that 1C told during calls, as they must be kept: until they expire, a list has the number, or an undo."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.simulation.owners import Names
from tests.simulation.tasks import clock


class Told(NamedTuple):
    """A name, and from when until when it is kept, in seconds since 1970."""

    name: str
    at: float
    until: float


@dataclass
class Online:
    """All of them, by key."""

    told: dict[str, Told] = field(default_factory=dict)

    def counting(self, now: float | None = None) -> dict[str, str]:
        """The names that have not expired."""
        at = clock() if now is None else now
        return {key: one.name for key, one in self.told.items() if one.until > at}

    def keep(self, told: Mapping[str, Told], snapshot: Names) -> None:
        """Keep names; a key that the snapshot has gets none."""
        self.told |= {key: one for key, one in told.items() if key not in snapshot}

    def forget(self, names: Iterable[tuple[str, str]]) -> None:
        """Forget names, where the keys still have them."""
        for key, name in names:
            if key in self.told and self.told[key].name == name:
                del self.told[key]

    def erase(self, keys: Iterable[str]) -> None:
        """Forget whatever keys have."""
        for key in keys:
            self.told.pop(key, None)

    def drop(self, snapshot: Names, owned: Set[str], at: float) -> None:
        """A list was saved: it has the last word, and what has expired leaves where no PBX has it as ours."""
        gone = {key for key, one in self.told.items() if key in snapshot or (one.until <= at and key not in owned)}
        self.erase(gone)

    def soonest(self) -> float:
        """Seconds until the next one expires; endless where none will."""
        return min((one.until - clock() for one in self.told.values() if one.until > clock()), default=float("inf"))


def free(told: Names, listed: Names, held: Names, ours: Set[str], *, keeps: bool = True) -> dict[str, str]:
    """The names that a PBX is to hold beside a list: on no key that somebody else holds and keeps."""
    taken = held.keys() - ours if keeps else set()
    return {key: name for key, name in told.items() if key not in listed and key not in taken}
