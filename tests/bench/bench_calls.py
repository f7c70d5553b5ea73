"""Times calls through a real Asterisk that look up their caller, by each way there is. Run: make bench-calls.

All ways take turns in every round, in an order drawn anew, with 200 calls at once and with one at a time. Asterisk's
own clock times the lookup, in the dialplan. The time on the processor is that of Asterisk with the processes that it
starts, and that of the server asked.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from astsync.sandbox.asterisk import ManagerUser, PrivateAsterisk, find_installation
from tests.bench.call_ways import NO_LOOKUP, OURS, PHP, Round, Servers, Way
from tests.bench.calls import CALLER, CARRIER, CallGenerator, dialplan
from tests.bench.entries import make_entries
from tests.bench.figures import say, say_machine, say_table
from tests.bench.peer_panoramisk_calls import ENTRIES
from tests.bench.proc import cpu_seconds
from tests.bench.raw import Raw, prepare

CALLS, AT_ONCE, ONE_BY_ONE = 2_000, 200, 200
MANY, SINGLE = f"{AT_ONCE} at once", "one at a time"
_SETTLE = 0.5
"""Seconds for the last hangups of a round: their time on the processor belongs to it."""
_PATIENCE = 300.0

# What is compared, with how many times ours must be better than a peer.
GOALS: Sequence[tuple[str, str, float, Callable[[Way], float], bool]] = (
    ("calls a second", PHP, 40, lambda way: way.figure(MANY, lambda one: one.calls.rate), True),
    ("p99 of the lookup", PHP, 50, lambda way: way.figure(MANY, lambda one: one.calls.quantile(0.99)), False),
    ("time on the processor", PHP, 10, lambda way: way.figure(MANY, lambda one: one.cpu), False),
)


class Bench:
    """Plays rounds of the ways on one private Asterisk."""

    def __init__(self, pbx: PrivateAsterisk, generator: CallGenerator) -> None:
        self._pbx, self._generator = pbx, generator
        self._numbers = [number for number, _ in make_entries(ENTRIES)]

    def play(self, ways: Iterable[Way], load: str, calls: int) -> None:
        """Play a round of every way that works, in an order drawn anew."""
        drawn = [way for way in ways if not way.fault]
        random.shuffle(drawn)
        for way in drawn:
            numbers = random.sample(self._numbers, max(round(calls * way.share), 10))
            way.rounds.setdefault(load, []).append(self._round(way, numbers, AT_ONCE if load == MANY else 1))

    def _round(self, way: Way, numbers: Sequence[str], at_once: int) -> Round:
        pids = [pid for pid in (self._pbx.pid, way.server) if pid is not None]
        before = [cpu_seconds(pid) for pid in pids]
        calls = self._generator.play(way.context, numbers, at_once, _PATIENCE)
        time.sleep(_SETTLE)
        asterisk, *server = (cpu_seconds(pid) - cpu for pid, cpu in zip(pids, before, strict=True))
        named = sum(call.name != CARRIER for call in calls.ended) / len(numbers)
        return Round(calls, asterisk / len(numbers), sum(server) / len(numbers), named)


def _row(way: Way, load: str) -> list[str]:
    if way.fault:
        return [way.name, "not measured", *[""] * 6]
    p50 = way.figure(load, lambda one: one.calls.quantile(0.5))
    p99 = way.figure(load, lambda one: one.calls.quantile(0.99))
    cpu = [way.figure(load, lambda one: one.asterisk), way.figure(load, lambda one: one.server)]
    named = "" if way.name == NO_LOOKUP else f"{way.figure(load, lambda one: one.named):.1%}"
    lost = sum(one.calls.lost for one in way.rounds[load])
    rate = f"{way.figure(load, lambda one: one.calls.rate):,.1f}"
    return [way.name, rate, *(f"{value * 1000:,.2f}" for value in (p50, p99, *cpu)), named, f"{lost:,}"]


def _say_goals(ways: dict[str, Way]) -> None:
    say(f"\nGoals, {MANY}, medians: {OURS} beside its peers")
    ours = ways[OURS]
    for what, name, factor, figure, more in GOALS:
        peer = ways.get(name)
        if peer is None or peer.fault or ours.fault or not figure(peer) or not figure(ours):
            say(f"  not measured: {what} beside {name}")
            continue
        ratio = figure(ours) / figure(peer) if more else figure(peer) / figure(ours)
        holds = "holds" if ratio >= factor else "DOES NOT HOLD"
        say(f"  {what}: {ratio:,.1f} times better than {name}, goal {factor}: {holds}")
    if PHP in ways and (php := ways[PHP].figure(MANY, lambda one: one.calls.rate)):
        limit = ways[NO_LOOKUP].figure(MANY, lambda one: one.calls.rate) / php
        say(f"  The limit of any way: calls without a lookup come {limit:,.1f} times as often as those of {PHP}")


def _say_faults(ways: Iterable[Way]) -> None:
    for way in ways:
        if way.fault:
            say(f"not measured: {way.name}: {way.fault}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_calls", description=__doc__)
    parser.add_argument("--major", type=int, default=22, help="the Asterisk to use, 22 (default) or 16")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--calls", type=int, default=CALLS, help=f"calls of a way in a round, default {CALLS:,}")
    parser.add_argument("--entries", type=int, default=100_000, help="in the snapshot of astsync, default 100,000")
    parser.add_argument("--php", type=float, default=0.2, help="the share of the calls for PHP, default 0.2; 0: none")
    return parser.parse_args()


def main() -> None:
    """Measure and print the tables."""
    options = _options()
    installation = find_installation(options.major)
    if installation is None:
        raise SystemExit(f"There is no Asterisk {options.major} here: run make asterisk-{options.major}.")
    users = (ManagerUser("astsync", "system"), CALLER)
    with TemporaryDirectory() as folder, Servers(Path(folder), options.entries, options.php) as servers:
        ways = servers.ways
        contexts = dialplan({way.context: way.lookup for way in ways.values()})
        with PrivateAsterisk(installation, users=users, dialplan=contexts) as pbx, CallGenerator(pbx) as generator:
            say_machine(
                f"Asterisk {pbx.version}", f"{options.calls:,} calls a round", f"{options.rounds} rounds in turns"
            )
            with Raw(pbx) as raw:
                raw.put_each(prepare(make_entries(ENTRIES)))
            bench = Bench(pbx, generator)
            for _ in range(options.rounds):
                bench.play(ways.values(), MANY, options.calls)
                bench.play(ways.values(), SINGLE, min(ONE_BY_ONE, options.calls))
    head = ("way", "calls/s", "p50 ms", "p99 ms", "CPU ms a call: Asterisk", "server", "named", "lost")
    for load in (MANY, SINGLE):
        say_table(
            f"Calls through Asterisk {options.major}, {load} (medians)", head, [_row(w, load) for w in ways.values()]
        )
    _say_faults(ways.values())
    _say_goals(ways)
    say()


if __name__ == "__main__":
    main()
