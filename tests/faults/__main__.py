"""The whole fault suite: each seed on each Asterisk, in several processes, as most of the time is waiting.

Run: make faults. A seed that fails is told with the command that plays it alone, and the others go on.
"""

import argparse
import multiprocessing
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from queue import Empty
from tempfile import TemporaryDirectory

from astsync.sandbox.asterisk import Installation, find_installation
from tests.bench.figures import say, say_machine
from tests.faults.one_run import Counts, OneRun, command_of
from tests.faults.troubles import KINDS
from tests.faults.world import make_world

TELLS = 60  # seconds between two lines of progress
LONG = 200  # seeds that must have struck everywhere


@dataclass(frozen=True)
class Played:
    """A seed that was played. ``fault`` is what went wrong, "" where nothing did."""

    major: int
    seed: int
    counts: Counts
    fault: str = ""


@dataclass
class Share:
    """The seeds that are still to be played on an Asterisk, for all processes together."""

    major: int
    end: int
    next: "Synchronized[int]"

    def take(self) -> Iterator[int]:
        """Take the seeds, one by one."""
        while True:
            with self.next.get_lock():
                seed = self.next.value
                self.next.value += 1
            if seed >= self.end:
                return
            yield seed


def play(shares: list[Share], done: "Queue[Played]") -> None:
    """Play the seeds of each share in turn."""
    signal.signal(signal.SIGTERM, _leave)
    with suppress(KeyboardInterrupt):
        for share in shares:
            for seed in share.take():
                _play_from(seed, share, done)


def _leave(*_: object) -> None:
    """End in order what a signal ends, so that no Asterisk and no folder is left."""
    raise SystemExit(1)


def _play_from(first: int, share: Share, done: "Queue[Played]") -> None:
    """Play from a seed on in one office. It ends with the seeds, or with one that fails: the next has a new one."""
    seed = first
    try:
        installation = found(share.major)
        with TemporaryDirectory(prefix="astsync-faults-") as folder, make_world(installation, Path(folder)) as world:
            while True:
                counts = Counts()
                OneRun(world, seed, counts).play()
                done.put(Played(share.major, seed, counts))
                following = next(share.take(), None)
                if following is None:
                    return
                seed = following
    except Exception as error:  # noqa: BLE001 - whatever it is, the other seeds are played
        what = str(error) if isinstance(error, AssertionError) and str(error) else traceback.format_exc()
        told = f"seed {seed} on Asterisk {share.major} ({command_of(seed, share.major)}):\n{what}"
        done.put(Played(share.major, seed, Counts(), told))


def found(major: int) -> Installation:
    """Find an Asterisk. Raises LookupError."""
    installation = find_installation(major)
    if installation is None:
        raise LookupError(f"no Asterisk {major}: make asterisk brings it")
    return installation


class Progress:
    """Says once in a while how far the suite is, and each fault at once."""

    def __init__(self, seeds: int, majors: list[int]) -> None:
        self._all = seeds * len(majors)
        self._started = self._told = time.monotonic()
        self.counts = {major: Counts() for major in majors}
        self.played = 0
        self.faults: list[Played] = []

    def take(self, played: Played) -> None:
        """Count a seed."""
        self.played += 1
        self.counts[played.major] += played.counts
        if played.fault:
            self.faults.append(played)
            say(f"FAULT: {played.fault}")
        now = time.monotonic()
        if now - self._told >= TELLS or self.played == self._all:
            self._told = now
            say(f"{self.played:,} of {self._all:,} runs, {len(self.faults)} faults, {now - self._started:,.0f} s")


def main() -> None:
    """Play the seeds, print the counts, and fail where a seed did, or where a part of a run was struck by none."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000, help="on each Asterisk, default 1,000")
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--workers", type=int, default=6, help="processes, each with an Asterisk of its own; default 6")
    parser.add_argument("--majors", type=int, nargs="+", default=[22, 16], help="Asterisks, default 22 16")
    options = parser.parse_args()
    majors: list[int] = options.majors
    for major in majors:
        found(major)
    words = " and ".join(map(str, majors))
    say_machine(f"{options.seeds:,} seeds from {options.seed} on Asterisk {words}; {len(KINDS)} kinds of faults")
    progress = Progress(options.seeds, majors)
    end = options.seed + options.seeds
    shares = [Share(major, end, multiprocessing.Value("q", options.seed)) for major in majors]
    done: Queue[Played] = multiprocessing.Queue()
    workers = []
    signal.signal(signal.SIGTERM, _leave)
    for number in range(min(options.workers, options.seeds * len(majors))):
        at = number % len(shares)
        workers.append(multiprocessing.Process(target=play, args=([*shares[at:], *shares[:at]], done)))
        workers[-1].start()
    try:
        while any(worker.is_alive() for worker in workers) or not done.empty():
            with suppress(Empty):
                progress.take(done.get(timeout=1))
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()
    sys.exit(_tell(progress, options.seeds))


def _tell(progress: Progress, seeds: int) -> int:
    """Print what was done; the exit code."""
    missed = {major: counts.missed for major, counts in progress.counts.items() if seeds >= LONG and counts.missed}
    for major, counts in progress.counts.items():
        say(f"\nAsterisk {major}:{counts}")
    for major, places in missed.items():
        say(f"FAULT: parts of a run that nothing struck on Asterisk {major}: {sorted(places)}")
    for played in progress.faults:
        say(f"FAULT: seed {played.seed}: {command_of(played.seed, played.major)}")
    return 1 if missed or progress.faults or progress.played != seeds * len(progress.counts) else 0


if __name__ == "__main__":
    main()
