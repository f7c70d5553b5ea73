"""How much longer work takes now than it would on an idle machine.

A time-out is time, but a program's own work is not: among many others it takes longer. So of a command's time that part
is taken off which it waited for a core: its processor time, times how much longer than processor time a yardstick of
work takes meanwhile. On an idle machine that is nothing.
"""

import os
import statistics
import subprocess
import sys
import threading
import time
from collections import deque
from types import TracebackType
from typing import Self

_WORK = 0.05  # seconds of processor time of one measurement: systems favour who works shorter than that
_REST = 0.7  # seconds between two
_KEPT = 10_000


class Yardstick:
    """Measures all the time, in a process of its own. A context manager."""

    def __init__(self) -> None:
        self._found: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._thread.join()
        self._process.communicate()

    def stretch(self, since: float) -> float:
        """How many times longer work took since a moment; 1 on an idle machine."""
        ratios = [ratio for moment, ratio in list(self._found) if moment >= since]
        return max(statistics.median(ratios), 1.0) if ratios else 1.0

    def _read(self) -> None:
        if self._process.stdout is not None:
            for line in self._process.stdout:
                self._found.append((time.monotonic(), float(line)))


def _measure() -> float:
    wall, work = time.monotonic(), time.process_time()
    while time.process_time() - work < _WORK:
        pass
    return (time.monotonic() - wall) / (time.process_time() - work)


def main() -> None:
    """Print a ratio again and again, until nobody reads."""
    parent = os.getppid()
    while os.getppid() == parent:
        sys.stdout.write(f"{_measure():.3f}\n")
        sys.stdout.flush()
        time.sleep(_REST)


if __name__ == "__main__":
    main()
