"""Runs astsync's command line in forks of one process that has everything loaded: each can be killed at any point.

As a program it reads ``{"argv": [...], "env": {...}, "out": "file"}``, a line a command, and answers ``{"pid": n}`` at
the start and ``{"pid": n, "code": n}`` at the end of each; a command that a signal ended has the negative number of it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

LOADED = ("astsync.cli.wiring", "astsync.reports.formats", "phonenumbers", "iuliia", "astsync.sources.file")
"""What the commands would load in every fork."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, or the negative number of the signal, and what it printed."""

    code: int
    printed: str


class Zygote:
    """The process that forks; a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "Zygote":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def start(self, *arguments: str) -> int:
        """Start a command and give its process."""
        self._count += 1
        self._out = self._folder / f"out-{self._count}.txt"
        order = {"argv": ["astsync", *arguments], "out": str(self._out)}
        if self._process.stdin is None:
            raise RuntimeError("no pipe to the zygote")
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._heard()["pid"])

    def wait(self) -> Ended:
        """Wait until the command that was started last has ended."""
        code = int(self._heard()["code"])
        printed = self._out.read_text(encoding="utf-8", errors="replace")
        self._out.unlink()
        return Ended(code, printed)

    def run(self, *arguments: str) -> Ended:
        """Run a command to its end."""
        self.start(*arguments)
        return self.wait()

    def _heard(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise RuntimeError("no pipe from the zygote")
        value: dict[str, Any] = json.loads(self._process.stdout.readline())
        return value


def _serve() -> None:
    for name in LOADED:
        import_module(name)
    main = import_module("astsync.cli").main
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _child(order, main)
        _say({"pid": pid})
        _, status = os.waitpid(pid, 0)
        _say({"pid": pid, "code": os.waitstatus_to_exitcode(status)})


def _say(words: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def _child(order: dict[str, Any], main: Callable[[], None]) -> None:
    out = os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, end in ((0, nothing), (1, out), (2, out)):
        os.dup2(end, number)
    sys.argv = order["argv"]
    code = 1
    try:
        main()
        code = 0
    except SystemExit as end_of_it:
        code = end_of_it.code if isinstance(end_of_it.code, int) else 0 if end_of_it.code is None else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
