"""A PBX that crashes, loses its connection or refuses keys when it is told to, over any other PBX."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from astsync.errors import PbxConnectionLost
from astsync.pbx import Family, Pbx, WriteResult
from astsync.phonebook.model import Progress, no_progress


class Crash(BaseException):
    """The end of the program in the middle of its work."""


@dataclass
class Weakness:
    """What goes wrong: nothing by default; after so many writes a crash or a lost PBX; keys that are refused."""

    crash_after: int | None = None
    lose_after: int | None = None
    refused: frozenset[str] = frozenset()
    struck: bool = field(default=False)

    def take(self, count: int) -> tuple[int, BaseException | None]:
        """Give how many of so many writes are made, and what comes then."""
        limit = self.crash_after if self.crash_after is not None else self.lose_after
        if limit is None or count <= limit:
            if self.crash_after is not None:
                self.crash_after -= count
            elif self.lose_after is not None:
                self.lose_after -= count
            return count, None
        self.struck = True
        if self.crash_after is not None:
            return limit, Crash()
        lost = PbxConnectionLost("fragile: lost")
        lost.done = limit
        return limit, lost


class FragileFamily:
    """A family with a weakness; a ``Family``."""

    def __init__(self, inner: Family, weakness: Weakness) -> None:
        self._inner = inner
        self._weakness = weakness

    def read(self, progress: Progress = no_progress) -> dict[str, str]:
        """Read the family."""
        return self._inner.read(progress)

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        """Write what the weakness lets through."""
        wanted = list(entries)
        refused = {number: "refused" for number, _ in wanted if number in self._weakness.refused}
        self._weakness.struck |= bool(refused)
        good = [pair for pair in wanted if pair[0] not in refused]
        many, error = self._weakness.take(len(good))
        result = self._inner.put(good[:many], progress)
        if error is not None:
            raise error
        return WriteResult(result.done, {**result.failed, **refused})

    def delete(self, numbers: Iterable[str], progress: Progress = no_progress) -> WriteResult:
        """Delete what the weakness lets through."""
        wanted = list(numbers)
        many, error = self._weakness.take(len(wanted))
        result = self._inner.delete(wanted[:many], progress)
        if error is not None:
            raise error
        return result


class FragilePbx:
    """A PBX with a ``weakness``, over another one."""

    def __init__(self, inner: Pbx) -> None:
        self.name = inner.name
        self._inner = inner
        self.weakness = Weakness()

    @contextmanager
    def open(self) -> Iterator[FragileFamily]:
        """Give the family."""
        with self._inner.open() as family:
            yield FragileFamily(family, self.weakness)

    def held(self) -> dict[str, str]:
        """Read the family as somebody else does."""
        with self._inner.open() as family:
            return family.read()

    def write(self, entries: dict[str, str], gone: Iterable[str] = ()) -> None:
        """Write and delete as somebody else does."""
        with self._inner.open() as family:
            family.put(list(entries.items()))
            family.delete(list(gone))
