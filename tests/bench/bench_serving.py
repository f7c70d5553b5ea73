"""``astsync serve`` with a large snapshot: memory, start, and answers while the snapshot is written anew.

The snapshot comes from a file by ``astsync sync`` in another process, and by ``astsync watch --serve`` in the same
one, with a real Asterisk as the PBX. Run: make bench-calls.
"""

import argparse
import csv
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from astsync.sandbox.asterisk import Installation, PrivateAsterisk, find_installation
from tests.bench import serving
from tests.bench.calls import quantile
from tests.bench.entries import make_entries
from tests.bench.figures import median, say, say_machine, say_table, spread
from tests.bench.hits import FASTAGI, HTTP, Hits, ask, over_agi
from tests.bench.peers import NotMeasured
from tests.bench.proc import memory

ENTRIES, LARGE = 100_000, 1_000_000
MEMORY, READY, WAIT = 80, 0.5, 0.005
"""The goals: MB, seconds until the first answer, seconds of a hit (p99)."""
_QUIET = 10.0
_PATIENCE = 900.0
_SYNCED = b" counterparties, "
"""What ``watch`` says at the end of a sync."""
_SOURCE = """\
kind = "file"

[source.file]
path = "{}"
"""


class Serving:
    """The measurements over one store and one PBX."""

    def __init__(self, folder: Path, entries: int, pbx: PrivateAsterisk) -> None:
        self._folder, self._entries = folder, entries
        names = make_entries(entries)
        self._numbers = [number for number, _ in names[:: max(entries // 5_000, 1)]]
        table = folder / "list.csv"
        with table.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("name", "phone"), *((name, f"+{number}") for number, name in names)])
        self._place = serving.prepare(folder, source=_SOURCE.format(table), pbx=pbx)

    def fill(self) -> float:
        """Sync for the first time; give the seconds."""
        start = time.perf_counter()
        if self._sync().wait() != 0:
            raise SystemExit(f"the first sync failed: {(self._folder / 'sync.log').read_text(encoding='utf-8')}")
        return time.perf_counter() - start

    def starts(self, rounds: int) -> tuple[list[float], list[float], list[float]]:
        """Start so many times; give the seconds until the first answer, the MB then and the most after 5,000 hits."""
        ready, first, most = [], [], []
        for _ in range(rounds):
            start = time.perf_counter()
            with serving.astsync(self._place, ["serve"], self._folder / "serve.log") as process:
                if not over_agi(self._place.agi, self._numbers[0]):
                    raise NotMeasured("the first answer had no name")
                ready.append(time.perf_counter() - start)
                first.append(memory(process.pid))
                for number in self._numbers:
                    over_agi(self._place.agi, number)
                most.append(memory(process.pid, "VmHWM"))
        return ready, first, most

    def quiet(self) -> Hits:
        """Ask while nothing else happens."""
        with serving.astsync(self._place, ["serve"], self._folder / "serve.log"):
            return ask(self._place, self._numbers, _after(_QUIET))

    def beside_sync(self) -> Hits:
        """Ask while another process syncs."""
        with serving.astsync(self._place, ["serve"], self._folder / "serve.log"), self._sync() as sync:
            return ask(self._place, self._numbers, lambda: sync.poll() is not None)

    def beside_busy(self) -> Hits:
        """Ask while another process only computes: what a busy processor does by itself."""
        busy = [sys.executable, "-c", "while True: pass"]
        with (
            serving.astsync(self._place, ["serve"], self._folder / "serve.log"),
            serving.running(busy, self._folder / "busy.log"),
        ):
            return ask(self._place, self._numbers, _after(_QUIET))

    def in_watch(self) -> Hits:
        """Ask ``watch --serve`` while it syncs itself, until it says that a sync has ended."""
        log, end = self._folder / "watch.log", time.monotonic() + _PATIENCE
        with serving.astsync(self._place, ["watch", "--serve", "--every", "1m"], log):
            hits = ask(self._place, self._numbers, lambda: _SYNCED in log.read_bytes() or time.monotonic() > end)
        if _SYNCED not in log.read_bytes():
            raise NotMeasured(f"watch did not sync within {_PATIENCE:g} s")
        return hits

    def _sync(self) -> subprocess.Popen[bytes]:
        call = [sys.executable, "-m", "astsync", "--config", str(self._place.configuration), "-q", "sync"]
        with (self._folder / "sync.log").open("wb") as log:
            return subprocess.Popen(call, stdout=log, stderr=log)


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def _start_row(name: str, values: list[float], goal: float, form: str) -> list[str]:
    middle = median(values)
    return [name, f"{middle:{form}}", spread(values, form), f"{goal:g}", "holds" if middle <= goal else "DOES NOT HOLD"]


def _say_starts(entries: int, ready: list[float], first: list[float], most: list[float]) -> None:
    rows = [
        _start_row("seconds until the first answer", ready, READY, ".2f"),
        _start_row("MB after the first answer", first, MEMORY, ",.0f"),
        _start_row("MB at most, after 5,000 hits", most, MEMORY, ",.0f"),
    ]
    say_table(f"astsync serve with {entries:,} entries (medians)", ("", "median", "least to most", "goal", ""), rows)


def _say_hits(entries: int, hits: dict[str, Hits]) -> None:
    head = ("meanwhile", "face", "hits", "p50 ms", "p99 ms", "max ms", "over 5 ms")
    rows = [one.row(name, face) for name, one in hits.items() for face in (FASTAGI, HTTP)]
    say_table(f"A hit, asked one at a time, snapshot of {entries:,} entries", head, rows)
    for name, one in hits.items():
        p99 = max(quantile(one.seconds[face], 0.99) for face in (FASTAGI, HTTP))
        holds = "holds" if p99 <= WAIT else "DOES NOT HOLD"
        say(f"  {name}: p99 {p99 * 1000:.2f} ms, goal {WAIT * 1000:g}: {holds}; {one.nameless:,} without a name")


def _measure(installation: Installation, entries: int, rounds: int) -> None:
    with TemporaryDirectory() as folder, PrivateAsterisk(installation) as pbx:
        serve = Serving(Path(folder), entries, pbx)
        say(f"\n{entries:,} entries; the first sync took {serve.fill():.0f} s")
        try:
            _say_starts(entries, *serve.starts(rounds))
        except NotMeasured as reason:
            say(f"not measured: astsync serve: {reason}")
            return
        plays = {
            "nothing": serve.quiet,
            "another process computes": serve.beside_busy,
            "astsync sync in another process": serve.beside_sync,
            "astsync watch --serve syncs": serve.in_watch,
        }
        hits: dict[str, Hits] = {}
        for name, play in plays.items():
            try:
                hits[name] = play()
            except NotMeasured as reason:
                say(f"not measured: {name}: {reason}")
        _say_hits(entries, hits)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_serving", description=__doc__)
    parser.add_argument("--major", type=int, default=22, help="the Asterisk to use, 22 (default) or 16")
    parser.add_argument("--rounds", type=int, default=5, help="starts, default 5")
    parser.add_argument("--entries", type=int, default=ENTRIES, help=f"default {ENTRIES:,}")
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} entries")
    return parser.parse_args()


def main() -> None:
    """Measure and print the tables."""
    options = _options()
    installation = find_installation(options.major)
    if installation is None:
        raise SystemExit(f"There is no Asterisk {options.major} here: run make asterisk-{options.major}.")
    say_machine(f"Asterisk {installation.version}", "astsync serve as a process, asked directly")
    _measure(installation, LARGE if options.large else options.entries, options.rounds)
    say()


if __name__ == "__main__":
    main()
