"""Cut, stall, kill and restart at random points: one more run, and the PBX holds exactly what it should.

A share runs with all tests; ``make faults`` runs 200 seeds on each Asterisk and prints the counts. A seed decides all
but the timing: the office, what changes, the command, and where the fault strikes.
"""

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from tests.faults import zygote
from tests.faults.proxy import Fault, FaultyProxy, Kind, Phase, Way
from tests.faults.world import THEIRS, World
from tests.faults.zygote import DIED, Death, Ended, Moment, Zygote

WHOLE = "ASTSYNC_FAULTS" in os.environ
SEEDS = int(os.environ.get("ASTSYNC_FAULTS", "12"))  # each kind of fault once; on one Asterisk or the other
FIRST = int(os.environ.get("ASTSYNC_FAULTS_SEED", "0"))
CUTS: tuple[Kind, ...] = ("reset", "close", "stall", "split", "delay")
STRIKES = ("kill astsync", "terminate astsync", "kill asterisk", "restart asterisk", "somebody writes")
KINDS = (*CUTS, *STRIKES, "kill in the store", "kill at any time")
PHASES: tuple[Phase, ...] = ("login", "read", "put", "put", "put", "delete", "verify")
MOMENTS: tuple[Moment, ...] = ("before", "open", "commit", "after")
TRANSACTIONS = 5  # of a run: begun, the snapshot, the record, settled, ended


@dataclass
class Counts:
    """What the suite has done."""

    faults: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    overwritten: int = 0
    undone: int = 0
    foreign: int = 0

    @property
    def struck(self) -> int:
        """How many runs were struck by their fault."""
        return self.places.total() - self.places["nowhere"]

    def __str__(self) -> str:
        parts: dict[str, Counter[str] | Counter[int]] = {
            "runs by fault": self.faults,
            "struck in": self.places,
            "commands": self.commands,
            "exit codes": self.codes,
        }
        told = "".join(f"\n  {name}: {dict(counter.most_common())}" for name, counter in parts.items())
        return (
            f"{told}\n  faults that struck: {self.struck}; changed keys found in the record: {self.overwritten}; "
            f"put back by undo and found as before, with their owners: {self.undone} runs; "
            f"foreign keys found untouched: {self.foreign}"
        )


@pytest.fixture
def world(any_installation: Installation, tmp_path: Path) -> Iterator[World]:
    with PrivateAsterisk(any_installation) as asterisk, Zygote(tmp_path) as zygote:
        target = asterisk.host, asterisk.port
        with FaultyProxy(lambda: target) as proxy:
            yield World(tmp_path, asterisk, proxy, zygote)


def test_a_command_that_hangs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zygote, "HANGS", 0.2)
    with Zygote(tmp_path) as mother:
        os.kill(mother.start("--version"), signal.SIGSTOP)
        with pytest.raises(AssertionError, match="had not ended"):
            mother.wait()
        monkeypatch.setattr(zygote, "HANGS", 60)
        assert mother.run("--version").code == 0


def test_every_run_that_was_cut_is_whole_after_one_more(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    counts, seeds = Counts(), range(FIRST, FIRST + SEEDS)
    if not WHOLE:
        seeds = seeds[world.asterisk.installation.major == 16 :: 2]
    for seed in seeds:
        OneRun(world, seed, counts).play()
    with capsys.disabled():
        sys.stdout.write(f"\nseeds {FIRST} to {FIRST + SEEDS - 1} on Asterisk {world.asterisk.version}:{counts}\n")
    assert counts.struck >= len(seeds) // 2
    if SEEDS >= 200:
        places = {place.partition(" ")[0] for place in counts.places}
        assert places >= {*PHASES, "store:"}, "a part of a run that nothing struck"


class OneRun:
    """One seed: change the world, run with a fault, look, run once more, look again, undo, look, run."""

    def __init__(self, world: World, seed: int, counts: Counts) -> None:
        self.world, self.seed, self.counts = world, seed, counts
        world.begin(seed)
        self.random = world.random
        self.kind = KINDS[seed % len(KINDS)]
        self.command = self.random.choice(
            [("sync",), ("sync",), ("sync",), ("push",), ("undo", "--yes", "--skip-changed")]
        )

    def play(self) -> None:
        """Do it."""
        world = self.world
        world.change()
        if self.command[0] == "undo":
            self._sync()
        if "asterisk" in self.kind:
            world.wait_committed()
        before = world.family()
        owned, earlier = world.owned(before), world.last_run()
        ended = self._struck()
        self.told = self._told(ended)
        world.asterisk.start()
        run = world.last_run()
        self._check_records(run if run > earlier else 0, before)
        self._check_foreign()
        if self.random.random() < 0.6:
            self._sync()
            self._undo(world.last_run())
        if run > earlier:  # a run that was killed at its very start has no number
            self._undo(run)
        self._check_before(before, owned)
        self._sync()

    def _struck(self) -> Ended:
        """Run the command with its fault, and count."""
        world, death = self.world, None
        if self.kind == "kill in the store":
            moment = self.random.choice(MOMENTS)
            death = Death(self.random.randrange(TRANSACTIONS), moment, self.random.uniform(0, 0.003))
        world.proxy.arm([self._fault()] if self.kind in {*CUTS, *STRIKES} else [], self._strike)
        delay = self.random.uniform(0, world.lasts * 1.5)
        world.start(*self.command, death=death)
        timer = threading.Timer(delay, self._strike)
        if self.kind == "kill at any time":
            timer.start()
        ended = world.wait()
        timer.cancel()
        struck = list(world.proxy.struck)
        world.proxy.disarm()
        self.place = self._place(ended, struck)
        self.counts.faults[self.kind] += 1
        self.counts.commands[self.command[0]] += 1
        self.counts.codes[ended.code] += 1
        self.counts.places[self.place] += 1
        return ended

    def _fault(self) -> Fault:
        """Choose a byte: a phase of the run, and how far in it; the last bytes of a phase as often as the first."""
        held = self.world.family()
        puts = sum(held.get(number) != name for number, name in self.world.listed.items())
        puts = len(self.world.listed) if self.command[0] == "push" else puts
        phase = self.random.choice(PHASES)
        way: Way = self.random.choice(["up", "down"])
        size = _SIZES[phase][way] * {"login": 1, "put": puts, "delete": 40}.get(phase, 780 if way == "down" else 1)
        share = self.random.choice([0.0, self.random.random(), self.random.random(), self.random.uniform(0.9, 1)])
        kind: Kind = next((cut for cut in CUTS if cut == self.kind), "strike")
        seconds = self.random.choice([0.05, 0.3, 1.5])
        return Fault(kind, way, int(share * size), phase, seconds, bytes=self.random.randrange(1, 400))

    def _strike(self) -> None:
        """Kill, restart or write; what is struck may be gone already."""
        world = self.world
        self.phase = world.proxy.phase
        if self.kind == "somebody writes":
            world.somebody_writes()
        elif "asterisk" in self.kind:
            world.asterisk.kill()
            if self.kind.startswith("restart"):
                world.asterisk.start()
        else:
            with suppress(ProcessLookupError):
                os.kill(world.running, signal.SIGTERM if self.kind.startswith("terminate") else signal.SIGKILL)

    def _place(self, ended: Ended, struck: list[tuple[Fault, Phase, int]]) -> str:
        """Tell where the fault struck: a phase of the run, or a transaction of the store."""
        if DIED in ended.printed:
            return f"store: {ended.printed.partition(DIED)[2].splitlines()[0]}"
        if self.kind == "kill at any time" and ended.code == -signal.SIGKILL:
            return f"{self.phase} (by the clock)"
        for _, phase, sent in struck:
            return f"put {'1 to 250' if sent <= 250 else 'over 250'}" if phase == "put" else phase
        return "nowhere"

    def _told(self, ended: Ended) -> str:
        major = self.world.asterisk.version.partition(".")[0]
        return (
            f"seed {self.seed} on Asterisk {major}: {' '.join(self.command)}, {self.kind}, struck in {self.place}, "
            f"exit code {ended.code}; again with ASTSYNC_FAULTS=1 ASTSYNC_FAULTS_SEED={self.seed} "
            f".venv/bin/pytest tests/faults/test_faults.py -k {major}\n{ended.printed}"
        )

    def _check_records(self, run: int, before: dict[str, str]) -> None:
        """Check that what the run changed is in the store with its old value, or as added."""
        after, record = self.world.family(), self.world.record(run)
        keys = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)} - {*THEIRS}
        assert {key: record[key].old if key in record else "not recorded" for key in keys} == {
            key: before.get(key) for key in keys
        }, self.told
        self.counts.overwritten += len(keys)

    def _check_foreign(self) -> None:
        held, foreign = self.world.family(), self.world.foreign
        assert {key: held[key] for key in held.keys() & {*THEIRS, *foreign}} == foreign, self.told
        self.counts.foreign += len(foreign)

    def _sync(self) -> None:
        """Run once more, unharmed: everything is as it must be."""
        ended = self.world.run("sync")
        told = getattr(self, "told", f"seed {self.seed}, before the fault")
        assert ended.code == 0, f"{told}\nthen sync, exit code {ended.code}:\n{ended.printed}"
        held = self.world.family()
        assert held == {**self.world.foreign, **self.world.listed}, told
        assert self.world.owned(held) == self.world.listed.keys(), told

    def _undo(self, run: int) -> None:
        """Put a run back; one that came to nothing leaves nothing to put back, which undo calls a usage error."""
        nothing = not self.world.record(run)
        ended = self.world.run("undo", str(run), "--yes")
        assert ended.code == (2 if nothing else 0), f"{self.told}\nthen undo {run}: {ended.code}\n{ended.printed}"

    def _check_before(self, before: dict[str, str], owned: set[str]) -> None:
        """Check that the PBX is as it was before the fault, but for what somebody wrote meanwhile."""
        held = self.world.family()
        theirs = {key: name for key, name in self.world.foreign.items() if key in THEIRS}
        expected = {key: name for key, name in before.items() if key not in THEIRS} | theirs
        assert held == expected, self.told
        assert self.world.owned(held) == owned, self.told
        self.counts.undone += 1


_SIZES: dict[Phase, dict[Way, int]] = {
    "login": {"up": 210, "down": 200},
    "read": {"up": 60, "down": 86},
    "put": {"up": 86, "down": 80},
    "delete": {"up": 70, "down": 74},
    "verify": {"up": 60, "down": 86},
}
"""Bytes of a login, and of one entry or action in the other phases."""
