"""The world of one seed: PBXs, the store, the list, processes of astsync, and what strikes them."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from astsync.config import PbxConfig
from astsync.errors import LockedError
from tests.simulation.asterisk import Action, Asterisk, Session
from tests.simulation.commands import Command, How
from tests.simulation.faults import Fault, Moment
from tests.simulation.oracle import Oracle, Wrong
from tests.simulation.owners import LIMITED_FROM
from tests.simulation.store import connected, opened
from tests.simulation.tasks import Here, Hub, Process

LISTED = [str(74955550100 + i) for i in range(12)]
"""Keys that the source may list: in most worlds the first half."""
THEIRS = [str(74956660100 + i) for i in range(2)]
"""Keys that it never lists: with foreign = "keep" no run may touch them."""
CALLERS = [str(74957770100 + i) for i in range(8)]
"""Keys that it never lists either, and whose names 1C tells during calls, as it does of those that it may list."""
FILES = 100
"""One seed of so many has its store in a file."""
QUICK = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where that file is: waiting for a disk shows nothing here."""
KEEPS = {"20s": 20, "5m": 300, "7d": 7 * 24 * 3600}
"""How long names told online are kept, in words and in seconds."""
ENDS_WITHIN = 400.0
"""Seconds within which a run ends, whatever a PBX does: its patience, and some time-outs."""


DATABASES: list[sqlite3.Connection] = []


class World:
    """All that there is in one seed."""

    def __init__(self, seed: int, *, trace: bool = False) -> None:
        self.random = Random(seed)
        self.hub = Here.hub = Hub()
        self.oracle = Oracle(self)
        self.folder = TemporaryDirectory(prefix="astsync-", dir=QUICK) if seed % FILES == FILES - 1 else None
        self.path = Path(self.folder.name if self.folder else "", "store.sqlite3")
        self.db = self._fresh_database() if self.folder is None else opened(self.path)
        self.asterisks: dict[str, Asterisk] = {}
        self.listed: dict[str, str] = {}
        self.numbers = LISTED if self.random.random() < 0.08 else LISTED[: len(LISTED) // 2]
        callers = CALLERS if len(self.numbers) >= LIMITED_FROM else CALLERS[:3]
        self.callers = [*callers, *self.numbers[:3]]
        self.keys = [*self.numbers, *THEIRS, *callers]
        self.holder: Process | None = None
        self.hows: dict[Process, How] = {}
        self.faults: list[Fault] = []
        self.bug: BaseException | None = None
        self.store_fails = 0  # so many transactions
        self.store_failed = 0
        self.source_fails = False
        self.max_seconds = 30 * 60.0
        self.seen: Counter[str] = Counter()
        self.struck: Counter[tuple[str, str]] = Counter()
        self.trace: list[str] | None = [] if trace else None
        self._commands: list[Command] = []
        self._foreign_is_safe = True
        self._passed = 0.0
        self._serial = 0

    @staticmethod
    def _fresh_database() -> sqlite3.Connection:
        if not DATABASES:
            DATABASES.extend((connected(), connected()))
        template, db = DATABASES
        template.backup(db)
        return db

    @property
    def process(self) -> Process:
        """The process that is at work."""
        if self.hub.current is None:
            raise RuntimeError("no process is at work")
        return self.hub.current.process

    def close(self) -> None:
        """Remove the file."""
        if self.folder is not None:
            self.db.close()
            self.folder.cleanup()

    def note(self, words: str) -> None:
        """Keep a line of what happened."""
        if self.trace is not None:
            self.trace.append(f"{self.hub.now - 1000:9.3f}  {words}")

    def tell(self, words: str, *what: object) -> None:
        """Keep a line of what happened."""
        if self.trace is not None:
            self.note(words % what)

    def furnish(self, names: list[str], families: tuple[str, ...]) -> None:
        """Set up PBXs that hold something, and a list."""
        random, self.families = self.random, families
        most = len(self.numbers)
        for key in random.sample(self.numbers, random.randint(1 if most < LIMITED_FROM else LIMITED_FROM, most)):
            self.listed[key] = self.name("Firma")
        for name in names:
            self.asterisks[name] = asterisk = Asterisk(self, name, random)
            asterisk.forgets = random.random() < 0.1
            for family in families:
                for key in random.sample(self.keys, random.randint(0, 4)):
                    listed = self.listed.get(key) if random.random() < 0.2 else None
                    asterisk.put(family, key, listed or self.name("Theirs"))
            asterisk.commit(at_once=True)

    def settle_late(self) -> None:
        """Bring to an end what sessions that are gone had still to do: at the latest before the next run begins."""
        for asterisk in self.asterisks.values():
            for session in [*asterisk.sessions]:
                if not session.is_open:
                    session.settle()

    # What strikes.

    def point(self, place: str, session: Session | None = None, action: Action | None = None) -> None:
        """Pass a place where something may strike. Raises Died, KeyboardInterrupt."""
        if self.trace is not None:
            where = "" if session is None else f" {session.asterisk.name}"
            self.note(f"{place}{where} {action or ''}")
        if not self.faults:
            return
        due = None
        for fault in self.faults:
            if fault.place is None or fault.place == place:
                fault.passes -= 1
                if fault.passes < 0:
                    due = fault
        if due is not None:
            self.faults.remove(due)
            self.seen[due.name] += 1
            self.struck[due.name, place] += 1
            self.note(f"*** {due.name}")
            process = session.process if session is not None else self.process
            due.strike(Moment(self, process, session, action))

    def let_pass(self, seconds: float) -> None:
        """Let the clock jump."""
        self.hub.now += seconds
        self._passed += seconds

    def somebody(self, asterisk: Asterisk, key: str) -> None:
        """Somebody else writes or deletes a key."""
        family, random = self.families[0], self.random
        kind = random.choice(["new", "new", "listed", "before", "delete", "delete"])
        known = [kept.old for record in self.oracle.records.values() if (kept := record.get(key)) and kept.old]
        if kind == "delete":
            asterisk.delete(family, key)
        elif kind == "before" and known:
            asterisk.put(family, key, random.choice(known))
        elif kind == "listed" and key in self.listed:
            asterisk.put(family, key, self.listed[key])
        elif kind == "listed" and key in self.oracle.online.told:
            asterisk.put(family, key, self.oracle.online.told[key].name)
        else:
            asterisk.put(family, key, self.name("Somebody"))
        self.tell("    somebody: %s = %s on %s", key, asterisk.held(family).get(key), asterisk.name)

    def change_list(self) -> None:
        """1C gets other counterparties."""
        random = self.random
        for key in random.sample(self.numbers, random.randint(1, len(self.numbers) * 2 // 3)):
            if key in self.listed and random.random() < 0.5:
                del self.listed[key]
            else:
                self.listed[key] = self.name("Firma")
        self.tell("    listed: %s", self.listed)

    def name(self, word: str) -> str:
        """Make a name that nobody had."""
        self._serial += 1
        return f"{word} {self._serial}"

    def touched(self, key: str, before: str | None) -> None:
        """A run has written a key."""
        if key in THEIRS and self._foreign_is_safe:
            raise Wrong(f"the foreign key {key}, which was {before!r}, was touched")

    # Processes.

    families: tuple[str, ...] = ("cidname",)

    def start(self, how: How) -> Command:
        """Start astsync."""
        command = Command(self, how)
        self.hows[command.process] = how
        self._foreign_is_safe = self._foreign_is_safe and how.keeps
        self._commands.append(command)
        self.note(f"=== {how}")
        return command

    def start_second(self) -> None:
        """Start another process while one is at work."""
        kind = self.random.choice(["sync", "push", "dry", "undo", "serve", "serve", "forget"])
        family = self.random.choice(self.families)
        if kind == "serve":
            self.serve(How(family=family, keep=self.random.choice([*KEEPS])))
            return
        if kind == "forget":
            self.start(How("forget", family, number=self.random.choice(self.keys)))
            return
        self.start(
            How("undo", family, skips=True)
            if kind == "undo"
            else How("sync" if kind == "dry" else kind, family, whole=kind == "push", dry=kind == "dry", patience=0)
        )

    def serve(self, how: How, *, writes: bool = True, seconds: float = 0.0) -> Command:
        """Start a serve, for so many seconds, or for some; meanwhile people call, within the first 40 seconds."""
        random = self.random
        begun = self.start(replace(how, command="serve", serves=writes))
        lasts = seconds or random.choice([2.0, 8.0, 50.0])
        for _ in range(random.choice([1, 1, 2, 4])):
            self.hub.after(random.uniform(0.1, min(lasts * 0.7, 40.0)), lambda: self.call(begun))
        self.hub.after(lasts, lambda: self.stop_watch(begun.process))
        return begun

    def call(self, serving: Command) -> None:
        """Somebody calls whom the list does not have, and 1C tells the name."""
        random, keys = self.random, self.random.sample(self.callers, self.random.randint(1, len(self.callers) // 3))
        listed = self.listed.get(keys[0])
        if serving.learning is not None and not serving.process.dead:
            name = listed if listed is not None and random.random() < 0.5 else self.name("Caller")
            self.tell("    1C tells: %s = %s", keys, name)
            serving.learning.learn(keys, name)

    def keeps(self, process: Process) -> int:
        """For how many seconds a process keeps names told online."""
        return KEEPS[self.hows[process].keep]

    def told_since(self, at: float) -> tuple[list[str], float]:
        """What ``StoreNames.told_since`` finds."""
        rows = self.db.execute("SELECT number, at FROM online WHERE at > ? ORDER BY at", (at,)).fetchall()
        return [number for number, _ in rows], rows[-1][1] if rows else at

    def stop_watch(self, process: Process) -> None:
        """Send SIGTERM to a watch."""
        for command in self._commands:
            if command.process is process and command.watch is not None:
                command.watch.stop()

    def play(self, how: How) -> Command:
        """Run a command, and all that is started meanwhile, to their ends."""
        command = self.start(how)
        self.finish()
        return command

    def finish(self) -> None:
        """Wait for the end of all processes, and look at each. Raises Wrong."""
        while self._commands:
            command = self._commands[0]
            self.finish_one(command)
            self._commands.remove(command)

    def finish_one(self, command: Command) -> None:
        """Wait for the end of a process."""
        begun, passed = self.hub.now, self._passed
        self.hub.run(lambda: command.main.done)
        command.process.end()
        self.hub.run(lambda: all(task.done for task in command.process.tasks))
        lasted = self.hub.now - begun - (self._passed - passed)
        if self.oracle.wrong is not None:
            raise self.oracle.wrong
        if self.bug is not None:
            raise self.bug
        self._check_code(command)
        if lasted > ENDS_WITHIN and not command.process.watches:
            raise Wrong(f"{command.how} took {lasted:.0f} s")
        for task in command.process.tasks:
            if task.error is not None and not isinstance(task.error, KeyboardInterrupt):
                raise task.error
        self.note(f"--- {command.how.command}: {command.error or (command.report and command.report.exit_code)}")

    def _check_code(self, command: Command) -> None:
        """Check that an exit code keeps its promise: with 4, 6 and 8 nothing was written."""
        sent = self.oracle.sent_by(command.process)
        code = command.report.exit_code if command.report is not None else getattr(command.error, "exit_code", None)
        if code in {4, 6, 8} and sent:
            raise Wrong(f"{command.how} ended with {code} and has sent {sorted(sent)}")

    def calm(self, seconds: float = 5.0) -> None:
        """Let everything be well again, and some time pass."""
        self.faults.clear()
        self.store_fails, self.source_fails = 0, False
        for asterisk in self.asterisks.values():
            asterisk.recover()
            asterisk.pace = 0.001
        self.hub.now += seconds
        for asterisk in self.asterisks.values():
            asterisk.commit()
        self.note("    all is well")

    # What stands in for sockets, threads and the lock.

    def connect(self, config: PbxConfig) -> Session:
        """Connect as ``pbx.wire`` does."""
        return self.asterisks[config.name].connect(config, self.process)

    @contextmanager
    def locked(self) -> Iterator[NoNote]:
        """The store's lock. Raises LockedError."""
        if self.holder is not None and not self.holder.dead:
            raise LockedError("another run of astsync holds the lock")
        self.holder = self.process
        try:
            yield NoNote()
        finally:
            if self.holder is self.process:
                self.holder = None


class NoNote:
    """The note of who holds the lock, which nobody reads here."""

    def note(self, stage: str, done: int, total: int | None) -> None:
        """Keep nothing."""


def again(how: How, **changes: Any) -> How:
    """The same, but for some of it."""
    return replace(how, **changes)
