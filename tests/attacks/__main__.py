"""All attacks, and the table of what they did. Run: make attacks."""

import argparse
import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.attacks import table
from tests.attacks.attack import Attack, Pace
from tests.attacks.place import World
from tests.attacks.rows import all_attacks, shared
from tests.attacks.runner import Played, Runner, chosen, play_all
from tests.attacks.yardstick import Yardstick
from tests.bench.figures import say, say_machine

_ROOT = Path(__file__).parents[2]


def main() -> None:
    """Play the attacks, print the table, and fail where one broke its bounds."""
    options = _options()
    attacks = chosen(shared() if options.share else all_attacks(), options.only or [""])
    if options.list:
        say("\n".join(attack.full_name for attack in attacks))
        return
    pace = Pace()
    say_machine(f"seed {options.seed}, {len(attacks)} attacks, {options.jobs} at a time")
    played = _play(attacks, pace, options)
    before = json.loads(options.before.read_text(encoding="utf-8")) if options.before else {}
    head = (*table.HEAD, "before") if before else table.HEAD
    lines = table.rows(played, pace, before)
    say("")
    say((table.as_markdown if options.markdown else table.as_text)(head, lines))
    say(f"\n{table.totals(played)}")
    if options.save:
        options.save.write_text(json.dumps({e.attack.full_name: table.in_short(e) for e in played}, indent=1), "utf-8")
    sys.exit(any(each.outcome.faults for each in played))


def _play(attacks: list[Attack], pace: Pace, options: argparse.Namespace) -> list[Played]:
    tell = _tell if options.verbose else lambda _: None
    with (
        TemporaryDirectory(prefix="astsync-attacks-") as folder,
        World(Path(folder), pace, options.program) as world,
        Yardstick() as yardstick,
    ):
        return play_all(Runner(world, yardstick, options.factor), attacks, options.jobs, options.seed, tell)


def _tell(played: Played) -> None:
    outcome = played.outcome
    word = f"not played: {outcome.skipped}" if outcome.skipped else "; ".join(outcome.faults) or "kept within bounds"
    say(f"{table.ended(played):>6} {outcome.seconds:5.1f} s  {played.attack.full_name}: {word}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("--only", action="append", metavar="TEXT", help="names that hold this text; again for more")
    parser.add_argument("--share", action="store_true", help="those that CI plays")
    parser.add_argument("--jobs", type=int, default=4, help="how many at a time, default 4")
    parser.add_argument("--seed", type=int, default=0, help="of the order")
    parser.add_argument("--factor", type=float, default=1.0, help="stretches the allowed times, on a busy machine")
    parser.add_argument("--markdown", action="store_true", help="the table in Markdown")
    parser.add_argument("--list", action="store_true", help="the names alone")
    parser.add_argument("--verbose", action="store_true", help="tell of each when it ends")
    parser.add_argument("--program", type=Path, default=_ROOT, help="another checkout whose astsync is attacked")
    parser.add_argument("--save", type=Path, help="keep what each did in this file")
    parser.add_argument("--before", type=Path, help="such a file of an older program, for a column")
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.pop("ASTSYNC_CONFIG", None)
    main()
