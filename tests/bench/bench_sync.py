"""Times whole commands as processes, from a stand-in 1C in another process to a real Asterisk. Run: make bench.

A round starts from nothing: no store, an empty family. What the PBX holds is counted after every command. Of several
sizes the slope is told: what an entry more costs, which must not grow.
"""

import argparse
import itertools
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from astsync.sandbox.asterisk import PrivateAsterisk, find_installation
from tests.bench.figures import median, say, say_machine, say_table, spread
from tests.bench.raw import FAMILY, Raw, in_batches, prepare
from tests.eventually import eventually

SIZE, LARGE = 10_000, (100_000, 1_000_000)
DIFFERENCES = 100  # entries that are spoilt on the PBX before a sync that has a little to do
VERSION, DIFF, FIRST, IDLE = "--version", "diff", "sync, the first", "sync, nothing to do"
FEW, PUSH, AGAIN = f"sync, {DIFFERENCES} differences", "push after a reboot", "push on a full family"
STATUS = "status"
CONFIGURATION = """\
[source]
url = "{url}"
user = "{user}"
password = "{password}"

[numbers]
area_code = "495"

[store]
path = "{store}"

[[pbx]]
name = "office"
host = "{pbx.host}"
port = {pbx.port}
user = "{pbx.user}"
secret = "{pbx.secret}"
"""
FROM_FILE = '[source]\nkind = "file"\nfile.path = "{list}"\n\n' + CONFIGURATION[CONFIGURATION.index("[numbers]") :]
"""The same with a list in a file."""


@dataclass(frozen=True)
class Run:
    """One command as a process: seconds by the clock and of its own CPU, and the most memory it had, in MB."""

    wall: float
    cpu: float
    memory: float


@dataclass
class Command:
    """A command, what happens to the family before it, what it leaves on the PBX (nothing, or all), and its runs."""

    name: str
    arguments: Sequence[str]
    before: "Callable[[Sandbox], None]" = lambda _: None
    fills: bool = True
    runs: list[Run] = field(default_factory=list)

    @property
    def cpu(self) -> float:
        """Seconds of its own processor, median."""
        return median(run.cpu for run in self.runs)

    @property
    def wall(self) -> float:
        """Seconds that passed, median."""
        return median(run.wall for run in self.runs)

    @property
    def memory(self) -> float:
        """The most memory that it had in any run, in MB."""
        return max((run.memory for run in self.runs), default=0.0)

    @property
    def row(self) -> list[str]:
        """Its line of the table."""
        walls = [run.wall for run in self.runs]
        return [f"astsync {self.name}", f"{self.wall:.2f}", spread(walls, ".2f"), f"{self.cpu:.2f} s",
                f"{self.memory:,.0f} MB"]  # fmt: skip


def whole_commands() -> list[Command]:
    """The commands of a round, in their order."""
    return [
        Command(VERSION, ["--version"], fills=False),  # start-up alone
        Command(DIFF, ["diff"], fills=False),
        Command(FIRST, ["sync"]),
        Command(FEW, ["sync"], Sandbox.spoil),
        Command(IDLE, ["sync"]),
        Command(PUSH, ["push"], Sandbox.reboot),
        Command(AGAIN, ["push"]),
        Command(STATUS, ["status"]),
    ]


def run_command(configuration: Path, arguments: Sequence[str], printed: Path) -> Run:
    """Run a command as a process of its own; what it says goes into a file. Raises SystemExit where it fails."""
    return run_python(["-m", "astsync", "--config", str(configuration), *arguments], printed)


def run_python(arguments: Sequence[str], printed: Path) -> Run:
    """Run Python with these arguments; what it says goes into a file. Raises SystemExit where it fails.

    This process must be small: the system counts the memory of who starts a process as that process's own.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ASTSYNC_")}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as it is installed: the modules are compiled once
    with printed.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], stdout=output, stderr=subprocess.STDOUT, env=environ)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}:\n{printed.read_text()[-2000:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


class Sandbox:
    """A configuration that reaches a source and a PBX; ``source`` fills the fields of its template."""

    def __init__(
        self, folder: Path, pbx: PrivateAsterisk, raw: Raw, source: Mapping[str, str], template: str = CONFIGURATION
    ) -> None:
        self._store, self._printed = folder / "store.sqlite3", folder / "output"
        self.configuration = folder / "astsync.toml"
        self.configuration.write_text(template.format(pbx=pbx, store=self._store, **source), encoding="utf-8")
        self.configuration.chmod(0o600)
        self._pbx, self._raw = pbx, raw
        self.entries = 0

    def play(self, commands: Sequence[Command]) -> None:
        """Run every command once, from nothing."""
        self._store.unlink(missing_ok=True)
        self.wipe()
        for command in commands:
            self.repeat(command)

    def repeat(self, command: Command) -> None:
        """Run a command once more."""
        command.before(self)
        command.runs.append(run_command(self.configuration, command.arguments, self._printed))
        self._check(command)

    def wipe(self) -> None:
        """Empty the family."""
        self._raw.wipe()

    def reboot(self) -> None:
        """Start the PBX anew, without its AstDB."""
        self._raw.reboot()

    def spoil(self) -> None:
        """Give some entries another name on the PBX, whose own database tells their keys within a second."""
        eventually(lambda: len(self._keys()) == DIFFERENCES)
        keys = self._keys()
        self._raw.put(in_batches(prepare([(key, "spoilt") for key in keys])))

    def _keys(self) -> list[str]:
        with closing(sqlite3.connect(f"{self._pbx.database.as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT key FROM astdb WHERE key LIKE ? LIMIT ?", [f"/{FAMILY}/%", DIFFERENCES])
            return [key.rpartition("/")[2] for (key,) in rows]

    def _check(self, command: Command) -> None:
        """Hold the PBX to what the command should have left on it."""
        held = self._raw.count()[0]
        self.entries = self.entries or held
        if held != (self.entries if command.fills else 0) or (command.fills and not held):
            raise SystemExit(f"after {command.name} the PBX holds {held:,} entries")


@contextmanager
def onec(size: int) -> Iterator[dict[str, str]]:
    """Run a stand-in 1C in a process of its own; give its address and login."""
    command = [sys.executable, "-m", "astsync.sandbox.onec", "--size", str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        try:
            if process.stdout is None:
                raise RuntimeError("no standard output")
            lines = [process.stdout.readline().split() for _ in range(3)]
            yield dict(lines)
        finally:
            process.terminate()


@dataclass
class Whole:
    """The commands of one size; ``entries`` is what the phonebook has."""

    size: int
    commands: list[Command]
    entries: int

    def command(self, name: str) -> Command:
        """The command of this name."""
        return next(command for command in self.commands if command.name == name)


def measure(
    pbx: PrivateAsterisk,
    raw: Raw,
    size: int,
    rounds: int,
    beside: Callable[[Path], None] = lambda _: None,
    source: Callable[[int], AbstractContextManager[Mapping[str, str]]] = onec,
) -> Whole:
    """Play the commands with so many counterparties of a ``source``, and print their table.

    ``beside`` is called with the configuration while the source is still there, for figures to compare with.
    """
    commands = whole_commands()
    with TemporaryDirectory() as folder, source(size) as login:
        sandbox = Sandbox(Path(folder), pbx, raw, login)
        for _ in range(rounds):
            sandbox.play(commands)
        beside(sandbox.configuration)
    title = f"{size:,} counterparties, {sandbox.entries:,} entries, medians of {rounds}"
    head = ("command", "seconds", "least to most", "its own CPU", "peak memory")
    say_table(title, head, [command.row for command in commands])
    return Whole(size, commands, sandbox.entries)


def say_slope(sizes: Sequence[Whole]) -> None:
    """Print what an entry more costs from size to size. Where cost grows in proportion it stays the same."""
    steps = list(itertools.pairwise(sizes))
    if not steps:
        return
    head = [f"{low.entries:,} to {high.entries:,}" for low, high in steps]
    rows = [[f"astsync {command.name}", *_steps(command.name, steps)] for command in sizes[0].commands[1:]]
    last = ["the last by the first"] if len(steps) > 1 else []
    say_table("An entry more: CPU and memory", ("command", *head, *last), rows)


def _steps(name: str, steps: Sequence[tuple[Whole, Whole]]) -> list[str]:
    costs, cells = [], []
    for low, high in steps:
        less, more, entries = low.command(name), high.command(name), high.entries - low.entries
        costs.append((more.cpu - less.cpu) / entries * 1e6)
        cells.append(f"{costs[-1]:.1f} us, {(more.memory - less.memory) * 2**20 / entries:,.0f} bytes")
    return [*cells, *([f"{costs[-1] / costs[0]:.2f}"] if len(costs) > 1 else [])]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_sync", description=__doc__)
    parser.add_argument("--major", type=int, default=22, help="the Asterisk to use, 22 (default) or 16")
    parser.add_argument("--rounds", type=int, default=5, help="default 5; one where there is more than a small list")
    sizes = " and ".join(f"{size:,}" for size in LARGE)
    parser.add_argument("--large", action="store_true", help=f"also {sizes} counterparties")
    return parser.parse_args()


def main() -> None:
    """Measure and print a table for each size."""
    options = _options()
    installation = find_installation(options.major)
    if installation is None:
        raise SystemExit(f"There is no Asterisk {options.major} here: run make asterisk-{options.major}.")
    with PrivateAsterisk(installation) as pbx, Raw(pbx) as raw:
        say_machine(f"Asterisk {pbx.version}", "whole commands as processes, a stand-in 1C in another")
        sizes = [measure(pbx, raw, SIZE, options.rounds)]
        sizes += [measure(pbx, raw, size, 1) for size in (LARGE if options.large else ())]
        say_slope(sizes)
    say()


if __name__ == "__main__":
    main()
