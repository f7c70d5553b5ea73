"""The whole fuzz: mutated lines through ``explain phone -`` and ``explain name -``. Run: make fuzz."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.figures import say, say_machine, say_table
from tests.fuzz.explained import Fault, Lines, Played, play
from tests.fuzz.lines import LONGEST, Kind

HEAD = ("explain", "lines", "characters", "gave one", "seconds", "peak of a tenth", "peak of all")


def _row(played: Played) -> list[str]:
    return [
        played.lines.kind,
        f"{played.lines.count:,}",
        f"{played.characters:,}",
        f"{played.answered:,}",
        f"{played.seconds:,.0f}",
        f"{played.tenth / 1e6:.1f} MB",
        f"{played.peak / 1e6:.1f} MB",
    ]


def main() -> None:
    """Play the lines through both commands, print a table, and fail where an answer is missing or wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--lines", type=int, default=200_000, help="through each command, default 200,000")
    parser.add_argument("--first", type=int, default=0, help="the place of the first line, to play some lines again")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    say_machine(f"seed {options.seed}, lines of up to {LONGEST:,} characters")
    done: list[Played] = []
    faults: list[str] = []
    kinds: tuple[Kind, ...] = ("phone", "name")
    for kind in kinds:
        with TemporaryDirectory() as folder:
            try:
                done.append(play(Lines(kind, options.lines, options.seed, options.first), Path(folder)))
            except Fault as error:
                faults.append(str(error))
    say_table("Mutated lines as a process each", HEAD, [_row(played) for played in done])
    faults += [fault for played in done for fault in played.grown()]
    for fault in faults:
        say(f"FAULT: {fault}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
