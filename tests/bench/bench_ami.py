"""Times writing and reading a family over AMI, beside AMI's own limit and other clients. Run: make bench.

All ways take turns in every round, in an order drawn anew, each on a connection of its own and with an empty family;
what it wrote is counted afterwards.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from astsync.sandbox.asterisk import PrivateAsterisk, find_installation
from tests.bench.entries import make_entries
from tests.bench.figures import median, say, say_machine, say_table, spread
from tests.bench.ours import Ours
from tests.bench.peers import NotMeasured, environment, run_peer
from tests.bench.raw import Raw, in_batches, prepare
from tests.secured_asterisk import secured_asterisk

TARGET = 60_000  # entries/s that the write phase of push must reach on Asterisk 22
SMALL, BIG, HUGE = 10_000, 100_000, 1_000_000
SLOW, PROCESSES = 2_000, 30  # entries for those who wait for every answer, and for a process each
RAW = "raw: "
"""Begins the names of the ways with nothing around AMI; the fastest of them is the limit."""
READ, READ_SECURED = "astsync: DBGetTree", "astsync: DBGetTree over TLS"
PUSH = "astsync: write phase of push"

Work = Callable[[int], float]
"""Writes so many entries into the empty family, or reads so many from it; gives seconds. Raises NotMeasured."""


@dataclass
class Way:
    """One way to do the work, with how many entries, and the entries/s of each round by their number."""

    name: str
    work: Work
    counts: Sequence[int] = (SMALL, BIG)
    rates: dict[int, list[float]] = field(default_factory=dict)
    faults: dict[int, str] = field(default_factory=dict)

    def play(self, count: int, stored: Callable[[], int]) -> None:
        """Do it once; a figure counts only when as many entries are stored as there should be."""
        try:
            seconds = self.work(count)
        except NotMeasured as reason:
            self.faults[count] = str(reason)
            return
        if (held := stored()) != count:
            self.faults[count] = f"{held:,} of {count:,} entries arrived"
            return
        self.rates.setdefault(count, []).append(count / seconds)

    def rate(self, count: int) -> float:
        """Give the median in entries/s, 0 where it was not measured."""
        return median(self.rates.get(count, ()))


class Bench:
    """The ways over one private Asterisk."""

    def __init__(self, pbx: PrivateAsterisk, raw: Raw, folder: Path) -> None:
        self._pbx, self._raw = pbx, raw
        self.ours = Ours(pbx, folder)
        self.writers = [
            Way(f"{RAW}prepared bytes, answers counted", self._put_raw),
            Way(f"{RAW}the same, answers read as they come", partial(self._put_raw, nap=0)),
            Way("astsync: put", self.ours.put),
            Way("astsync: put over TLS", self.ours.put_secured),
            Way(PUSH, self.ours.push),
            Way("asterisk-ami 0.1.7, not waiting", self._peer("peer_asterisk_ami")),
            Way("panoramisk 1.4, gather of 2,000", self._peer("peer_panoramisk", needs=("panoramisk==1.4",))),
            Way("raw, one at a time", self._put_each_raw, (SLOW,)),
            Way("asterisk-ami 0.1.7, one at a time", self._peer("peer_asterisk_ami", "each"), (SLOW,)),
            Way("pyst2 0.5.1, one at a time", self._peer("peer_pyst2", needs=("pyst2==0.5.1", "six==1.17.0")), (SLOW,)),
            Way('asterisk -rx "database put", a process each', self._put_by_console, (PROCESSES,)),
        ]
        self.readers = [
            Way(f"{RAW}DBGetTree, entries counted", self._count_raw),
            Way(f"{RAW}the same, read as they come", partial(self._count_raw, nap=0)),
            Way(READ, self.ours.read),
            Way(READ_SECURED, self.ours.read_secured),
            Way("astsync: database show", self.ours.read_shown),
        ]

    def _put_raw(self, count: int, **how: float) -> float:
        """Put on a new connection, as all others do: on one that is kept Asterisk answers a third slower."""
        batches = in_batches(prepare(make_entries(count)))
        with Raw(self._pbx) as raw:
            return raw.put(batches, **how)

    def _put_each_raw(self, count: int) -> float:
        actions = prepare(make_entries(count))
        with Raw(self._pbx) as raw:
            return raw.put_each(actions)

    def _count_raw(self, _: int, **how: float) -> float:
        with Raw(self._pbx) as raw:
            return raw.count(**how)[1]

    def _put_by_console(self, count: int) -> float:
        start = time.perf_counter()
        for number, name in make_entries(count):
            self._pbx.console(f'database put cidname {number} "{name}"')
        return time.perf_counter() - start

    def _peer(self, module: str, *arguments: str, needs: Sequence[str] = ()) -> Work:
        def work(count: int) -> float:
            python = environment(module.removeprefix("peer_"), *needs) if needs else Path(sys.executable)
            return run_peer(python, module, arguments, self._pbx, count)

        return work

    def _stored(self) -> int:
        return self._raw.count()[0]

    def write(self, rounds: int) -> None:
        """Let every way write, in turns; AstDB's file has its size before the first."""
        self._put_raw(BIG)
        for _ in range(rounds):
            for count in (PROCESSES, SLOW, SMALL, BIG):
                for way in shuffled(way for way in self.writers if count in way.counts and count not in way.faults):
                    self._raw.wipe()
                    way.play(count, self._stored)

    def read(self, rounds: int, counts: Sequence[int]) -> None:
        """Let every way read, in turns, families of these sizes."""
        for count in counts:
            self._raw.wipe()
            self._put_raw(count)
            for _ in range(rounds):
                for way in shuffled(self.readers):
                    way.play(count, self._stored)


def shuffled(ways: Iterable[Way]) -> list[Way]:
    """Draw an order, so that no way profits from always having the same one before it."""
    drawn = list(ways)
    random.shuffle(drawn)
    return drawn


def limit(ways: Iterable[Way], count: int) -> float:
    """Give what nobody can be faster than: the fastest of the raw ways that do not wait for each answer."""
    return max((way.rate(count) for way in ways if way.name.startswith(RAW)), default=0.0)


def _rows(ways: Sequence[Way], counts: Sequence[int]) -> list[list[str]]:
    """Make the table's rows; the share is that of the limit at the same, or else at the small number of entries."""
    rows = []
    for count in counts:
        fastest = limit(ways, count) or limit(ways, SMALL)
        for way in ways:
            if count in way.faults:
                rows.append([way.name, f"{count:,}", "not measured", "", ""])
            elif rates := way.rates.get(count):
                rows.append(
                    [way.name, f"{count:,}", f"{way.rate(count):,.0f}", spread(rates), _share(way, count, fastest)]
                )
    return rows


def say_faults(ways: Sequence[Way]) -> None:
    """Say what was not measured, and where the limit was none: then it was measured badly and no ratio holds."""
    for way in ways:
        for count, reason in way.faults.items():
            say(f"not measured: {way.name}, {count:,} entries: {reason}")
        for count in way.rates:
            if way.rate(count) > limit(ways, count) > 0:
                say(f"SUSPECT: {way.name}, {count:,} entries, beats the limit: its ratios do not hold in this run")


def _share(way: Way, count: int, fastest: float) -> str:
    return f"{way.rate(count) / fastest:.1%}" if fastest else ""


def _say_verdict(writers: Sequence[Way]) -> None:
    push = next(way for way in writers if way.name == PUSH)
    say(f"\nTarget: the write phase of push reaches {TARGET:,} entries/s")
    for count in (SMALL, BIG):
        holds = "holds" if push.rate(count) >= TARGET else "DOES NOT HOLD"
        figure = f"{push.rate(count):,.0f}, {_share(push, count, limit(writers, count))} of the raw limit"
        say(f"  {count:>7,} entries: {holds} ({figure})")


def _say_all(bench: Bench, counts: Sequence[int]) -> None:
    head = ("entries", "entries/s (median)", "least to most", "of the limit")
    say_table("Writing over AMI", ("way", *head), _rows(bench.writers, (BIG, SMALL, SLOW, PROCESSES)))
    say_faults(bench.writers)
    _say_verdict(bench.writers)
    phases = bench.ours.phases
    say_table(
        "astsync push as the engine does it, seconds (medians)",
        ("entries", "read", "write", "read again", "all the rest", "whole"),
        [[f"{count:,}", *(f"{median(phase):.2f}" for phase in zip(*phases[count], strict=True))] for count in phases],
    )
    say_table("Reading over AMI", ("way", *head), _rows(bench.readers, counts))
    say_faults(bench.readers)
    plain, secured = (next(way for way in bench.readers if way.name == name) for name in (READ, READ_SECURED))
    for count in counts:
        if plain.rate(count):
            say(f"Over TLS {count:,} entries are read at {secured.rate(count) / plain.rate(count):.0%} of TCP's speed")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_ami", description=__doc__)
    parser.add_argument("--major", type=int, default=22, help="the Asterisk to use, 22 (default) or 16")
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    parser.add_argument("--large", action="store_true", help=f"read {HUGE:,} entries too")
    return parser.parse_args()


def main() -> None:
    """Measure and print the tables."""
    options = _options()
    installation = find_installation(options.major)
    if installation is None:
        raise SystemExit(f"There is no Asterisk {options.major} here: run make asterisk-{options.major}.")
    counts = (SMALL, BIG, HUGE) if options.large else (SMALL, BIG)
    with TemporaryDirectory() as folder, secured_asterisk(installation, Path(folder)) as pbx, Raw(pbx) as raw:
        say_machine(f"Asterisk {pbx.version}", "one connection", "loopback", f"{options.rounds} rounds in turns")
        bench = Bench(pbx, raw, Path(folder))
        bench.write(options.rounds)
        bench.read(options.rounds, counts)
        _say_all(bench, counts)


if __name__ == "__main__":
    main()
