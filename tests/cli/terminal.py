"""A terminal for commands that ask."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Self


def sit_down() -> None:
    """Let a new process be at its terminal, and heed Ctrl-C: what a shell starts in the background ignores it."""
    os.close(os.open(os.ttyname(0), os.O_RDWR))  # makes it the controlling terminal
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A command of astsync at a terminal of its own; its standard output may go into a file instead.

    ``command`` is another program to sit at, ``environ`` what its environment has beside that of the tests.
    """

    def __init__(
        self,
        *arguments: str,
        output: Path | None = None,
        command: Sequence[str] = (sys.executable, "-m", "astsync"),
        environ: Mapping[str, str] = MappingProxyType({}),
        cwd: Path | None = None,
    ) -> None:
        self._master, slave = pty.openpty()
        with output.open("wb") if output else nullcontext(slave) as out:
            self.process = subprocess.Popen(
                [*command, *arguments], cwd=cwd,
                stdin=slave, stdout=out, stderr=slave, start_new_session=True,
                preexec_fn=sit_down,
                env={**{name: os.environ[name] for name in os.environ if not name.startswith("ASTSYNC_")}, **environ},
            )  # fmt: skip
        os.close(slave)
        self.shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def expect(self, text: str) -> None:
        """Wait until a text is shown after what was expected before."""
        end = time.monotonic() + 20
        while text not in self.shown and time.monotonic() < end:
            if select.select([self._master], [], [], 0.1)[0]:
                self.shown += os.read(self._master, 65536).decode(errors="replace")
        assert text in self.shown
        self.before, _, self.shown = self.shown.partition(text)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self) -> int:
        """Read to the end; give the exit code."""
        with suppress(OSError):  # Linux: the other side is closed
            while select.select([self._master], [], [], 20)[0] and (data := os.read(self._master, 65536)):
                self.shown += data.decode(errors="replace")
        return self.process.wait(20)

    def interrupt(self) -> int:
        """Press Ctrl-C, again after a while: one that falls just before a read waits for the next key.

        The while is long enough for a busy machine to end in. A second one that meets Python's own end kills it.
        """
        for _ in range(4):
            self.type("\x03")
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(8)
                break
        return self.end()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)
