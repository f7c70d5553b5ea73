"""The product's store, over a file or over a database in memory that outlives its processes as a file does."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from astsync.errors import EXIT_INTERRUPTED
from astsync.parts import ONLINE_SECONDS
from astsync.phonebook.keeping import Trace, Untouched
from astsync.phonebook.ownership import Ownership
from astsync.store import ONLINE_RUN, Before, CallsKept, OnlineName, OnlineNames, RunPart, Snapshot, Store
from astsync.store.database import Database
from astsync.store.erasing import Erased
from astsync.store.schema import bring_up
from tests.simulation.online import Told
from tests.simulation.oracle import Run
from tests.simulation.tasks import Died, Process, clock

if TYPE_CHECKING:
    from tests.simulation.world import World


def connected() -> sqlite3.Connection:
    """A new database in memory, with the product's schema."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    bring_up(db, 0)
    db.execute("PRAGMA foreign_keys = ON")
    return db


def opened(path: Path) -> sqlite3.Connection:
    """A store in a file, made by the product."""
    Database(path, write=True).close()
    return sqlite3.connect(path, isolation_level=None)


class Points(Database):
    """The product's transactions; a process may die before and after each, and before its COMMIT.

    What a dying process had not committed is rolled back, as SQLite does when it opens the file again.
    """

    world: "World"
    process: Process
    then: Callable[[], None] | None = None
    """What is called as soon as the next transaction is committed."""

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        then, self.then = self.then, None
        world = self.world
        self._point("store")
        with super().change() as db:
            if world.store_fails:
                world.store_fails -= 1
                world.store_failed += 1
                raise sqlite3.OperationalError("database or disk is full")
            yield db
            self._point("commit")
        if then is not None:
            then()
        self._point("committed")

    def _point(self, place: str) -> None:
        if self.process.dead:
            raise Died
        self.world.point(place)


class FileDatabase(Points):
    """A file, opened as the product opens it."""

    def __init__(self, world: "World", process: Process, *, write: bool) -> None:
        super().__init__(world.path, write=write)
        self.world, self.process = world, process


class MemoryDatabase(Points):
    """A database in memory, which is quicker."""

    def __init__(self, world: "World", process: Process, *, write: bool) -> None:
        self.path, self._db, self._lock = world.path, world.db, threading.RLock()
        self.world, self.process, self._files = world, process, None
        self._write = write

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction, unless it was opened to read."""
        if not self._write:
            raise AssertionError("a dry run writes to the store")
        with super().change() as db:
            yield db

    def close(self) -> None:
        """Leave it to the next process."""


class WatchedStore(Store):
    """The product's store, which tells the oracle what it has committed."""

    def __init__(self, world: "World", process: Process, *, write: bool) -> None:
        self.path = world.path
        self._undo_runs = 200
        self._calls_kept = CallsKept()
        kind = MemoryDatabase if world.folder is None else FileDatabase
        self._file: Points = kind(world, process, write=write)
        self._oracle = world.oracle
        self._process = process
        self._world = world
        self._failed = 0

    def begin_run(self, command: str, undoes: int | None = None) -> int:
        """Store it and tell the oracle."""

        def tell() -> None:
            (number,) = self._world.db.execute("SELECT max(id) FROM run").fetchone()
            seconds = ONLINE_SECONDS if command == ONLINE_RUN else self._world.max_seconds
            how, until = self._world.hows[self._process], self._world.hub.now + seconds
            self._failed = self._world.store_failed
            self._oracle.begins(Run(number, self._process, command, undoes, how, until))

        self._world.settle_late()
        self._file.then = tell
        return super().begin_run(command, undoes)

    def save_snapshot(self, snapshot: Snapshot, run: int | None = None) -> None:
        """Store it and tell the oracle."""
        names = {number: entry.name for number, entry in snapshot.entries.items()}
        self._file.then = lambda: self._oracle.saves(self._process, names, snapshot.at.timestamp())
        super().save_snapshot(snapshot, run)

    def online(self, now: datetime) -> OnlineNames:
        """Look and tell the oracle."""
        self._oracle.looks(self._process, now.timestamp())
        return super().online(now)

    def online_of(self, numbers: Iterable[str]) -> dict[str, OnlineName]:
        """Look and tell the oracle."""
        wanted = [*numbers]
        self._oracle.looks_for(self._process, wanted)
        return super().online_of(wanted)

    def save_online(self, rows: Iterable[OnlineName]) -> None:
        """Store them and tell the oracle."""
        kept = [*rows]
        told = {one.number: Told(one.name, one.at.timestamp(), one.until.timestamp()) for one in kept}
        began = clock()
        self._file.then = lambda: self._oracle.keeps(self._process, told, began)
        super().save_online(kept)

    def forget_online(self, names: Iterable[tuple[str, str]]) -> None:
        """Forget them and tell the oracle."""
        forgotten = [*names]
        self._file.then = lambda: self._oracle.forgets(self._process, forgotten)
        super().forget_online(forgotten)

    def forget(self, keys: Sequence[str], national: str, pbxs: Iterable[str]) -> Erased:
        """Erase it and tell the oracle."""
        self._file.then = lambda: self._oracle.erases(self._process, keys)
        return super().forget(keys, national, pbxs)

    def save_record_and_owners(
        self,
        run: int,
        pbx: str,
        family: str,
        before: Iterable[Before],
        owners: Mapping[str, Ownership],
        trace: Trace | Untouched | None = None,
    ) -> None:
        """Store it and tell the oracle."""
        began = self._world.hub.now
        self._file.then = lambda: self._oracle.records_it(self._process, pbx, began)
        super().save_record_and_owners(run, pbx, family, before, owners, trace)

    def save_outcome_and_owners(
        self,
        run: int,
        pbx: str,
        family: str,
        unmade: Iterable[str],
        owners: Mapping[str, Ownership],
        trace: Trace | Untouched | None = None,
    ) -> None:
        """Store it and tell the oracle."""
        self._file.then = lambda: self._oracle.settles(self._process, pbx)
        super().save_outcome_and_owners(run, pbx, family, unmade, owners, trace)

    def end_run(
        self,
        run: int,
        exit_code: int,
        message: str = "",
        parts: Sequence[RunPart] = (),
        entries: int | None = None,
        hint: str = "",
    ) -> None:
        """Store it and tell the oracle."""
        if not self._process.dead:
            in_order = exit_code != EXIT_INTERRUPTED and self._failed == self._world.store_failed
            self._oracle.ends(self._process, {p.pbx for p in parts if p.verified is not None}, in_order=in_order)
        super().end_run(run, exit_code, message, parts, entries, hint)
