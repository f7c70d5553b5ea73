"""Calls in peace: what 1C tells during them comes to every PBX, can be put back, and goes when its time is over."""

from collections.abc import Iterable

from tests.simulation.asterisk import Asterisk
from tests.simulation.commands import How
from tests.simulation.online import free
from tests.simulation.oracle import Wrong
from tests.simulation.tasks import clock
from tests.simulation.world import World, again

AWAY = 25.0
"""Seconds for which a PBX is away."""
SOON = 88.0
"""Seconds after which those that were not have all names: people call in the first 40, and there is a pause of 30."""
ENDS = 180.0
"""Seconds after which the others have them too."""
KEPT = 7 * 24 * 3600.0


class CallsInPeace:
    """What becomes of some calls while nothing strikes, but that a PBX may be away."""

    def __init__(self, world: World, how: How) -> None:
        world.calm()
        self._world = world
        self._how = how
        self._since = clock()
        self._before = {name: dict(one.held(how.family)) for name, one in world.asterisks.items()}
        self._ours = {name: world.oracle.of((name, how.family)).ours(held) for name, held in self._before.items()}

    def play(self) -> None:
        """Let people call. Raises Wrong."""
        world, random = self._world, self._world.random
        every = [*world.asterisks.values()]
        away = random.choice(every) if random.random() < 0.5 else None
        if away is not None:
            away.stop(AWAY, "restart")
        if self._how.keeps and world.oracle.snapshot is not None and random.random() < 0.4:
            self._watch()
        else:
            world.serve(self._how, seconds=ENDS)
        world.hub.after(SOON, lambda: self._check(one for one in every if one is not away))
        world.finish()
        self._check(every)
        if random.random() < 0.5:
            self._undo(world.oracle.last_run)
        elif random.random() < 0.5:
            world.hub.now += KEPT + 1

    def _watch(self) -> None:
        """Let a process beside a watch store names, which watch writes over its own connections."""
        world = self._world
        begun = world.start(again(self._how, command="watch", every=0.0, serves=True))
        world.serve(self._how, writes=False, seconds=ENDS)
        world.hub.after(ENDS, lambda: world.stop_watch(begun.process))

    def _check(self, asterisks: Iterable[Asterisk]) -> None:
        """Check that PBXs hold what was told since, and nothing else has changed."""
        online, snapshot = self._world.oracle.online, self._world.oracle.snapshot or {}
        told = {key: name for key, name in online.counting().items() if online.told[key].at >= self._since}
        for asterisk in asterisks:
            name, held = asterisk.name, asterisk.held(self._how.family)
            before = self._before[name]
            wanted = {**before, **free(told, snapshot, before, self._ours[name])}
            if held != wanted:
                raise Wrong(f"{name} holds {held} after calls, not {wanted}")

    def _undo(self, run: int) -> None:
        """Put the last run back, which was one on one PBX: what it wrote is forgotten."""
        world = self._world
        records = [record for (number, _, _), record in world.oracle.records.items() if number == run]
        written = {(key, kept.new) for record in records for key, kept in record.items()}
        if not written:
            return
        command = world.play(again(self._how, command="undo", undoes=run))
        if not command.ok:
            raise Wrong(f"an undo in peace failed: {command.error} {command.report}")
        if told := written & world.oracle.online.counting().items():
            raise Wrong(f"{told} was put back, and is still told online")
