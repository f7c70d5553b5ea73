"""One seed of the fault suite: cut, stall, kill or fill at a random point; one more run, and all is as it should be."""

from collections import Counter
from dataclasses import dataclass, field, fields

from tests.faults.troubles import KINDS, PLACES
from tests.faults.world import THEIRS, World
from tests.faults.zygote import Ended

BUG = 1  # the exit code of what astsync did not foresee


@dataclass
class Counts:
    """What the suite has done."""

    faults: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    converged: int = 0
    overwritten: int = 0
    undone: int = 0
    foreign: int = 0

    def __iadd__(self, other: "Counts") -> "Counts":
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))
        return self

    @property
    def missed(self) -> set[str]:
        """The places that nothing struck."""
        return {place for place in PLACES if not any(known.startswith(place) for known in self.places)}

    def __str__(self) -> str:
        kinds = {name: f"{self.struck[name]} of {count}" for name, count in sorted(self.faults.items())}
        parts: dict[str, dict[str, str] | dict[str, int] | dict[int, int]] = {
            "runs struck, by fault": kinds,
            "struck in": dict(self.places.most_common()),
            "commands": dict(self.commands.most_common()),
            "exit codes": dict(self.codes.most_common()),
        }
        told = "".join(f"\n  {name}: {values}" for name, values in parts.items())
        return (
            f"{told}\n  faults that struck: {self.struck.total()}; converged after one more run: {self.converged} "
            f"runs; changed keys found in the record: {self.overwritten}; put back by undo and found as before, with "
            f"their owners: {self.undone} runs; foreign keys found untouched: {self.foreign}"
        )


def command_of(seed: int, major: int) -> str:
    """The command that plays a seed alone."""
    return f"make faults SEED={seed} SEEDS=1 MAJORS={major}"


class OneRun:
    """One seed: change the world, run with a fault, look, run once more, look again, undo, look, run."""

    def __init__(self, world: World, seed: int, counts: Counts) -> None:
        self.world, self.seed, self.counts = world, seed, counts
        self.kind = list(KINDS)[seed % len(KINDS)]
        self.random = world.random
        self.random.seed(seed)
        self.trouble = KINDS[self.kind](world)
        self.trouble.choose()

    def play(self) -> None:
        """Do it."""
        world, trouble = self.world, self.trouble
        world.begin(self.random.randrange(2**32), trouble.way, fresh=trouble.fresh)
        trouble.prepare()
        world.change(spoil=trouble.spoils)
        if trouble.command[0] == "undo":
            self._sync()
        if trouble.needs_disk:
            world.wait_committed()
        before = world.family()
        owned, earlier = world.owned(before), world.last_run()
        ended = self._struck()
        assert ended.code != BUG, self.told
        world.asterisk.start()
        wrong = trouble.check(ended, before)
        assert not wrong, f"{self.told}\n{wrong}"
        runs = range(earlier + 1, world.last_run() + 1)  # none where it was killed at its very start
        self._check_records(runs, before)
        self._check_foreign()
        if self.random.random() < 0.6:
            self._sync()
            self.counts.converged += 1
            self._undo(world.last_run())
        for run in reversed(runs):
            self._undo(run)
        self._check_before(before, owned)
        self._sync()

    def _struck(self) -> Ended:
        """Run the command with its fault, and count."""
        world, trouble, counts = self.world, self.trouble, self.counts
        with trouble.during():
            world.start(*trouble.command, death=trouble.death, limit=trouble.limit)
            ended = world.wait()
        self.place = trouble.place(ended)
        counts.faults[self.kind] += 1
        counts.struck[self.kind] += self.place != "nowhere"
        counts.commands[trouble.command[0]] += 1
        counts.codes[ended.code] += 1
        counts.places[self.place] += 1
        self.told = self._told(ended)
        return ended

    def _told(self, ended: Ended) -> str:
        major = self.world.asterisk.installation.major
        detail = f" ({self.trouble.detail})" if self.trouble.detail else ""
        return (
            f"seed {self.seed} on Asterisk {major}: {' '.join(self.trouble.command)}, {self.kind}{detail}, struck in "
            f"{self.place}, exit code {ended.code}; again with {command_of(self.seed, major)}\n{ended.printed}"
        )

    def _check_records(self, runs: range, before: dict[str, str]) -> None:
        """Check that what the runs changed is in the store with its old value, or as added."""
        after, record = self.world.family(), dict[str, str | None]()
        for run in reversed(runs):
            record |= {number: one.old for number, one in self.world.record(run).items()}
        keys = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)} - {*THEIRS}
        assert {key: record.get(key, "not recorded") for key in keys} == {key: before.get(key) for key in keys}, (
            self.told
        )
        self.counts.overwritten += len(keys)

    def _check_foreign(self) -> None:
        held, foreign = self.world.family(), self.world.foreign
        assert {key: held[key] for key in held.keys() & {*THEIRS, *foreign}} == foreign, self.told
        self.counts.foreign += len(foreign)

    def _sync(self) -> None:
        """Run once more, unharmed: everything is as it must be."""
        ended = self.world.run("sync")
        told = getattr(self, "told", f"seed {self.seed}, before the fault")
        assert ended.code == 0 or self.trouble.forgives(ended), (
            f"{told}\nthen sync, exit code {ended.code}:\n{ended.printed}"
        )
        held = self.world.family()
        assert held == {**self.world.foreign, **self.world.listed}, told
        assert self.world.owned(held) == self.world.listed.keys(), told

    def _undo(self, run: int) -> None:
        """Put a run back; one that came to nothing leaves nothing to put back, which undo calls a usage error."""
        nothing = not self.world.record(run)
        ended = self.world.run("undo", str(run), "--yes")
        good = ended.code == (2 if nothing else 0) or self.trouble.forgives(ended)
        assert good, f"{self.told}\nthen undo {run}: {ended.code}\n{ended.printed}"

    def _check_before(self, before: dict[str, str], owned: set[str]) -> None:
        """Check that the PBX is as it was before the fault, but for what somebody wrote meanwhile."""
        held = self.world.family()
        theirs = {key: name for key, name in self.world.foreign.items() if key in THEIRS}
        expected = {key: name for key, name in before.items() if key not in THEIRS} | theirs
        assert held == expected, self.told
        assert self.world.owned(held) == owned, self.told
        self.counts.undone += 1
