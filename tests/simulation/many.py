"""Many seeds in processes of their own, and what came of them."""

import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

from tests.simulation.faults import KINDS, PLACES
from tests.simulation.patched import patched
from tests.simulation.scenario import RUNS, play

CHUNK = 100
"""Seeds that a process plays before it tells of them."""
MOST = 20
"""Failures after which no more seeds are played."""
EVERY = 10.0
"""Seconds between two lines of progress."""

Failure = tuple[int, str]
Struck = Counter[tuple[str, str]]


def play_all(seeds: range, processes: int) -> int:
    """Share the seeds out, and tell of them. The result is the exit code."""
    begun = told = time.monotonic()
    done, seen, struck, failures = 0, Counter[str](), Struck(), 0
    for count, chunk_seen, chunk_struck, failed in _chunks(seeds, processes):
        done, failures = done + count, failures + len(failed)
        seen += chunk_seen
        struck += chunk_struck
        for seed, words in failed:
            _say(f"FAILED, again with: .venv/bin/python -m tests.simulation --seed {seed} --trace\n{words}")
        if time.monotonic() - told > EVERY:
            told = time.monotonic()
            rate = done / (told - begun)
            left = (len(seeds) - done) / rate / 60
            runs = f"{seen[RUNS]:,} runs, {rate:.0f} seeds a second"
            _say(f"{done:,} of {len(seeds):,} seeds, {runs}, {failures} failed, {left:.0f} minutes left")
        if failures >= MOST:
            break
    _say(f"what happened: {dict(seen.most_common())}\n{_table(struck)}")
    ended = f"{failures} failed" if failures else "all ended well"
    runs = f"{seen[RUNS]:,} runs of {done:,} seeds from {seeds.start} on"
    _say(f"{runs}: {ended}, in {time.monotonic() - begun:.0f} s")
    return 1 if failures or done < len(seeds) else 0


def _table(struck: Struck) -> str:
    """What struck where, how often."""
    lines = [f"{'what struck where':>20}" + "".join(f"{place:>10}" for place in PLACES)]
    lines += [f"{name:>20}" + "".join(f"{struck[name, place]:>10}" for place in PLACES) for name in KINDS]
    return "\n".join(lines)


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _chunks(seeds: range, processes: int) -> Iterator[tuple[int, Counter[str], Struck, list[Failure]]]:
    """Play the seeds in processes of their own; each tells of a chunk when it has played it."""
    shares = [seeds[first::processes] for first in range(processes)]
    with _workers(shares) as pipes:
        open_pipes = [*pipes]
        while open_pipes:
            for pipe in wait(open_pipes):
                if not isinstance(pipe, Connection):
                    continue
                try:
                    yield pipe.recv()
                except EOFError:
                    open_pipes.remove(pipe)


@contextmanager
def _workers(shares: list[range]) -> Iterator[list[Connection]]:
    context = get_context("spawn")
    workers, pipes = [], []
    for share in shares:
        ours, theirs = context.Pipe(duplex=False)
        worker = context.Process(target=_work, args=(share, theirs), daemon=True)
        worker.start()
        theirs.close()
        workers.append(worker)
        pipes.append(ours)
    try:
        yield pipes
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _work(seeds: range, pipe: Connection) -> None:
    with patched(), suppress(BrokenPipeError):  # whoever wants to know is gone
        for first in range(0, len(seeds), CHUNK):
            chunk = seeds[first : first + CHUNK]
            seen, struck, failed = Counter[str](), Struck(), list[Failure]()
            for seed in chunk:
                try:
                    world = play(seed)
                    seen += world.seen
                    struck += world.struck
                except Exception as error:  # noqa: BLE001 - whatever it is, it is a failure of the seed
                    failed.append((seed, "".join(traceback.format_exception_only(error))[:2_000]))
            pipe.send((len(chunk), seen, struck, failed))
    pipe.close()
