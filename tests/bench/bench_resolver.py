"""How long calls wait for the resolver while 1C is well, stopped, stalled, drips, answers garbage, a fault, no licence.

Run: python -m tests.bench.bench_resolver. The resolver asks the stand-in 1C by SOAP, both in this process.
"""

import argparse
import asyncio
import logging
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from astsync.config import ServeConfig
from astsync.lookup.callers import CallerReader
from astsync.lookup.counting import NoCounts
from astsync.lookup.model import Origin
from astsync.lookup.resolver import CallResolver
from astsync.lookup.telling import Telling
from astsync.phonebook.book import BookBuilder
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.faults import FaultKind
from astsync.sources import SOURCE, open_identifier
from tests.bench.figures import say, say_machine, say_table

TROUBLES: dict[str, tuple[FaultKind | None, float]] = {
    "well": (None, 0),
    "slow: 0.3 s": ("slow", 0.3),
    "stopped": (None, 0),
    "stalled": ("hang", 0),
    "drips": ("drip", 1),
    "garbage": ("login_page", 0),
    "cut answers": ("cut_connection", 0),
    "a name of 1 MB": ("long_name", 0),
    "a fault": ("soap_fault", 0),
    "no licence": ("no_licence", 0),
}
"""What ails 1C: a fault of the stand-in and its value."""
KNOWN = 100
"""Counterparties that 1C knows; each third call is one of theirs."""


class _Nothing:
    """A store without names."""

    def find(self, keys: Sequence[str]) -> tuple[str, Origin] | None:
        return None

    def extension(self, keys: Sequence[str]) -> str:
        return ""


class _Endings(NoCounts):
    def __init__(self) -> None:
        self.count: Counter[str] = Counter()

    def ended(self, ending: str, number: str = "") -> None:
        self.count[str(ending)] += 1


@dataclass
class Storm:
    """What became of the calls: seconds of each, of those that began while 1C was left alone, and their endings."""

    deadline: float
    seconds: list[float] = field(default_factory=list)
    left_alone: list[float] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)

    def late(self, grace: float = 0.05) -> int:
        """How many calls waited longer than the deadline and so many seconds."""
        return sum(seconds > self.deadline + grace for seconds in self.seconds)

    def row(self, name: str) -> tuple[str, ...]:
        ordered = sorted(self.seconds)
        cuts = (ordered[int(len(ordered) * part)] for part in (0.5, 0.9, 0.99))
        open_most = f"{1000 * max(self.left_alone):.1f}" if self.left_alone else ""
        named = self.endings["told"] + self.endings["online"]
        figures = [f"{1000 * cut:.1f}" for cut in (*cuts, ordered[-1])]
        return (name, *figures, str(self.late()), str(len(self.left_alone)), open_most, str(named))


def telling_of(onec: OneC) -> Telling:
    """Make what asks this 1C by SOAP."""
    login = {"user": onec.user, "password": onec.password}
    source = SOURCE.model_validate({"kind": "odata", "url": onec.url, "soap": {"cache_hours": 0}, **login})
    identifier = open_identifier(source, ServeConfig(online="soap"))
    assert identifier is not None
    parser, names = NumberParser(), NameMaker()
    return Telling(identifier, CallerReader(parser), names, lambda: BookBuilder(parser, names))


async def storm(telling: Telling, calls: int, at_once: int, deadline: float, pause: float) -> Storm:
    """Let so many callers call again and again; each calls anew at most ``pause`` seconds after its last call."""
    counts, chance = _Endings(), random.Random(0)
    found, loop = Storm(deadline), asyncio.get_running_loop()

    async def caller(place: int) -> None:
        for turn in range(calls // at_once):
            number = place + turn * at_once
            text = f"7495555{number // 3 % KNOWN:04d}" if number % 3 == 0 else f"74995{number:06d}"
            was_open, begun = resolver.breaker_is_open(), loop.time()
            await resolver.resolve(text, begun + deadline)
            seconds = loop.time() - begun
            found.seconds.append(seconds)
            if was_open:
                found.left_alone.append(seconds)
            await asyncio.sleep(chance.random() * pause)

    callers = CallerReader(NumberParser())
    with closing(CallResolver(callers, _Nothing(), telling, counts=counts, patience=deadline)) as resolver:
        await asyncio.gather(*map(caller, range(at_once)))
    found.endings = counts.count
    return found


def play(name: str, calls: int = 2000, at_once: int = 200, deadline: float = 1.0, pause: float = 0.5) -> Storm:
    """Play a storm of calls over a 1C with one of ``TROUBLES``."""
    kind, value = TROUBLES[name]
    with OneC(10) as onec:
        for place in range(KNOWN):
            onec.add(f"ООО «Бета {place}»", [f"+7 495 555 {place // 100:02d} {place % 100:02d}"])
        telling = telling_of(onec)
        if kind is not None:
            onec.fail(kind, value=value)
        if name == "stopped":
            onec.stop()
        return asyncio.run(storm(telling, calls, at_once, deadline, pause))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=2000)
    options.add_argument("--at-once", type=int, default=200)
    options.add_argument("--deadline", type=float, default=1.0)
    given = options.parse_args()
    logging.disable(logging.CRITICAL)
    say_machine(f"{given.calls:,} calls, {given.at_once} at once, deadline {given.deadline:g} s")
    storms = {name: play(name, given.calls, given.at_once, given.deadline) for name in TROUBLES}
    head = ("1C", "p50", "p90", "p99", "most", "late", "calls while left alone", "their most", "named")
    say_table(
        "Milliseconds of a call; late: over the deadline and 50 ms", head, [storms[name].row(name) for name in storms]
    )
    for name, found in storms.items():
        say(f"{name}: " + ", ".join(f"{ending} {count:,}" for ending, count in found.endings.most_common()))


if __name__ == "__main__":
    main()
