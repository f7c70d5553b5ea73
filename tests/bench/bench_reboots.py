"""Times restarts of a real Asterisk whose AstDB is wiped: from "AMI answers again" to "family complete".

``astsync watch`` runs as a process of its own and knows nothing of the restarts. A probe of another AMI user sees AMI
answer (a login that succeeds) and counts the family until it is whole. Run: make reboots.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from astsync.config import PbxConfig
from astsync.errors import PbxError
from astsync.pbx.astdb import AmiPbx
from astsync.sandbox.asterisk import ManagerUser, PrivateAsterisk, find_installation
from tests.bench.bench_sync import CONFIGURATION, onec
from tests.bench.figures import say, say_machine, say_table

FAMILY = "cidname"
PATIENCE = 60.0  # seconds for one restart
USERS = (ManagerUser("astsync", "system"), ManagerUser("probe", "system"))


class Probe:
    """Looks at the PBX beside watch, with a user of its own."""

    def __init__(self, pbx: PrivateAsterisk) -> None:
        values = {"name": "probe", "host": pbx.host, "port": pbx.port, "user": "probe", "timeout": 5}
        self._pbx = AmiPbx(PbxConfig.model_validate({**values, "secret": pbx.secret_of("probe")}), FAMILY)

    def count(self) -> int:
        """Count the family now. Raises PbxError."""
        with self._pbx.open() as family:
            return len(family.read())

    def follow(self, wanted: int) -> float:
        """See AMI go and come, and the family become whole; give the seconds between the last two."""
        deadline = time.monotonic() + PATIENCE
        self._answers(False, deadline)
        answered = self._answers(True, deadline)
        with self._pbx.open() as family:
            while len(family.read()) != wanted and time.monotonic() < deadline:
                time.sleep(0.01)
        if time.monotonic() >= deadline:
            raise SystemExit(f"the family was not whole {PATIENCE:g} s after the restart")
        return time.monotonic() - answered

    def _answers(self, wanted: bool, deadline: float) -> float:
        """Wait until AMI takes a login, or takes none any more; give the moment."""
        while time.monotonic() < deadline:
            try:
                with self._pbx.open():
                    answers, at = True, time.monotonic()
            except PbxError:
                answers, at = False, time.monotonic()
            if answers is wanted:
                return at
            time.sleep(0.01)
        raise SystemExit(f"AMI did not {'come' if wanted else 'go'} within {PATIENCE:g} s")


@contextmanager
def watching(configuration: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``astsync watch`` as a process; it never syncs by itself."""
    call = [sys.executable, "-m", "astsync", "--config", str(configuration), "watch", "--every", "0"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ASTSYNC_")}
    with log.open("wb") as output, subprocess.Popen(call, stdout=output, stderr=output, env=environ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(10)


def restarts(pbx: PrivateAsterisk, probe: Probe, wanted: int, rounds: int) -> list[float]:
    """Restart so many times, every other time by a kill, AstDB wiped each time; give the seconds of each."""
    found = []
    with ThreadPoolExecutor(1) as beside:
        for number in range(rounds):
            seconds = beside.submit(probe.follow, wanted)
            time.sleep(0.2)
            if number % 2:
                pbx.kill()
            pbx.restart(wipe=True)
            found.append(seconds.result())
    return found


def _row(major: int, entries: int, seconds: Sequence[float]) -> list[str]:
    ordered = sorted(seconds)
    tail = statistics.quantiles(ordered, n=20, method="inclusive")[-1] if len(ordered) > 1 else ordered[-1]
    figures = (ordered[0], statistics.median(ordered), tail, ordered[-1])
    return [f"Asterisk {major}", f"{entries:,}", str(len(ordered)), *(f"{value:.2f}" for value in figures)]


def _measure(major: int, size: int, rounds: int) -> list[str] | None:
    installation = find_installation(major)
    if installation is None:
        say(f"There is no Asterisk {major} here: run make asterisk-{major}.")
        return None
    with PrivateAsterisk(installation, users=USERS) as pbx, TemporaryDirectory() as name, onec(size) as login:
        folder = Path(name)
        configuration = folder / "astsync.toml"
        text = CONFIGURATION.format(pbx=pbx, store=folder / "store.sqlite3", **login)
        configuration.write_text(text, encoding="utf-8")
        sync = [sys.executable, "-m", "astsync", "--config", str(configuration), "sync"]
        subprocess.run(sync, check=True, stdout=subprocess.DEVNULL)
        probe = Probe(pbx)
        wanted = probe.count()
        with watching(configuration, folder / "log"):
            return _row(major, wanted, restarts(pbx, probe, wanted, rounds))


def main() -> None:
    """Measure on every Asterisk that is here, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_reboots", description=__doc__)
    parser.add_argument("--majors", type=int, nargs="*", default=[22, 16])
    parser.add_argument("--size", type=int, default=10_000, help="counterparties, default 10,000")
    parser.add_argument("--rounds", type=int, default=20, help="restarts of each Asterisk, default 20")
    options = parser.parse_args()
    say_machine("restarts with AstDB wiped, every other one by SIGKILL", "astsync watch as a process")
    rows = [row for major in options.majors if (row := _measure(major, options.size, options.rounds))]
    head = ("PBX", "entries", "restarts", "min s", "median s", "p95 s", "max s")
    say_table('Seconds from "AMI answers again" to "family complete"', head, rows)


if __name__ == "__main__":
    main()
