"""What goes wrong in a run, and at which moment: chosen by the seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from tests.simulation.tasks import Died, Here

if TYPE_CHECKING:
    from tests.simulation.asterisk import Action, Asterisk, Session
    from tests.simulation.tasks import Process
    from tests.simulation.world import World

PLACES = ("connect", "send", "arrive", "done", "answered", "pull", "store", "commit", "committed")
"""Where something can strike: before a connection, an action is sent, comes to Asterisk, is done there, was answered;
within the source's list; before a transaction of the store, before its COMMIT, after it."""
USUAL_PASSES = {place: 10.0 if place in PLACES[1:5] else 3.0 for place in PLACES}
"""How often a place is passed on an average before a fault strikes: a run passes some much more often."""
ANYWHERE = 5
"""One fault in so many strikes at the next place of any kind."""


@dataclass
class Moment:
    """Where a fault strikes: who was at work, and with what."""

    world: World
    process: Process
    session: Session | None
    action: Action | None

    @property
    def asterisk(self) -> Asterisk:
        """The PBX at work, or any."""
        if self.session is not None:
            return self.session.asterisk
        return self.world.random.choice([*self.world.asterisks.values()])

    @property
    def key(self) -> str:
        """The key that is being written, or any."""
        world = self.world
        if self.action is not None and self.action.key and world.random.random() < 0.6:
            return self.action.key
        return world.random.choice(world.keys)


@dataclass
class Fault:
    """One thing that goes wrong, at a ``place`` (None: anywhere), when so many have been passed."""

    name: str
    strike: Callable[[Moment], None]
    place: str | None
    passes: int


def chosen(random: Random, count: int) -> list[Fault]:
    """Choose so many faults."""
    names = random.choices([*KINDS], weights=WEIGHTS, k=count)
    faults = []
    for name in names:
        place = None if random.randrange(ANYWHERE) == 0 else random.choice(PLACES)
        passes = random.randrange(80) if place is None else int(random.expovariate(1 / USUAL_PASSES[place]))
        faults.append(Fault(name, KINDS[name][0], place, passes))
    return faults


def _die(moment: Moment) -> None:
    moment.process.end()
    if _is_at_work(moment):
        raise Died


def _interrupt(moment: Moment) -> None:
    """Ctrl-C; SIGTERM to watch."""
    process = moment.process
    if process.watches:
        moment.world.stop_watch(process)
        return
    main = process.tasks[0]
    if Here.hub.current is main:
        raise KeyboardInterrupt
    main.interrupt()


def _is_at_work(moment: Moment) -> bool:
    current = Here.hub.current
    return current is not None and current.process is moment.process


def _cut(moment: Moment) -> None:
    session = moment.session or next(iter(moment.asterisk.sessions), None)
    if session is None:
        return
    random = moment.world.random
    if session.answer and random.random() < 0.5:
        session.deliver(session.answer[: random.randrange(len(session.answer))])
    session.cut(stays=random.random() < 0.5, broken=random.random() < 0.5)


def _hang(moment: Moment) -> None:
    for session in moment.asterisk.sessions:
        session.hang(moment.world.random.choice([3.0, 14.0, 40.0, 1_000.0]))


def _stop(how: str) -> Callable[[Moment], None]:
    def stop(moment: Moment) -> None:
        moment.asterisk.stop(moment.world.random.choice([0.0, 0.5, 3.0, 12.0, 60.0]), how)

    return stop


def _refuse(moment: Moment) -> None:
    world, refused = moment.world, moment.asterisk.ail.refused
    for key in (moment.key, world.random.choice(world.numbers)):
        refused[key] = world.random.choice([1, 2, 1_000])


def _forbid(moment: Moment) -> None:
    moment.asterisk.ail.read_only = True


def _fill_disk(moment: Moment) -> None:
    moment.asterisk.ail.disk_is_full = True


def _hide(moment: Moment) -> None:
    moment.asterisk.ail.holes = moment.world.random.choice([1, 1, 5])


def _slow(moment: Moment) -> None:
    moment.asterisk.pace = moment.world.random.choice([0.1, 0.6])


def _somebody(moment: Moment) -> None:
    moment.world.somebody(moment.asterisk, moment.key)


def _late(moment: Moment) -> None:
    moment.world.let_pass(moment.world.max_seconds + 5)


def _store(moment: Moment) -> None:
    moment.world.store_fails = moment.world.random.choice([1, 1, 3])


def _source(moment: Moment) -> None:
    moment.world.source_fails = True


def _other_list(moment: Moment) -> None:
    moment.world.change_list()


def _second(moment: Moment) -> None:
    moment.world.start_second()


KINDS: dict[str, tuple[Callable[[Moment], None], int]] = {
    "die": (_die, 20),
    "interrupt": (_interrupt, 8),
    "cut": (_cut, 16),
    "hang": (_hang, 5),
    "restart": (_stop("restart"), 5),
    "kill": (_stop("kill"), 10),
    "reboot": (_stop("reboot"), 4),
    "refuse": (_refuse, 8),
    "forbid": (_forbid, 3),
    "full disk": (_fill_disk, 3),
    "holes": (_hide, 4),
    "slow": (_slow, 3),
    "somebody": (_somebody, 24),
    "late": (_late, 5),
    "store": (_store, 4),
    "source": (_source, 3),
    "other list": (_other_list, 4),
    "second run": (_second, 6),
}
"""What can go wrong, and how often beside the others."""
WEIGHTS = [weight for _, weight in KINDS.values()]
