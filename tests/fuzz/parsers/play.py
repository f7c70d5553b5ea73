"""Plays blocks of mutated inputs through the targets, and keeps those that break a promise."""

import logging
import random
import re
import resource
import signal
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NoReturn

from tests.fuzz.parsers import seeds
from tests.fuzz.parsers.mutations import Mutator
from tests.fuzz.parsers.target import Target, check_error, folder_of_targets
from tests.fuzz.parsers.targets import TARGETS

LONGEST = 2.0  # seconds of the processor for one input
MOST_MEMORY = 2_000_000_000  # bytes of address space of a process that plays
BLOCK = 2_000  # inputs; each block begins anew, so that one can be played again without those before
KEPT = seeds.FIXTURES / "fuzz"
"""A folder a target, with the inputs that broke something once. They are seeds too."""

_MOST_FOUND, _MOST_REFUSED = 200, 20  # inputs of a block that led to something new, and are mutated further
_SHRINKS = 400
_GROWTH, _NOTICED = 10.0, 0.2  # four times the bytes may take so many times as long; seconds below which nobody minds
_VARYING = re.compile(r"[0-9]+|'[^']*'|\"[^\"]*\"|«[^»]*»|: .*", re.DOTALL)


class _TooSlow(BaseException):
    """The time of an input is over. No parser catches it, as it is no Exception."""


@dataclass
class Fault:
    """A promise that an input broke: what happened, and where in the code."""

    target: str
    what: str
    place: str
    data: bytes
    origin: str = ""

    @property
    def kind(self) -> tuple[str, str]:
        """What makes two faults the same one."""
        return self.target, self.place


@dataclass
class Played:
    """What inputs of one target came to. ``outcomes`` counts what was accepted ("") and refused, by the error."""

    target: str
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_input: bytes = b""
    memory: int = 0  # bytes: the peak of the process so far
    faults: dict[tuple[str, str], Fault] = field(default_factory=dict)

    def add(self, other: "Played") -> None:
        """Add what more inputs of the target came to."""
        self.outcomes += other.outcomes
        self.seconds += other.seconds
        self.memory = max(self.memory, other.memory)
        if other.slowest > self.slowest:
            self.slowest, self.slowest_input = other.slowest, other.slowest_input
        self.faults = {**other.faults, **self.faults}


def target_of(name: str) -> Target:
    return next(target for target in TARGETS if target.name == name)


def kept(target: str) -> list[bytes]:
    """The inputs that broke something once."""
    return [path.read_bytes() for path in sorted((KEPT / target).glob("*"))]


@cache
def _mutator(name: str) -> Mutator:
    target = target_of(name)
    return Mutator([*target.seeds(), *kept(name)], target.tokens)


@contextmanager
def guarded() -> Iterator[None]:
    """Bound the memory of this process, and arm the clock for its inputs."""
    logging.disable()  # what the parsers warn of is not asked for here
    old = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGPROF, _end_input)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, old[1]))
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        resource.setrlimit(resource.RLIMIT_AS, old)
        signal.signal(signal.SIGPROF, before)


def _end_input(*_signal: object) -> NoReturn:
    raise _TooSlow


def one(target: Target, data: bytes) -> tuple[str, object]:
    """Play one input: the name of the documented error that refused it, or ""; and what came of it. Raises the rest."""
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        return "", target.play(data)
    except target.errors as error:
        check_error(error)
        return type(error).__name__, _VARYING.sub("", str(error))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def fault_of(target: Target, data: bytes) -> Fault | None:
    """Play one input alone; the promise that it breaks, or None."""
    try:
        one(target, data)
    except (Exception, _TooSlow) as error:  # noqa: BLE001 - all but the documented ones are what is looked for
        return _fault(target, data, error)
    return None


def _fault(target: Target, data: bytes, error: BaseException) -> Fault:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "astsync/" in frame.filename and "/tests/" not in frame.filename] or frames
    last = ours[-1]
    what = f"more than {LONGEST:.0f} s" if isinstance(error, _TooSlow) else f"{type(error).__name__}: {error}"[:500]
    place = "too slow" if isinstance(error, _TooSlow) else f"{Path(last.filename).name}:{last.lineno} {last.name}"
    return Fault(target.name, what, f"{type(error).__name__} at {place}", data)


def play_block(name: str, seed: int, block: int, count: int = BLOCK) -> Played:
    """Play the inputs of a block. ``guarded`` must be entered, and the folder of the targets be there."""
    target, mutator, played = target_of(name), _mutator(name), Played(name)
    chance = random.Random(f"{seed} {name} {block}")
    found: list[bytes] = []
    known: set[tuple[str, str]] = set()
    for number in range(count):
        data = mutator.make(chance, found)
        started = time.process_time()
        try:
            refused, came = one(target, data)
        except (Exception, _TooSlow) as error:  # noqa: BLE001
            refused, came = "FAULT", type(error)
            fault = _fault(target, data, error)
            fault.origin = f"seed {seed}, block {block}, input {number}"
            played.faults.setdefault(fault.kind, fault)
        seconds = time.process_time() - started
        played.outcomes[refused] += 1
        played.seconds += seconds
        if seconds > played.slowest:
            played.slowest, played.slowest_input = seconds, data
        mark = (refused, str(came)[:120])
        if mark not in known and len(found) < (_MOST_REFUSED if refused else _MOST_FOUND):
            known.add(mark)
            found.append(data)
    played.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return played


def play_alone(work: tuple[str, int, int, int]) -> Played:
    """Play a block in a process that does nothing else; ``work`` are the arguments of ``play_block``."""
    with guarded(), folder_of_targets():
        return play_block(*work)


def shrunk(fault: Fault) -> Fault:
    """Cut what is not needed for the same fault."""
    target, best = target_of(fault.target), fault
    if fault.place.endswith("too slow"):
        return fault
    size, tries = max(len(fault.data) // 2, 1), 0
    while size and tries < _SHRINKS:
        for start in range(0, len(best.data), size):
            tries += 1
            smaller = fault_of(target, best.data[:start] + best.data[start + size :])
            if smaller is not None and smaller.kind == fault.kind:
                smaller.origin, best = fault.origin, smaller
                break
            if tries >= _SHRINKS:
                break
        else:
            size //= 2
    return best


def grows_too_fast(name: str, data: bytes) -> str:
    """Say how an input takes too long when it is four times as long; "" where it does not."""
    target, third = target_of(name), len(data) // 3
    start, middle, end = data[:third], data[third : 2 * third], data[2 * third :]
    shapes: tuple[Callable[[int], bytes], ...] = (
        lambda times: data * times,
        lambda times: start + middle * times + end,
    )
    for shape in shapes:
        once, often = (_seconds(target, shape(times)) for times in (4, 16))
        if often > _NOTICED and often > _GROWTH * max(once, 0.001):
            return f"{name}: {once:.3f} s, and {often:.3f} s for four times as much, crc {zlib.crc32(data):08x}"
    return ""


def _seconds(target: Target, data: bytes) -> float:
    started = time.process_time()
    fault_of(target, data)
    return time.process_time() - started
