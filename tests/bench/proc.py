"""Processes: what the system has counted of one, and work in a process of its own."""

import multiprocessing
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Give the seconds on the processor of a process, and of those that it started and that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / _TICK


def memory(pid: int, key: str = "VmRSS") -> float:
    """Give the MB of memory that a process has now (``VmRSS``), or had at most (``VmHWM``)."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    found = re.search(rf"^{key}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def apart(work: Callable[[], Made]) -> Made:
    """Do something in a process of its own, and give what it makes; this process stays as small as it is.

    The most memory of a program is told by the system together with that of the process which started it. Raises
    RuntimeError where the work fails.
    """
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=lambda: sending.send(work()))
    process.start()
    sending.close()
    try:
        made: Made = receiving.recv()
    except EOFError:
        raise RuntimeError("the work apart failed") from None
    finally:
        process.join()
        receiving.close()
    return made
