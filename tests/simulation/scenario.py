"""What happens in one seed: a history, runs that something strikes, and then runs in peace, which must end well."""

from tests.simulation.calls import CallsInPeace
from tests.simulation.commands import EVERY, Command, How
from tests.simulation.faults import chosen
from tests.simulation.online import free
from tests.simulation.oracle import Place, Wrong
from tests.simulation.owners import LIMITED_FROM, is_far, step_back
from tests.simulation.patched import Player
from tests.simulation.world import KEEPS, World, again

ENDS_WITHIN = 300.0
"""Seconds within which what is played in peace has ended."""
RUNS = "runs"
"""What a world has seen: runs that its store knows, also those of ``watch``."""


def play(seed: int, *, trace: bool = False) -> World:
    """Play a seed, under ``patched``, and give its world. Raises Wrong, Hang, or what a bug raised."""
    world = Player.world = World(seed, trace=trace)
    try:
        Scenario(world).play()
        world.seen[RUNS] = world.db.execute("SELECT coalesce(max(id), 0) FROM run").fetchone()[0]
    except BaseException as error:
        if world.trace is not None:
            error.add_note("\n".join(world.trace))
        raise
    finally:
        world.close()
    return world


class Scenario:
    """One seed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = random = world.random
        names = ["office"] if random.random() < 0.75 else ["office", "branch"]
        world.furnish(names, ("cidname",) if random.random() < 0.9 else ("cidname", "second"))
        self.how = How(
            family=world.families[0],
            keeps=random.random() < 0.85,
            patience=random.choice([0, 5, 30]),
            keep=random.choice([*KEEPS]),
        )

    def play(self) -> None:
        """History, disturbance, peace."""
        world, random = self.world, self.random
        if random.random() < 0.6:
            self._converge(self.how)
            self._between()
        for _ in range(1 if random.random() < 0.75 else 2):
            self._disturbed()
        world.calm()
        how = again(self.how, family=random.choice(world.families))
        if random.random() < 0.08 and len(world.numbers) < LIMITED_FROM:
            self._converge_by_watch(how)
        else:
            self._converge(how)
        if random.random() < 0.04:
            self._restore_by_watch(how)
        if random.random() < (0.12 if len(world.numbers) < LIMITED_FROM else 0.6):
            self._call_in_peace(how)
        if random.random() < 0.5:
            self._undo_at_last(how)

    def _between(self) -> None:
        """Time passes, and people work."""
        world, random = self.world, self.random
        world.change_list()
        for asterisk in world.asterisks.values():
            for _ in range(random.choice([0, 0, 1, 2])):
                world.somebody(asterisk, random.choice(world.keys))
        if random.random() < 0.8:
            world.hub.now += 10
        if random.random() < 0.2:
            world.serve(self.how, writes=random.random() < 0.5)
            world.finish()

    def _disturbed(self) -> None:
        """A command that is struck."""
        world, random = self.world, self.random
        kinds = {"sync": 10, "push": 3, "undo": 4, "watch": 2, "empty": 1, "serve": 4, "forget": 0.5}
        command = random.choices([*kinds], weights=[*kinds.values()])[0]
        world.faults = chosen(random, random.choices([0, 1, 2, 3], weights=[1, 12, 5, 2])[0])
        how = self._how_of(command)
        beside = how.serves or (command not in {"serve", "forget"} and random.random() < 0.15)
        begun = world.serve(how) if command == "serve" else world.start(how)
        if beside:
            world.serve(how, writes=not how.serves)
        if command == "watch":
            world.hub.after(random.uniform(1, 3 * EVERY), lambda: world.stop_watch(begun.process))
        world.finish()
        world.seen[f"{command}: {_outcome(begun)}"] += 1
        self._check()
        if command == "empty" or not world.listed:
            world.change_list()
            world.listed.setdefault(world.numbers[0], world.name("Firma"))

    def _how_of(self, command: str) -> How:
        world, random = self.world, self.random
        how = again(self.how, lifts=random.random() < 0.3, durable=random.random() < 0.1)
        if command == "undo":
            how = again(how, command="undo", skips=random.random() < 0.6, undoes=self._undoable())
        elif command == "push":
            how = again(how, command="push", whole=True)
        elif command == "watch":
            how = again(how, command="watch", serves=random.random() < 0.5)
        elif command == "forget":
            how = again(how, command="forget", number=random.choice(world.keys))
        elif command == "empty":
            world.listed, how = {}, again(how, lifts=False)
        return how

    def _undoable(self) -> int | None:
        runs = sorted({run for (run, _, _), record in self.world.oracle.records.items() if record})
        return self.random.choice([None, *runs[-3:]])

    def _check(self) -> None:
        world = self.world
        world.oracle.check_store(world.db)
        world.oracle.check_history(world.db)

    def _converge(self, how: How) -> None:
        """One run in peace brings every PBX in step, and everything on it is whose it must be."""
        world = self.world
        world.listed.setdefault(world.numbers[0], world.name("Firma"))
        expected = self._expected(how)
        lifts = world.random.random() < 0.5 or self._is_limited(expected, how)
        command = world.play(again(how, command="sync", lifts=lifts))
        if not command.ok:
            raise Wrong(f"a sync in peace failed: {_outcome(command)} {command.error} {command.report}")
        self._check_in_step(expected, how)
        self._check()

    def _expected(self, how: How) -> dict[str, dict[str, str]]:
        """What each PBX must hold after a run: the list, names told online, and what is not astsync's."""
        world = self.world
        expected, told = {}, self._told()
        for name, asterisk in world.asterisks.items():
            held = asterisk.held(how.family)
            ours = world.oracle.of((name, how.family)).ours(held)
            kept = {key: value for key, value in held.items() if how.keeps and key not in ours}
            expected[name] = kept | free(told, world.listed, held, ours, keeps=how.keeps) | world.listed
        return expected

    def _is_limited(self, expected: dict[str, dict[str, str]], how: How) -> bool:
        """Whether a sync goes so far that a limit may refuse it. Names told online come and go without one."""
        world = self.world
        listed, before = world.listed, world.oracle.snapshot or {}
        if is_far(before, listed, before):
            return True
        for name, asterisk in world.asterisks.items():
            held = asterisk.held(how.family)
            ours = world.oracle.of((name, how.family)).ours(held)
            counted = held.keys() & (ours if how.keeps else held.keys()) - (world.oracle.online.told.keys() & ours)
            if is_far(held, expected[name], counted):
                return True
        return False

    def _told(self) -> dict[str, str]:
        """The names told online that count, and will still do so in a while: those are waited for that expire soon."""
        world = self.world
        while (left := world.oracle.online.soonest()) < ENDS_WITHIN:
            world.hub.now += left + 1
        return world.oracle.online.counting()

    def _check_in_step(self, expected: dict[str, dict[str, str]], how: How) -> None:
        world = self.world
        for name, asterisk in world.asterisks.items():
            held = asterisk.held(how.family)
            if held != expected[name]:
                raise Wrong(f"{name} holds {held}, not {expected[name]}")
            ours = world.oracle.of((name, how.family)).ours(held)
            told = {key for key, value in world.oracle.online.counting().items() if held.get(key) == value}
            if not world.listed.keys() <= ours & held.keys() <= world.listed.keys() | told:
                raise Wrong(f"{sorted(ours)} are astsync's on {name}, not the list {sorted(world.listed)}")

    def _converge_by_watch(self, how: How) -> None:
        """A watch in peace does the same by itself."""
        world = self.world
        world.listed.setdefault(world.numbers[0], world.name("Firma"))
        expected = self._expected(how)
        begun = world.start(again(how, command="watch"))
        world.hub.after(3.5 * EVERY, lambda: world.stop_watch(begun.process))
        world.finish()
        self._check_in_step(expected, how)
        self._check()

    def _restore_by_watch(self, how: How) -> None:
        """While the source is down, a PBX that comes back with nothing, or with less, gets its phonebook again."""
        world, random = self.world, self.random
        world.source_fails = True
        snapshot = dict(world.oracle.snapshot or {})
        told = {name: self._told_on(name, how) for name in world.asterisks}
        begun = world.start(again(how, command="watch", every=random.choice([0.0, EVERY])))
        asterisk = random.choice([*world.asterisks.values()])

        def lose() -> None:
            asterisk.stop(random.choice([0.5, 5.0, 40.0]), random.choice(["restart", "kill", "reboot"]))
            if random.random() < 0.5:
                world.somebody(asterisk, random.choice([*snapshot]))

        world.hub.after(20, lose)
        world.hub.after(200, lambda: world.stop_watch(begun.process))
        world.finish()
        for name, one in world.asterisks.items():
            held = one.held(how.family)
            wanted = {**snapshot, **told[name]}
            if {key: held.get(key) for key in wanted} != wanted:
                raise Wrong(f"{name} holds {held} after it came back, not {wanted}")
        self._check()
        world.source_fails = False

    def _told_on(self, pbx: str, how: How) -> dict[str, str]:
        """The names told online that are astsync's on a PBX, and stay so."""
        ours = self.world.oracle.of((pbx, how.family)).sure
        return {key: name for key, name in self._told().items() if key in ours}

    def _call_in_peace(self, how: How) -> None:
        CallsInPeace(self.world, again(how, keep="7d")).play()
        self._check()
        self._converge(how)

    def _undo_at_last(self, how: How) -> None:
        """A run in peace, put back at once, leaves every PBX as it was before."""
        world, random = self.world, self.random
        world.calm()
        self._between()
        before = {name: dict(asterisk.held(how.family)) for name, asterisk in world.asterisks.items()}
        owned = {name: world.oracle.of((name, how.family)).ours(held) for name, held in before.items()}
        self._converge(how)
        run = world.oracle.last_run
        written = [name for name in before if world.oracle.records.get((run, name, how.family))]
        if not written:
            return
        if random.random() < 0.3:
            self._undo_changed(how, run)
        else:
            self._undo_all(how, run, before, owned)

    def _undo_all(self, how: How, run: int, before: dict[str, dict[str, str]], owned: dict[str, set[str]]) -> None:
        world = self.world
        command = world.play(again(how, command="undo", undoes=run))
        if not command.ok:
            raise Wrong(f"an undo in peace failed: {_outcome(command)} {command.error} {command.report}")
        for name, asterisk in world.asterisks.items():
            held = asterisk.held(how.family)
            if held != before[name]:
                raise Wrong(f"{name} holds {held} after undo, and held {before[name]}")
            ours = world.oracle.of((name, how.family)).ours(held)
            if ours & held.keys() != owned[name] & held.keys():
                raise Wrong(f"{sorted(ours)} are astsync's on {name} after undo, and were {sorted(owned[name])}")
        self._check()

    def _undo_changed(self, how: How, run: int) -> None:
        """After somebody wrote, undo is refused; with --skip-changed it leaves what was written since."""
        world, random = self.world, self.random
        for asterisk in world.asterisks.values():
            world.somebody(asterisk, random.choice(world.keys))
        after, changed = dict[str, dict[str, str]](), False
        for name, asterisk in world.asterisks.items():
            after[name], changed_here = self._put_back(asterisk.held(how.family), run, (name, how.family))
            changed = changed or changed_here
        skips = random.random() < 0.5
        command = world.play(again(how, command="undo", undoes=run, skips=skips))
        if changed and not skips:
            if command.ok:
                raise Wrong("an undo of what has changed was not refused")
        elif not command.ok:
            raise Wrong(f"an undo in peace failed: {_outcome(command)} {command.error} {command.report}")
        elif after != (now := {name: asterisk.held(how.family) for name, asterisk in world.asterisks.items()}):
            raise Wrong(f"after undo PBXs hold {now}, not {after}")
        self._check()

    def _put_back(self, held: dict[str, str], run: int, place: Place) -> tuple[dict[str, str], bool]:
        """What a PBX holds when a run is put back, and whether some of it has changed since."""
        oracle, after, changed = self.world.oracle, dict(held), False
        ours = oracle.of(place).ours(held)
        for key, kept in oracle.records.get((run, *place), {}).items():
            step = step_back(kept, held.get(key), ours=key in ours)
            if step is None:
                changed = changed or kept.old != kept.new
            elif step.new is None:
                after.pop(key, None)
            else:
                after[key] = step.new
        return after, changed


def _outcome(command: Command) -> str:
    if command.report is not None:
        return f"exit code {command.report.exit_code}"
    if command.error is not None:
        return f"exit code {command.error.exit_code}"
    return "interrupted or killed" if not command.process.watches else "ended"
