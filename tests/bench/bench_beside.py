"""Times what others wait for an Asterisk while a large phonebook is written to it and read. Run: make bench-beside.

From connections of their own, a DBGet and a call through the dialplan are asked for at fixed moments, before, and
beside each thing that a push does to a PBX: the family is put, and read. The writer with nothing around AMI is the
reference. A push may delay nine in ten by nothing, and one in a hundred by 50 ms.

One thing no window changes: Asterisk holds AstDB's lock while it gives a list (main/db.c, manager_db_tree_get), so who
asks meanwhile waits for its end, however slowly or fast it is read. That is a row of its own.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import tests.bench.beside_probe
from astsync.pbx import pipeline
from astsync.sandbox.asterisk import ManagerUser, PrivateAsterisk, find_installation
from tests.bench.entries import make_entries
from tests.bench.figures import say, say_machine, say_table
from tests.bench.ours import Ours
from tests.bench.proc import cpu_seconds
from tests.bench.raw import Raw, in_batches, prepare
from tests.secured_asterisk import secured_asterisk

TARGET = 0.050  # seconds that one of a hundred may wait while the family is written
_USERS = (
    ManagerUser("astsync", "system"),
    ManagerUser("command", "system,command"),
    ManagerUser("caller", "originate,call", "user"),
)
_PAUSES = {"get": 0.01, "call": 0.1}  # seconds between two questions
_IDLE = 5.0  # seconds
_HEAD = ("entries/s", "Asterisk, µs of CPU", "asked", "median, ms", "99 of 100 within, ms", "longest, ms")


class Beside:
    """One Asterisk, whoever works on it, and who asks it beside. ``rows`` are those of the table."""

    def __init__(self, pbx: PrivateAsterisk, folder: Path, count: int) -> None:
        self._pbx, self._count = pbx, count
        self._entries = make_entries(count)
        self._ours = Ours(pbx, folder)
        self.rows: list[list[str]] = []
        self.worst: dict[str, float] = {}

    def idle(self) -> float:
        """Let nobody work."""
        time.sleep(_IDLE)
        return 0.0

    def put_raw(self) -> float:
        """Write with nothing around AMI."""
        batches = in_batches(prepare(self._entries))
        with Raw(self._pbx) as raw:
            return raw.put(batches)

    def put(self) -> float:
        """Write as a push does."""
        return self._ours.put(self._count)

    def read(self) -> float:
        """Read as a push does."""
        return self._ours.read(self._count)

    def watched(self, name: str, work: Callable[[], float]) -> None:
        """Work while others ask, and make a row for each of them."""
        before = cpu_seconds(self._pbx.pid or 0)
        with ExitStack() as stack:
            asked = {what: stack.enter_context(self._asking(what)) for what in _PAUSES}
            begun = time.monotonic()
            seconds = work()
            spent = cpu_seconds(self._pbx.pid or 0) - before
            span = (begun, time.monotonic())
        rate, cost = (f"{self._count / seconds:,.0f}", f"{spent / self._count * 1e6:.1f}") if seconds else ("", "")
        for what, found in asked.items():
            took = sorted(wait for due, wait in found if span[0] <= due <= span[1])
            far = took[min(int(len(took) * 0.99), len(took) - 1)] if took else 0.0
            self.worst[f"{name}, {what}"] = max(far, self.worst.get(f"{name}, {what}", 0.0))
            figures = (took[len(took) // 2], far, took[-1]) if took else ()
            self.rows.append(
                [f"{name}: {what}", rate, cost, f"{len(took):,}", *(f"{one * 1000:,.1f}" for one in figures)]
            )

    @contextmanager
    def _asking(self, what: str) -> Iterator[list[tuple[float, float]]]:
        """Ask in a process of its own. What it found is in the list at the end of the context."""
        user = self._pbx.users[-1 if what == "call" else 0]
        words = (what, self._pbx.host, self._pbx.port, user.name, user.secret, self._entries[0][0], _PAUSES[what])
        command = [sys.executable, tests.bench.beside_probe.__file__, *map(str, words)]
        found: list[tuple[float, float]] = []
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            yield found
            answer, _ = process.communicate()
            if process.returncode == 0:
                found += json.loads(answer)


def _play(beside: Beside, windows: Sequence[int], rounds: int) -> None:
    beside.watched("nobody", beside.idle)
    for _ in range(rounds):
        beside.watched("raw writer", beside.put_raw)
        for window in windows:
            pipeline.WINDOW = window
            beside.watched(f"put, window {window:,}", beside.put)
        beside.watched("read", beside.read)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_beside", description=__doc__)
    parser.add_argument("--majors", type=int, nargs="+", default=[22, 16], help="the Asterisks to use; default 22 16")
    parser.add_argument("--count", type=int, default=1_000_000, help="entries; default 1,000,000")
    parser.add_argument("--windows", type=int, nargs="+", default=[pipeline.WINDOW], help="unanswered actions")
    parser.add_argument("--rounds", type=int, default=1, help="default 1")
    return parser.parse_args()


def main() -> None:
    """Measure and print a table for each Asterisk."""
    options = _options()
    for major in options.majors:
        installation = find_installation(major)
        if installation is None:
            raise SystemExit(f"There is no Asterisk {major} here: run make asterisk-{major}.")
        with TemporaryDirectory() as folder, secured_asterisk(installation, Path(folder), _USERS) as pbx:
            say_machine(f"Asterisk {pbx.version}", f"{options.count:,} entries", "loopback")
            with Raw(pbx) as raw:
                raw.put(in_batches(prepare(make_entries(1_000))))
            beside = Beside(pbx, Path(folder), options.count)
            _play(beside, options.windows, options.rounds)
            say_table("What others wait for", ("beside whom: what", *_HEAD), beside.rows)
            late = [name for name, far in beside.worst.items() if name.startswith("put") and far > TARGET]
            holds = f"DOES NOT HOLD for {', '.join(late)}" if late else "holds"
            say(f"\nTarget: beside a put, 99 of 100 are answered within {TARGET * 1000:g} ms: {holds}")


if __name__ == "__main__":
    main()
