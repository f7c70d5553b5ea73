"""Processes of astsync: by which configuration they run, what they are to do, and from where they have their list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from astsync.config import Config
from astsync.engine import Engine
from astsync.engine.result import Report
from astsync.errors import AstsyncError, PbxForgot, SourceUnreachable
from astsync.finding import Finding
from astsync.lookup import serving
from astsync.parts import Parts
from astsync.pbx import Pbx
from astsync.phonebook.book import BookBuilder
from astsync.phonebook.model import Claim, Counterparty, Decide, Entry, Note, Phonebook, Progress, no_progress
from astsync.phonebook.plan import Lifted
from astsync.sources import CONFIG
from astsync.stopping import NEVER, Stopping
from astsync.store import Store
from astsync.watch.job import Job, Member, no_services
from astsync.watch.runs import Runs, Turns
from astsync.watch.systemd import Notifier
from astsync.watch.told import ToldNames
from astsync.watch.watcher import Watch
from astsync.watch.write_through import WriteThrough
from tests.simulation.store import WatchedStore
from tests.simulation.tasks import Process, clock

if TYPE_CHECKING:
    from tests.simulation.world import World

EVERY = 60.0
"""Seconds between two syncs of watch."""


@dataclass(frozen=True)
class How:
    """How a process runs: by the configuration, and by its command line."""

    command: str = "sync"
    family: str = "cidname"
    keeps: bool = True
    lifts: bool = True
    whole: bool = False
    durable: bool = False
    skips: bool = False
    dry: bool = False
    patience: int = 30
    undoes: int | None = None
    every: float = EVERY
    keep: str = "5m"
    serves: bool = False
    """For watch: it writes what a process beside it has stored. For serve: it writes, and does not only store."""
    number: str = ""

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in vars(self).items() if value not in {False, None})


@cache
def configuration(names: tuple[str, ...], family: str, keeps: bool, patience: int, keep: str) -> Config:
    """Make a configuration."""
    pbxs = [
        {"name": name, "host": "192.0.2.1", "user": "astsync", "secret": "s", "patience": patience} for name in names
    ]
    sync = {"family": family, "foreign": "keep" if keeps else "delete"}
    source, serve = {"url": "http://1c.example/trade"}, {"keep_online": keep}
    return CONFIG.model_validate({"source": source, "pbx": pbxs, "sync": sync, "serve": serve})


class QuickBuilder(BookBuilder):
    """A book of names that need no work: what becomes of a name is no part of this."""

    def __init__(self) -> None:
        self._names_by_number: dict[str, str] = {}

    def read(self, counterparties: Any) -> Decide:
        """Take the counterparties."""
        self._names_by_number = {counterparty.ref: counterparty.name for counterparty in counterparties}
        return self.decide

    def decide(self, note: Note) -> Phonebook:
        """Make the book."""
        names = self._names_by_number
        for number, name in names.items():
            note(number, (Claim(name, number),))
        return Phonebook({n: Entry(n, name, n) for n, name in names.items()}, counterparties=len(names))


class Listed:
    """The source."""

    def __init__(self, world: World) -> None:
        self._world = world

    def describe(self) -> str:
        """Name it."""
        return "a list"

    def check(self, _stopping: Stopping = NEVER) -> Iterator[Finding]:
        """Say that it is there."""
        yield Finding("list", good=True, words="there")

    def pull(self, progress: Progress = no_progress, stopping: Stopping = NEVER) -> Iterator[Counterparty]:
        """Give the list as it is when it begins. Raises SourceUnreachable."""
        world = self._world
        names = dict(world.listed)
        for number, name in names.items():
            world.point("pull")
            yield Counterparty(number, name)
        world.point("pull")
        if world.source_fails:
            raise SourceUnreachable("the list broke off")
        if not stopping.late:
            world.oracle.pulls(world.process, names)


class SimulatedParts(Parts):
    """The product's own wiring, over the world's source and store."""

    def __init__(self, config: Config, world: World, process: Process) -> None:
        super().__init__(config, world.path)
        self.source = Listed(world)
        self._world = world
        self._process = process

    def builder(self) -> BookBuilder:
        """Make a quick one."""
        return QuickBuilder()

    @contextmanager
    def store(self, *, write: bool, check: bool = True) -> Iterator[Store]:
        """Open the world's store."""
        yield WatchedStore(self._world, self._process, write=write)


class Command:
    """A process of astsync: what it is to do, and what came of it."""

    def __init__(self, world: World, how: How) -> None:
        self.how = how
        self.process = Process(how.command, watches=how.command in {"watch", "serve"})
        self.report: Report | None = None
        self.error: AstsyncError | None = None
        self.watch: Watch | None = None
        self.learning: WriteThrough | None = None
        self._world = world
        names = tuple(world.asterisks)
        self._parts = SimulatedParts(
            configuration(names, how.family, how.keeps, how.patience, how.keep), world, self.process
        )
        self.main = world.hub.start(self.process, self._work)

    @property
    def ok(self) -> bool:
        """Whether every PBX was found as desired.

        That may come with the error that a PBX forgets: who deletes what each of two runs has written looks like it.
        """
        parts = self.report.pbx if self.report is not None else None
        return parts is not None and all(
            part.error is None or (isinstance(part.error, PbxForgot) and part.verified) for part in parts
        )

    def _work(self) -> None:
        try:
            self.report = COMMANDS[self.how.command](self)
        except AstsyncError as error:
            self.error = error

    def sync(self) -> Report:
        """``astsync sync``."""
        with self._engine() as engine:
            return engine.sync()

    def push(self) -> Report:
        """``astsync push``."""
        with self._engine() as engine:
            return engine.push()

    def undo(self) -> Report:
        """``astsync undo``."""
        with self._engine() as engine:
            return engine.undo(self.how.undoes, skip_changed=self.how.skips)

    @contextmanager
    def _engine(self) -> Iterator[Engine]:
        how, parts = self.how, self._parts
        lifted = Lifted(how.lifts, how.lifts, how.lifts)
        options = parts.options(lifted, dry_run=how.dry, whole=how.whole, durable=how.durable)
        with parts.engine(f"astsync {how.command}", parts.patient_pbxs(), options) as engine:
            yield engine

    def watching(self) -> None:
        """``astsync watch``, until it is stopped."""
        services = self._told_beside if self.how.serves else no_services
        job = Job(self._parts.pbxs(), Runs(self._parts), self.how.every, 300, services)
        self.watch = Watch(lambda: job, Notifier({}))
        self.watch.run()

    def serving(self) -> None:
        """``astsync serve`` without calls, until it is stopped: ``learning`` is told what calls would tell it.

        As the child of a watch it only stores that.
        """
        job = Job((), Runs(self._parts, serving.COMMAND), 0, 300, self._write_through)
        self.watch = Watch(lambda: job, Notifier({}))
        self.watch.run()

    def _write_through(self, turns: Turns, _up: Callable[[], Sequence[Pbx]]) -> Sequence[Member]:
        """The services of serve."""
        pbxs = self._parts.pbxs() if self.how.serves else []
        lines = {pbx.name: partial(serving._dialled, pbx, self._parts.rival) for pbx in pbxs}
        self.learning = WriteThrough(serving._Writing(self._parts, turns, serving.COMMAND), lines)
        return [self.learning]

    def _told_beside(self, turns: Turns, up: Callable[[], Sequence[Pbx]]) -> Sequence[Member]:
        """The services of a watch beside which a serve stores names."""
        lines = {pbx.name: partial(serving._held, pbx.name, up) for pbx in self._parts.pbxs()}
        writing = WriteThrough(serving._Writing(self._parts, turns, "astsync watch"), lines)
        return [writing, ToldNames(self._world.told_since, writing.hand_on, clock())]

    def forgetting(self) -> None:
        """``astsync forget``."""
        with self._world.locked(), self._parts.store(write=True) as store:
            store.forget((self.how.number,), "", [*self._world.asterisks])


COMMANDS: dict[str, Callable[[Command], Report | None]] = {
    "sync": Command.sync,
    "push": Command.push,
    "undo": Command.undo,
    "watch": Command.watching,
    "serve": Command.serving,
    "forget": Command.forgetting,
}
"""What a process can be. Another actor is one more of them, and a line in ``Scenario`` that starts it."""
