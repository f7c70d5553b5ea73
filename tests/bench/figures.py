"""Figures of several rounds, and how they are printed: a median, and the least and the most beside it."""

import os
import platform
import statistics
import sys
from collections.abc import Iterable, Sequence

Row = Sequence[str]


def say(line: str = "") -> None:
    """Print a line now."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def say_machine(*more: str) -> None:
    """Print what the figures were measured on."""
    load = os.getloadavg()[0]
    python = f"Python {platform.python_version()}"
    say(" · ".join((*more, python, f"{os.cpu_count()} CPUs", f"load at the start {load:.1f}")))


def median(values: Iterable[float]) -> float:
    """Give the median, or 0 where there is nothing."""
    return statistics.median(list(values) or [0.0])


def spread(values: Sequence[float], form: str = ",.0f") -> str:
    """Give the least and the most."""
    return f"{min(values):{form}} to {max(values):{form}}" if values else ""


def say_table(title: str, head: Row, rows: Sequence[Row]) -> None:
    """Print a table: the first column left, the others right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    say(f"\n{title}")
    for row in (head, *rows):
        cells = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        say("  ".join((row[0].ljust(widths[0]), *cells)).rstrip())
