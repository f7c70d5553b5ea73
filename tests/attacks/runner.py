"""Plays attacks: a place for each, several at once, in an order that a seed gives."""

import random
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.attacks.attack import SLACK, Attack, Impossible, Outcome
from tests.attacks.judge import LATE, family_faults, foreign_faults, judge, writes_of
from tests.attacks.place import Place, Template, World, counterparties, new_place
from tests.attacks.yardstick import Yardstick

_USUAL_WORK = 1.5  # seconds of processor time of a command
_A_WHILE = 10.0  # seconds
_KILLED_AFTER = 4.0
"""Seconds over the allowed time after which a command that has not ended is killed."""


@dataclass(frozen=True)
class Played:
    """An attack and what came of it."""

    attack: Attack
    outcome: Outcome


class Runner:
    """Plays attacks in a world. ``factor`` stretches the times that are allowed."""

    def __init__(self, world: World, yardstick: Yardstick, factor: float = 1.0) -> None:
        self._world = world
        self._yardstick = yardstick
        self._factor = factor
        self._count = 0
        self._lock = threading.Lock()

    def play(self, attack: Attack) -> Outcome:
        """Play one attack, then a sync over the healed world. Raises nothing: what failed stands in the outcome."""
        with self._lock:
            self._count += 1
            folder = self._world.folder / f"attack-{self._count}"
        try:
            with new_place(self._world, attack.kind, folder) as place:
                return self._played(attack, place)
        except Impossible as reason:
            return Outcome(0, 0.0, 0, "", "", skipped=str(reason))
        except Exception as error:  # noqa: BLE001  one broken row must not end the others
            return Outcome(0, 0.0, 0, "", "", faults=[f"the attack itself failed: {error!r}"])
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _played(self, attack: Attack, place: Place) -> Outcome:
        template = self._world.template(attack.kind)
        healthy = {name: dict(section) for name, section in place.settings.items()}
        allowed = (attack.seconds(self._world.pace) + SLACK) * self._factor
        with attack.stage(place):
            outcome = self._measured(attack, place, allowed)
            outcome.writes = len(writes_of(place))
            outcome.faults = judge(attack, place, template, outcome, self._factor)
        if attack.converges:
            outcome.faults += _healed(place, template, healthy)
        return outcome

    def _measured(self, attack: Attack, place: Place, allowed: float) -> Outcome:
        started = time.monotonic()
        busy = (self._yardstick.stretch(started - _A_WHILE) - 1) * _USUAL_WORK
        outcome = place.play(attack.command, allowed + _KILLED_AFTER + busy, attack.ends)
        waited = outcome.work * (self._yardstick.stretch(started) - 1)
        outcome.seconds = max(outcome.seconds - waited, outcome.work)
        return outcome


def _healed(place: Place, template: Template, healthy: dict[str, dict[str, object]]) -> list[str]:
    """Sync in the healed world: what does not come right."""
    again = Place(place.world, place.folder, place.pbx, healthy)
    (place.folder / "list.csv").write_text(counterparties(later=True), encoding="utf-8")
    if again.configuration.is_dir():
        again.configuration.rmdir()
    again.configuration.unlink(missing_ok=True)
    if "run" in healthy:
        healthy["run"] = {"max_minutes": 0}
    healthy["pbx"]["timeout"] = healthy["source"]["timeout"] = 30
    done = again.sync()
    faults = [] if done.code == 0 else [f"the next sync ended with {done.code}: {done.message[:150]}"]
    return [f"afterwards: {fault}" for fault in (*faults, *family_faults(place, template), *foreign_faults(place))]


def play_all(
    runner: Runner, attacks: Sequence[Attack], jobs: int, seed: int, tell: Callable[[Played], None] = lambda _: None
) -> list[Played]:
    """Play attacks, ``jobs`` at a time; those that were only late once more, alone. In the order of ``attacks``."""
    order = list(attacks)
    random.Random(seed).shuffle(order)
    found: dict[str, Outcome] = {}

    def play(attack: Attack) -> None:
        found[attack.full_name] = outcome = runner.play(attack)
        tell(Played(attack, outcome))

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(play, order))
    for attack in order:
        if is_late(found[attack.full_name]):
            play(attack)
    return [Played(attack, found[attack.full_name]) for attack in attacks]


def is_late(outcome: Outcome) -> bool:
    """Whether time alone is at fault, and the command did end."""
    return outcome.code is not None and bool(outcome.faults) and all(f.startswith(LATE) for f in outcome.faults)


def chosen(attacks: Iterable[Attack], texts: Iterable[str]) -> list[Attack]:
    """The attacks whose names hold one of the texts."""
    wanted = [text.casefold() for text in texts]
    return [attack for attack in attacks if any(text in attack.full_name.casefold() for text in wanted)]
