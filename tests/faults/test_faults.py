"""Cut, stall, kill and restart at random points: one more run, and the PBX holds exactly what it should.

A share runs with all tests; ``make faults`` runs 200 seeds on each Asterisk and prints the counts.
"""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from astsync.demo.asterisk import Installation, PrivateAsterisk
from tests.faults.proxy import Fault, FaultyProxy, Kind, Way
from tests.faults.world import FAMILY, World
from tests.faults.zygote import Zygote

SEEDS = int(os.environ.get("ASTSYNC_FAULTS", "12"))
NUMBERS = [str(74955550000 + i) for i in range(2_000)]
FOREIGN = [str(74956660000 + i) for i in range(40)]
COMMIT = 1.5  # seconds after which Asterisk has written its AstDB to the disk (main/db.c commits once a second)
CUTS: tuple[Kind, ...] = ("reset", "close", "stall", "split", "delay")
STRIKES = ("kill astsync", "terminate astsync", "kill asterisk", "restart asterisk")


@dataclass
class Counts:
    """What the suite has done."""

    faults: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    struck: int = 0
    overwritten: int = 0

    def __str__(self) -> str:
        parts = (("runs by fault", self.faults), ("commands", self.commands), ("exit codes", self.codes))
        told = "; ".join(f"{name}: {dict(sorted(counter.items()))}" for name, counter in parts)
        return f"{told}; faults that struck: {self.struck}; overwritten or deleted and recorded: {self.overwritten}"


@pytest.fixture
def world(any_installation: Installation, tmp_path: Path) -> Iterator[World]:
    with PrivateAsterisk(any_installation) as asterisk, Zygote(tmp_path) as zygote:
        target = asterisk.host, asterisk.port
        with FaultyProxy(lambda: target) as proxy:
            yield World(tmp_path, asterisk, proxy, zygote)


def test_every_run_that_was_cut_is_whole_after_one_more(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.listed = {number: world.name() for number in world.random.sample(NUMBERS, 600)}
    world.foreign = {number: f"Foreign {number}" for number in FOREIGN}
    world.write(world.foreign, [])
    world.save_list()
    assert world.run("sync").code == 0
    counts = Counts()
    for seed in range(SEEDS):
        world.random.seed(seed)
        _one_run(world, counts, seed)
    with capsys.disabled():
        sys.stdout.write(f"\n{SEEDS} seeded runs on Asterisk {world.asterisk.version}: {counts}\n")
    assert counts.struck > SEEDS / 3


def _one_run(world: World, counts: Counts, seed: int) -> None:
    """Change the world, run with a fault, look, run once more, look again."""
    _change(world)
    command = world.random.choice(["sync", "sync", "sync", "push"])
    kind = world.random.choice([*CUTS, *STRIKES])
    if "asterisk" in kind:
        time.sleep(COMMIT)
    before = world.family()
    world.proxy.arm([_fault(world, kind)], lambda: _strike(world, kind))
    world.start(command)
    first = world.wait()
    counts.faults[kind] += 1
    counts.commands[command] += 1
    counts.codes[first.code] += 1
    counts.struck += bool(world.proxy.struck)
    world.proxy.arm([])
    world.asterisk.start()
    after = world.family()
    told = f"seed {seed}, {command}, {kind}, exit code {first.code}:\n{first.printed}"
    counts.overwritten += _check_records(world, before, after, told)
    assert {key: after.get(key) for key in world.foreign} == world.foreign, told
    again = world.run("sync")
    assert again.code == 0, f"{told}\nthen {again.code}:\n{again.printed}"
    assert world.family() == {**world.foreign, **world.listed}, told


def _change(world: World) -> None:
    """Change the list, the family under astsync's feet, or wipe it."""
    numbers = sorted(world.listed)
    for number in world.random.sample(numbers, world.random.randrange(60)):
        del world.listed[number]
    for number in world.random.sample(NUMBERS, world.random.randrange(200)):
        world.listed[number] = world.name()
    world.save_list()
    spoilt = world.random.sample(numbers, world.random.randrange(1, 100))
    half = len(spoilt) // 2
    world.write(dict.fromkeys(spoilt[:half], "Spoilt"), spoilt[half:])
    if world.random.random() < 0.15:
        world.write({}, numbers)


def _fault(world: World, kind: str) -> Fault:
    """Choose a byte: half of the time early (login, reading), else anywhere that a run of this size may reach."""
    ways: tuple[Way, ...] = ("up", "down")
    way = world.random.choice(ways)
    most = 1_500 if world.random.random() < 0.3 else 60_000
    at = world.random.randrange(most)
    if kind in CUTS:
        return Fault(kind, way, at, seconds=world.random.choice([0.05, 0.3, 1.5]), bytes=world.random.randrange(1, 400))
    return Fault("strike", way, at)


def _strike(world: World, kind: str) -> None:
    """Kill or restart; what is struck may be gone already."""
    if kind.endswith("astsync"):
        with suppress(ProcessLookupError):
            os.kill(world.running, signal.SIGKILL if kind.startswith("kill") else signal.SIGTERM)
    elif kind == "kill asterisk":
        world.asterisk.kill()
    else:
        world.asterisk.kill()
        world.asterisk.start()


def _check_records(world: World, before: dict[str, str], after: dict[str, str], told: str) -> int:
    """Check that what the run overwrote or deleted is in the store with its old value; give how many there were."""
    gone = {key: old for key, old in before.items() if after.get(key) != old}
    with world.store() as store:
        run = max(record.run for record in store.runs())
        recorded = store.overwritten(run, "office", FAMILY)
    assert {key: recorded.get(key) for key in gone} == gone, told
    return len(gone)
