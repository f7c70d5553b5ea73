"""What the system has counted of a process: the time on the processor, the memory."""

import os
import re
from pathlib import Path

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
