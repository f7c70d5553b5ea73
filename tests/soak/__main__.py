"""The whole soak: 24 hours of watch beside a stand-in PBX, and beside each real Asterisk. Run: make soak."""

import argparse
import logging
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from astsync.sandbox.asterisk import find_installation
from tests.bench.figures import say, say_machine, say_table
from tests.soak.day import HOUR, Day, RealPbx, StandInPbx, live

MOST_OBJECTS, MOST_MEMORY = 300_000, 20_000_000  # bytes
HEAD = ("PBX", "hours", "pulls", "threads", "descriptors", "Python's objects", "resident memory")


def _row(name: str, day: Day) -> list[str]:
    first, last = day.samples[0], day.samples[-1]
    return [
        name,
        str(len(day.samples)),
        str(day.pulls),
        f"{len(first.threads)} → {len(last.threads)}",
        f"{first.descriptors} → {last.descriptors}",
        f"{first.objects / 1e6:.2f} → {last.objects / 1e6:.2f} MB",
        f"{first.resident / 1e6:.1f} → {last.resident / 1e6:.1f} MB",
    ]


def _leaks(day: Day) -> list[str]:
    """Name what has grown."""
    first = day.samples[0]
    found = {
        "threads": any(sample.threads != first.threads for sample in day.samples),
        "descriptors": any(sample.descriptors != first.descriptors for sample in day.samples),
        "Python's objects": day.grown_objects > MOST_OBJECTS,
        "resident memory": day.grown_memory > MOST_MEMORY,
    }
    return [name for name, grown in found.items() if grown]


def _live(pbx: StandInPbx | RealPbx, hours: int, speed: float, seed: int) -> Day:
    try:
        with TemporaryDirectory() as folder:
            return live(Path(folder), pbx, hours, speed, seed)
    finally:
        pbx.stop()


def main() -> None:
    """Live the days, print a table, and fail where something leaks."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--hours", type=int, default=24, help="beside each PBX, default 24")
    parser.add_argument("--second", type=float, default=4, help="real seconds an hour, default 4")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.getLogger("astsync").addHandler(logging.NullHandler())
    speed = HOUR / options.second
    say_machine(f"watch with a restart an hour, AstDB lost each time, an hour in {options.second:g} s")
    say()
    days = {"stand-in": _live(StandInPbx(), options.hours, speed, options.seed)}
    for major in (22, 16):
        installation = find_installation(major)
        if installation is None:
            say(f"NOT RUN: there is no Asterisk {major} here; make asterisk-{major} brings it.")
        else:
            days[f"Asterisk {major}"] = _live(RealPbx(installation), options.hours, speed, options.seed)
    say_table("After the first restart → after the last", HEAD, [_row(name, day) for name, day in days.items()])
    leaks = [f"{name}: {what}" for name, day in days.items() for what in _leaks(day)]
    sys.exit(f"LEAKS: {'; '.join(leaks)}" if leaks else 0)


if __name__ == "__main__":
    main()
