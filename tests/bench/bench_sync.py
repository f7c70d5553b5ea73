"""Times whole commands as processes, from a stand-in 1C in another process to a real Asterisk. Run: make bench.

A round starts from nothing: no store, an empty family. What the PBX holds is counted after every command.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from astsync.sandbox.asterisk import PrivateAsterisk, find_installation
from tests.bench.figures import median, say, say_machine, say_table, spread
from tests.bench.raw import Raw

SIZE, LARGE = 10_000, (200_000, 1_000_000)
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


@dataclass(frozen=True)
class Run:
    """One command as a process: seconds by the clock and of its own CPU, and the most memory it had, in MB."""

    wall: float
    cpu: float
    memory: float


@dataclass
class Command:
    """A command, what it leaves on the PBX (nothing, or the whole phonebook), and its runs."""

    name: str
    arguments: Sequence[str]
    fills: bool = True
    wiped: bool = False
    runs: list[Run] = field(default_factory=list)


def _commands() -> list[Command]:
    return [
        Command("astsync --version (start-up alone)", ["--version"], fills=False),
        Command("astsync diff", ["diff"], fills=False),
        Command("astsync sync, the first", ["sync"]),
        Command("astsync sync, nothing to do", ["sync"]),
        Command("astsync push after a wipe", ["push"], wiped=True),
    ]


class Sandbox:
    """A configuration that reaches a stand-in 1C of so many counterparties and a PBX."""

    def __init__(self, folder: Path, pbx: PrivateAsterisk, raw: Raw, login: dict[str, str]) -> None:
        self._store, self._output = folder / "store.sqlite3", folder / "output"
        self._configuration = folder / "astsync.toml"
        self._configuration.write_text(CONFIGURATION.format(pbx=pbx, store=self._store, **login), encoding="utf-8")
        self._raw = raw
        self.entries = 0

    def play(self, commands: Sequence[Command]) -> None:
        """Run every command once, from nothing."""
        self._store.unlink(missing_ok=True)
        self._raw.wipe()
        for command in commands:
            if command.wiped:
                self._raw.wipe()
            command.runs.append(self._run(command))
            self._check(command)

    def _run(self, command: Command) -> Run:
        call = [sys.executable, "-m", "astsync", "--config", str(self._configuration), *command.arguments]
        environ = {name: value for name, value in os.environ.items() if not name.startswith("ASTSYNC_")}
        with self._output.open("wb") as output:
            start = time.perf_counter()
            process = subprocess.Popen(call, stdout=output, stderr=subprocess.STDOUT, env=environ)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"{command.name} ended with {process.returncode}:\n{self._output.read_text()[-2000:]}")
        return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)

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


def _measure(pbx: PrivateAsterisk, raw: Raw, size: int, rounds: int) -> None:
    commands = _commands()
    with TemporaryDirectory() as folder, onec(size) as login:
        sandbox = Sandbox(Path(folder), pbx, raw, login)
        for _ in range(rounds):
            sandbox.play(commands)
    title = f"{size:,} counterparties, {sandbox.entries:,} entries, medians of {rounds}"
    say_table(title, ("command", "seconds", "least to most", "its own CPU", "peak memory"), [_row(c) for c in commands])


def _row(command: Command) -> list[str]:
    walls = [run.wall for run in command.runs]
    cpu, memory = median(run.cpu for run in command.runs), median(run.memory for run in command.runs)
    return [command.name, f"{median(walls):.2f}", spread(walls, ".2f"), f"{cpu:.2f} s", f"{memory:,.0f} MB"]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_sync", description=__doc__)
    parser.add_argument("--major", type=int, default=22, help="the Asterisk to use, 22 (default) or 16")
    parser.add_argument("--rounds", type=int, default=5, help="default 5; one where there is more than a small list")
    parser.add_argument("--large", action="store_true", help=f"also {LARGE[0]:,} and {LARGE[1]:,} counterparties")
    return parser.parse_args()


def main() -> None:
    """Measure and print a table for each size."""
    options = _options()
    installation = find_installation(options.major)
    if installation is None:
        raise SystemExit(f"There is no Asterisk {options.major} here: run make asterisk-{options.major}.")
    with PrivateAsterisk(installation) as pbx, Raw(pbx) as raw:
        say_machine(f"Asterisk {pbx.version}", "whole commands as processes, a stand-in 1C in another")
        _measure(pbx, raw, SIZE, options.rounds)
        for size in LARGE if options.large else ():
            _measure(pbx, raw, size, 1)
    say()


if __name__ == "__main__":
    main()
