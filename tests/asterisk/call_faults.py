"""What each dialplan of examples/asterisk does to a call while astsync is away, stopped or answers badly: a table.

``python -m tests.asterisk.call_faults`` prints it in Markdown, for each Asterisk. A SIP phone tells when it rings, and
with which name.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from astsync.errors import PbxTimeout
from astsync.sandbox.asterisk import RingingAsterisk, find_installation, free_port
from tests.asterisk.ways import ringing

NUMBER, NAME, CARRIER = "74955550143", "OOO Romashka", "MOSCOW RU"
WAYS = {
    "astdb": "AstDB",
    "curl": "AstDB, then CURL",
    "agi": "AstDB, then AGI",
    "bare": "`AGI()` alone",
    "barecurl": "`CURL()` alone",
}
PATIENCE = 6
"""Seconds after which a call that has not rung counts as held."""


@dataclass(frozen=True)
class Outcome:
    """What became of a call: after how many seconds the phone rang, and with which name. None: it did not ring."""

    seconds: float | None
    name: str = ""

    def __str__(self) -> str:
        if self.seconds is None:
            return f"**held**, over {PATIENCE} s"
        kept = {CARRIER: "carrier's name", NAME: "named", "": "**no name**"}.get(self.name, f"**`{self.name}`**")
        return f"{self.seconds:.1f} s, {kept}" if self.seconds >= 0.1 else f"at once, {kept}"


class ServerProcess:
    """The stand-in for ``astsync serve`` as a process of its own, on ports that stay."""

    def __init__(self) -> None:
        self.agi, self.http = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, mode: str = "well") -> None:
        """Start it and wait until it listens."""
        command = [sys.executable, "-m", "tests.asterisk.lookup_standin", str(self.agi), str(self.http), mode, NAME]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def freeze(self) -> None:
        """Stop it as by SIGSTOP: its sockets take connections, and nobody reads them."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


def one_call(asterisk: RingingAsterisk, way: str) -> Outcome:
    """Call, and tell what became of it."""
    before, began = len(asterisk.phone.rung), time.monotonic()
    with contextlib.suppress(PbxTimeout):
        asterisk.ring(way, NUMBER, CARRIER, wait=PATIENCE)
    if len(asterisk.phone.rung) == before:
        return Outcome(None)
    return Outcome(asterisk.phone.rung_at[before] - began, asterisk.phone.rung[before].shown_name())


@contextmanager
def _meanwhile(seconds: float, action: Callable[[], None]) -> Iterator[None]:
    timer = threading.Timer(seconds, action)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def _in_mode(mode: str) -> Callable[[RingingAsterisk, ServerProcess, str], Outcome]:
    def play(asterisk: RingingAsterisk, server: ServerProcess, way: str) -> Outcome:
        server.start(mode)
        return one_call(asterisk, way)

    return play


def _refused(asterisk: RingingAsterisk, _: ServerProcess, way: str) -> Outcome:
    return one_call(asterisk, way)


def _frozen(asterisk: RingingAsterisk, server: ServerProcess, way: str) -> Outcome:
    server.start()
    server.freeze()
    return one_call(asterisk, way)


def _killed(asterisk: RingingAsterisk, server: ServerProcess, way: str) -> Outcome:
    server.start("mute")
    with _meanwhile(0.5, server.kill):
        return one_call(asterisk, way)


def _restarted(asterisk: RingingAsterisk, server: ServerProcess, way: str) -> Outcome:
    def restart() -> None:
        server.kill()
        server.start()

    server.start("mute")
    with _meanwhile(0.5, restart):
        one_call(asterisk, way)
    return one_call(asterisk, way)


FAULTS: dict[str, Callable[[RingingAsterisk, ServerProcess, str], Outcome]] = {
    "answers": _in_mode("well"),
    "answers after 0.8 s": _in_mode("slow"),
    "not running: refuses": _refused,
    "killed during the call, after 0.5 s": _killed,
    "restarted during a call: the next one": _restarted,
    "stopped (SIGSTOP)": _frozen,
    "mute": _in_mode("mute"),
    "closes half-way": _in_mode("half"),
    "answers 404 with a page": _in_mode("404"),
    "answers 500 with a page": _in_mode("500"),
}


def outcomes(asterisk: RingingAsterisk, server: ServerProcess, fault: str, ways: list[str]) -> dict[str, Outcome]:
    """What becomes of a call by each way under this fault."""
    found = {}
    for way in ways:
        try:
            found[way] = FAULTS[fault](asterisk, server, way)
        finally:
            server.kill()
    return found


def main() -> None:
    """Print the table of each Asterisk."""
    for major in (22, 16):
        installation = find_installation(major)
        if installation is None:
            sys.stdout.write(f"NOT MEASURED: no Asterisk {major} here\n")
            continue
        server = ServerProcess()
        with ringing(installation, server.agi, server.http) as asterisk:
            sys.stdout.write(f"\nAsterisk {asterisk.version}\n\n| astsync serve | {' | '.join(WAYS.values())} |\n")
            sys.stdout.write(f"|{'---|' * (len(WAYS) + 1)}\n")
            for fault in FAULTS:
                found = outcomes(asterisk, server, fault, list(WAYS))
                sys.stdout.write(f"| {fault} | {' | '.join(str(found[way]) for way in WAYS)} |\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
