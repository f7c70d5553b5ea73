"""One command of the real program as a process: its exit code, its time and its peak of memory."""

import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.attacks.attack import Outcome

_KEPT = 1_000_000  # bytes of what it printed that are looked at
_HIGHEST = re.compile(rb"VmHWM:\s*(\d+) kB")
_LOOK = 0.01  # seconds between two looks at whether it has ended


@dataclass
class Child:
    """How a command is started. ``program`` is the checkout whose astsync it is; ``before`` goes before the command.

    ``out`` and ``err`` are descriptors in the place of the pipes that are read; ``limits`` are limits of the system, by
    their numbers.
    """

    program: Path
    environment: Mapping[str, str]
    before: tuple[str, ...] = ()
    stdin: int = subprocess.DEVNULL
    out: int | None = None
    err: int | None = None
    limits: dict[int, int] = field(default_factory=dict)

    def start(self, arguments: tuple[str, ...], out: int, err: int) -> "subprocess.Popen[bytes]":
        """Start a command."""
        process = subprocess.Popen(
            [*self.before, sys.executable, "-m", "astsync", *arguments],
            stdin=self.stdin,
            stdout=out,
            stderr=err,
            cwd=self.program,
            env=dict(self.environment),
            start_new_session=True,
        )
        for limit, value in self.limits.items():
            resource.prlimit(process.pid, limit, (value, value))
        return process

    def run(self, arguments: tuple[str, ...], most: float, ends: float | None = None) -> Outcome:
        """Play a command. After ``ends`` seconds it is asked to end, after ``most`` seconds it is killed."""
        printed: tuple[bytearray, bytearray] = bytearray(), bytearray()
        with ExitStack() as stack:
            out, err = (stack.enter_context(_kept(into)) for into in printed)
            started = time.monotonic()
            process = self.start(
                arguments, out if self.out is None else self.out, err if self.err is None else self.err
            )
            code, work, peak = _wait(process.pid, started, most, ends)
            process.returncode = 0 if code is None else code  # it was waited for here, for its figures
            seconds = time.monotonic() - started
        said = [bytes(each).decode("utf-8", "surrogateescape") for each in printed]
        return Outcome(code, seconds, peak, said[0], said[1], work)


@contextmanager
def _kept(into: bytearray) -> Iterator[int]:
    """The end of a pipe that a command prints to; the beginning of what it prints goes ``into``."""
    reading, writing = os.pipe()

    def read() -> None:
        while data := os.read(reading, 1 << 16):
            into.extend(data[: _KEPT - len(into)])

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield writing
    finally:
        os.close(writing)
        thread.join()
        os.close(reading)


def _wait(pid: int, started: float, most: float, ends: float | None) -> tuple[int | None, float, int]:
    """Wait for the end. The exit code, None when it was killed after ``most`` seconds; seconds of work; peak in bytes.

    The peak is looked at while the command runs: what the system tells at the end counts the process that started it.
    """
    asked, peak = False, 0
    while True:
        peak = max(peak, _peak(pid))
        found, status, usage = os.wait4(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, peak
        passed = time.monotonic() - started
        if ends is not None and passed > ends and not asked:
            os.kill(pid, signal.SIGTERM)
            asked = True
        if passed > most:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            usage = os.wait4(pid, 0)[2]
            return None, usage.ru_utime + usage.ru_stime, peak
        time.sleep(_LOOK)


def _peak(pid: int) -> int:
    """The peak of resident memory of a process so far; 0 of one that has ended."""
    try:
        found = _HIGHEST.search(Path(f"/proc/{pid}/status").read_bytes())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0
