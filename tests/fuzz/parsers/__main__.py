"""The whole fuzz of parsers: mutated bytes through each, on all processors. Run: make fuzz-parsers."""

import argparse
import multiprocessing
import os
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import say, say_machine, say_table
from tests.fuzz.parsers.play import (
    BLOCK,
    Fault,
    Played,
    fault_of,
    grows_too_fast,
    guarded,
    play_alone,
    shrunk,
    target_of,
)
from tests.fuzz.parsers.target import folder_of_targets
from tests.fuzz.parsers.targets import TARGETS

HEAD = ("parser", "inputs", "accepted", "refused as", "seconds", "slowest", "memory")
_SAVED = Path(".fuzz")
_EVERY = 30  # seconds between two lines that tell how far it is
_BLOCKS_OF_A_PROCESS = 200
_MOST_MEMORY = 400_000_000  # bytes that a process may take; all seeds and libraries are some 150 million


def _blocks(inputs: int, only: str, first: int) -> list[tuple[str, int]]:
    """The blocks of the targets by their shares, mixed so that each part of the run has all targets."""
    targets = [target for target in TARGETS if only in ("", target.name)]
    shares = sum(target.share for target in targets)
    placed: list[tuple[float, str, int]] = []
    for target in targets:
        count = max(1, round(inputs * target.share / shares / BLOCK))
        placed += [((number + 0.5) / count, target.name, first + number) for number in range(count)]
    return [(name, block) for _place, name, block in sorted(placed)]


def _played(blocks: list[tuple[str, int]], seed: int, jobs: int, size: int) -> Iterator[Played]:
    """Play blocks in processes of their own, which are renewed now and then.

    ``concurrent.futures`` can renew processes too, but in Python 3.11 it then waits for ever sooner or later.
    """
    work = [(name, seed, block, size) for name, block in blocks]
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, maxtasksperchild=_BLOCKS_OF_A_PROCESS) as pool:
        yield from pool.imap_unordered(play_alone, work)


def _row(played: Played) -> list[str]:
    refused = Counter({kind: count for kind, count in played.outcomes.items() if kind})
    told = ", ".join(f"{kind} {count:,}" for kind, count in refused.most_common(4))
    return [
        played.target,
        f"{played.outcomes.total():,}",
        f"{played.outcomes['']:,}",
        told,
        f"{played.seconds:,.0f}",
        f"{played.slowest * 1000:,.0f} ms",
        f"{played.memory / 1e6:,.0f} MB",
    ]


def _save(fault: Fault) -> str:
    _SAVED.mkdir(exist_ok=True)
    path = _SAVED / f"{fault.target}-{zlib.crc32(fault.data):08x}"
    path.write_bytes(fault.data)
    again = f"make fuzz-parsers TARGET={fault.target} INPUT={path}"
    return (
        f"{fault.target}: {fault.what} ({fault.place}; {fault.origin})\n  input {fault.data[:200]!a}\n  again: {again}"
    )


def _again(name: str, path: Path) -> int:
    with guarded(), folder_of_targets():
        fault = fault_of(target_of(name), path.read_bytes())
    say(f"FAULT: {fault.what} ({fault.place})" if fault else "no fault")
    return 1 if fault else 0


def main() -> int:
    """Play the inputs, print a table, and fail where an input broke a promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.parsers", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="for all parsers, default 1,000,000")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", default="", choices=["", *(target.name for target in TARGETS)])
    parser.add_argument("--first", type=int, default=0, help="the first block, to play some again")
    parser.add_argument("--input", type=Path, help="play one file through the target alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    if options.input:
        return _again(options.target, options.input)
    blocks = _blocks(options.inputs, options.target, options.first)
    size = min(BLOCK, max(1, options.inputs // len(blocks)))
    say_machine(f"seed {options.seed}, {len(blocks):,} blocks of {size:,} inputs")
    totals = _all(blocks, options.seed, options.jobs, size)
    say_table("Mutated bytes", HEAD, [_row(totals[target.name]) for target in TARGETS if target.name in totals])
    say(f"{sum(played.outcomes.total() for played in totals.values()):,} inputs")
    return _judge(totals)


def _all(blocks: list[tuple[str, int]], seed: int, jobs: int, size: int) -> dict[str, Played]:
    totals: dict[str, Played] = {}
    started = told = time.monotonic()
    for done, played in enumerate(_played(blocks, seed, jobs, size), 1):
        total = totals.setdefault(played.target, Played(played.target))
        for kind in played.faults.keys() - total.faults.keys():
            say(f"FAULT: {_save(played.faults[kind])}")
        total.add(played)
        now = time.monotonic()
        if now - told > _EVERY or done == len(blocks):
            told = now
            faults = sum(len(one.faults) for one in totals.values())
            rate = done * size / (now - started)
            say(f"{done * size:,} of {len(blocks) * size:,} inputs, {rate:,.0f} a second, {faults} kinds of fault")
    return totals


def _judge(totals: dict[str, Played]) -> int:
    """Print the faults; 1 where there is one."""
    found: list[str] = []
    with guarded(), folder_of_targets():
        for played in totals.values():
            found += [_save(shrunk(fault)) for fault in played.faults.values()]
            if slow := grows_too_fast(played.target, played.slowest_input):
                found.append(f"{slow}: {played.slowest_input[:200]!a}")
            if played.memory > _MOST_MEMORY:
                found.append(f"{played.target}: {played.memory:,} bytes of memory")
    for words in found:
        say(f"FAULT at the end, as small as it became: {words}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
