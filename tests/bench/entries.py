"""Entries to write, and what a peer's process is told and answers. Standard library only: peers have no astsync."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

_FIRST = 74950000000
_NAMES = ("OOO Romashka {}", "AO Severnyy veter {}", "IP Ivanov I. I. {}", "Zavod zhelezobetona {}")


def make_entries(count: int) -> list[tuple[str, str]]:
    """Give so many entries (number, name), the same every time; all invented, 14 to 26 characters a name."""
    return [(str(_FIRST + i), _NAMES[i % len(_NAMES)].format(i)) for i in range(count)]


@dataclass(frozen=True)
class Job:
    """What a peer must do: log in there and put ``count`` entries into the family."""

    host: str
    port: int
    user: str
    secret: str
    family: str
    count: int


def do_job(work: Callable[[Job], float]) -> None:
    """Be a peer's process: a Job comes as JSON on standard input, the seconds of its puts go to standard output."""
    job = Job(**json.load(sys.stdin))
    json.dump({"seconds": work(job)}, sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # how a client ends its threads is not what is measured


def demand(done: int, wanted: int) -> None:
    """Check that every put was answered with success."""
    if done != wanted:
        raise RuntimeError(f"{done} of {wanted} puts were answered with success")
