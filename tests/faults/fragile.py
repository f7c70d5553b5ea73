"""A PBX and a store that fail where they are told to, and a program that dies between any two of its steps."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from astsync.errors import PbxConnectionLost, PbxUnreachable
from astsync.pbx import KeyPbx, Keys, WriteResult
from astsync.phonebook.model import Progress, no_progress
from astsync.stopping import NEVER, Stopping
from astsync.store import Store


class Crash(BaseException):
    """The end of the program in the middle of its work."""


@dataclass
class Weakness:
    """What goes wrong: nothing by default.

    ``crash_after`` so many steps (a write to the PBX, or the begin or end of one to the store) the program dies, and
    nothing of it does anything any more; ``lose_after`` so many writes the connection is lost; ``refused`` keys are not
    written; ``forgotten`` are confirmed and not kept, ``forgets`` times. ``struck`` tells where it went wrong.
    """

    crash_after: int | None = None
    lose_after: int | None = None
    refused: frozenset[str] = frozenset()
    forgotten: frozenset[str] = frozenset()
    forgets: int = 1
    struck: set[str] = field(default_factory=set)

    def step(self, name: str) -> None:
        """Pass a point where the program may die. Raises Crash there, and at every later one."""
        if self.crash_after is None:
            return
        if self.crash_after <= 0:
            self.struck.add("crash")
            raise Crash(name)
        self.crash_after -= 1

    def lose(self, done: int) -> None:
        """Pass a write of the PBX, the one after so many of its batch. Raises PbxConnectionLost."""
        if self.lose_after is None:
            return
        if self.lose_after <= 0:
            self.struck.add("lost")
            lost = PbxConnectionLost("fragile: lost")
            lost.done = done
            raise lost
        self.lose_after -= 1


class FragileFamily:
    """A family with a weakness; a ``Keys``."""

    def __init__(self, inner: Keys, weakness: Weakness) -> None:
        self._inner = inner
        self._weakness = weakness

    def read(self, progress: Progress = no_progress) -> Mapping[str, str]:
        """Read the family."""
        return self._inner.read(progress)

    def get(self, number: str) -> str | None:
        """Read one entry."""
        return self._inner.get(number)

    def started(self) -> str:
        """When the PBX was started: what it forgets, it forgets as one that is killed."""
        return f"{self._inner.started()}, {self._weakness.forgets}"

    def unnameable(self, numbers: Iterable[str]) -> set[str]:
        """Those of the keys that AMI cannot name."""
        return self._inner.unnameable(numbers)

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        """Write what the weakness lets through."""
        wanted = list(entries)
        refused = {number: "refused" for number, _ in wanted if number in self._weakness.refused}
        good = [pair for pair in wanted if pair[0] not in refused]
        if refused:
            self._weakness.struck.add("refused")
        return self._each(good, lambda pair: pair[0], lambda some: self._inner.put(some, progress), refused)

    def delete(self, numbers: Iterable[str], progress: Progress = no_progress) -> WriteResult:
        """Delete what the weakness lets through."""
        return self._each(list(numbers), lambda key: key, lambda some: self._inner.delete(some, progress), {})

    def _each(
        self, items: list[Any], key: Callable[[Any], str], write: Callable[[list[Any]], WriteResult], no: dict[str, str]
    ) -> WriteResult:
        forgotten = self._forgotten(map(key, items))
        for done, item in enumerate(items):
            self._weakness.step("write")
            self._weakness.lose(done)
            if key(item) not in forgotten:
                write([item])
        return WriteResult(len(items), no)

    def _forgotten(self, numbers: Iterable[str]) -> set[str]:
        found = set(numbers) & self._weakness.forgotten if self._weakness.forgets else set()
        if found:
            self._weakness.forgets -= 1
            self._weakness.struck.add("forgotten")
        return found


class FragilePbx:
    """A PBX with a ``weakness``, over another one. One that is ``away`` takes no connection."""

    def __init__(self, inner: KeyPbx) -> None:
        self.name = inner.name
        self.away = False
        self._inner = inner
        self.weakness = Weakness()

    def ask(self, *, write: bool, stopping: Stopping = NEVER) -> None:
        """Ask the PBX inside."""
        self._inner.ask(write=write, stopping=stopping)

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator[FragileFamily]:
        """Give the family. Raises PbxUnreachable."""
        if self.away:
            raise PbxUnreachable(f"{self.name}: no connection")
        with self._inner.open(stopping) as family:
            yield FragileFamily(family, self.weakness)

    def held(self) -> dict[str, str]:
        """Read the family as somebody else does."""
        with self._inner.open() as family:
            return dict(family.read())

    def write(self, entries: dict[str, str], gone: Iterable[str] = ()) -> None:
        """Write and delete as somebody else does."""
        with self._inner.open() as family:
            family.put(list(entries.items()))
            family.delete(list(gone))


class FragileStore(Store):
    """A store whose program may die before and after each of its transactions."""

    def __init__(self, path: Path, weakness: Weakness) -> None:
        super().__init__(path)
        change = self._file.change

        @contextmanager
        def watched() -> Iterator[Connection]:
            weakness.step("before a transaction")
            with change() as database:
                yield database
            weakness.step("after a transaction")

        setattr(self._file, "change", watched)  # noqa: B010 - mypy knows that a method is not to be set
