"""Play many seeds: ``python -m tests.simulation --seeds 190000``; one with all that happens: ``--seed 17 --trace``."""

import argparse
import os
import sys
import traceback

from tests.simulation.many import play_all
from tests.simulation.patched import patched
from tests.simulation.scenario import play


def main() -> int:
    """Play seeds, and tell what failed and what struck how often. The exit code is 1 where a seed failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="seeds to play, each of some five runs")
    parser.add_argument("--seed", type=int, default=0, help="the first of them")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--trace", action="store_true", help="play one seed and print what happens")
    options = parser.parse_args()
    if options.trace:
        return trace(options.seed)
    return play_all(range(options.seed, options.seed + options.seeds), options.processes)


def trace(seed: int) -> int:
    """Print all that happens in a seed."""
    with patched():
        try:
            world = play(seed, trace=True)
        except Exception:  # noqa: BLE001 - whatever it is, it is a failure of the seed
            traceback.print_exc()
            return 1
    sys.stdout.write("\n".join([*(world.trace or []), f"seed {seed} ended well", ""]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
