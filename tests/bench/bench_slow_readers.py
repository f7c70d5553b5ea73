"""Reads a family over TLS many times by readers that are slowed, and counts what came of it. Run: make slow-readers.

A reading may be whole, or refused (the list may have holes, or the session ended within it). A list with holes that
passes for a whole one is the one outcome that must not be; then this ends with an error.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from astsync.config import PbxConfig
from astsync.errors import PbxConnectionLost, PbxListCut
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.patient import PatientPbx
from astsync.pbx.wire import Wire
from astsync.sandbox.asterisk import find_installation
from astsync.sandbox.asterisk.conf_files import ManagerUser
from tests.bench.entries import make_entries
from tests.bench.figures import median, say, say_machine, say_table
from tests.bench.raw import FAMILY
from tests.secured_asterisk import secured_asterisk, secured_config

WAYS = ("free", "stopped", "napping", "crowded")
"""Nothing; SIGSTOP and SIGCONT; a pause at each megabyte; four busy processes beside it."""
WHOLE, CUT, LOST = "whole", "refused: may have holes", "refused: ended within"
HASTY = ManagerUser("hasty", "system")  # 100 ms for a write, as an Asterisk has by itself
PATIENT = ManagerUser("patient", "system", write_timeout=5_000)  # fills the family: not what is measured
NAP = 0.25  # seconds


def read(config: PbxConfig, count: int) -> str:
    """Read once, and tell what came of it."""
    try:
        with AmiPbx(config, FAMILY).open() as family:
            found = len(family.read())
    except PbxListCut:
        return CUT
    except PbxConnectionLost:
        return LOST
    return WHOLE if found == count else f"WRONG: {found:,} believed"


def serve_readings(way: str) -> None:
    """Be the process that reads: the work comes as JSON on standard input, the outcomes go out as JSON."""
    work = json.load(sys.stdin)
    if way == "napping":
        _nap_at_each_megabyte()
    config = PbxConfig.model_validate(work["config"])
    outcomes, seconds = Counter[str](), []
    for _ in range(work["readings"]):
        started = time.perf_counter()
        outcomes[read(config, work["count"])] += 1
        seconds.append(time.perf_counter() - started)
    json.dump({"outcomes": outcomes, "seconds": median(seconds)}, sys.stdout)


def _nap_at_each_megabyte() -> None:
    pull, taken = Wire._pull, 0

    def napping(wire: Wire) -> bytes | None:
        nonlocal taken
        data = pull(wire)
        taken += len(data or b"")
        if taken > 1_000_000:
            taken = 0
            time.sleep(NAP)
        return data

    Wire._pull = napping  # type: ignore[assignment, method-assign]


@contextmanager
def slowed(way: str, pid: int) -> Iterator[None]:
    """Slow a process from outside."""
    over = threading.Event()

    def stop_and_go() -> None:
        while not over.wait(random.uniform(0.05, 0.3)):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(random.uniform(0.1, 0.5))
            os.kill(pid, signal.SIGCONT)

    with ExitStack() as stack:
        if way == "crowded":
            for _ in range(4):
                busy = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
                stack.callback(busy.kill)
        if way == "stopped":
            thread = threading.Thread(target=stop_and_go)
            thread.start()
            stack.callback(thread.join)
            stack.callback(over.set)
        yield


def measure(way: str, config: PbxConfig, count: int, readings: int) -> tuple[Counter[str], float]:
    """Have a process of its own read so often; give the outcomes, and the median of seconds."""
    values = config.model_dump(mode="json", exclude_defaults=True) | {"secret": config.password()}
    work = json.dumps({"config": values, "count": count, "readings": readings})
    command = [sys.executable, "-m", "tests.bench.bench_slow_readers", "--serve", way]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader,
        slowed(way, reader.pid),
    ):
        answer = json.loads(reader.communicate(work)[0])
    return Counter(answer["outcomes"]), answer["seconds"]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_slow_readers", description=__doc__)
    parser.add_argument("--entries", type=int, nargs="*", default=[60_000, 1_000_000])
    parser.add_argument("--readings", type=int, default=20, help="of each kind; default 20")
    parser.add_argument("--majors", type=int, nargs="*", default=[22, 16], help="the Asterisks; default 22 and 16")
    parser.add_argument("--serve", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve_readings(options.serve)
        return
    say_machine("over TLS", "loopback", f"{options.readings} readings each")
    rows, wrong = [], 0
    for major in options.majors:
        installation = find_installation(major)
        if installation is None:
            raise SystemExit(f"There is no Asterisk {major} here: run make asterisk-{major}.")
        for count in options.entries:
            with TemporaryDirectory() as folder, secured_asterisk(installation, Path(folder), [HASTY, PATIENT]) as pbx:
                config = secured_config(pbx, Path(folder), timeout=60)
                filler = secured_config(pbx, Path(folder), PATIENT.name, timeout=60)
                with PatientPbx(AmiPbx(filler, FAMILY), 60).open() as family:  # as a run fills it
                    family.put(list(make_entries(count)))
                for way in WAYS:
                    outcomes, seconds = measure(way, config, count, options.readings)
                    bad = outcomes.total() - sum(outcomes[good] for good in (WHOLE, CUT, LOST))
                    wrong += bad
                    figures = (outcomes[WHOLE], outcomes[CUT], outcomes[LOST], bad)
                    rows.append([str(major), f"{count:,}", way, *map(str, figures), f"{seconds:.2f}"])
    head = ("Asterisk", "entries", "reader", WHOLE, CUT, LOST, "WRONG", "seconds (median)")
    say_table("Readings over TLS", head, rows)
    say(f"lists with holes that passed for whole ones: {wrong}")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
