"""What an attack is, and what came of one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tests.attacks.place import Place

Kind = Literal["file", "odata", "soap", "http"]

SLACK = 2.0
"""Seconds over the configured time that an attack may cost, the start of the program among them."""

MOST_MEMORY = 300 * 1024**2
"""Bytes of resident memory that a command may have at its peak."""


@dataclass(frozen=True)
class Pace:
    """The configured times of all attacks: seconds for an ``answer``, and for a whole ``run``."""

    answer: float = 2.0
    run: float = 6.0


class Impossible(Exception):
    """This machine cannot show an attack; the text says why."""


Stage = Callable[["Place"], AbstractContextManager[None]]
"""Sets the harm up around a place, and takes it away at the end."""


@dataclass(frozen=True)
class Attack:
    """An attack as a row of the table.

    ``side`` and ``name`` name it. ``kind`` is the source's. ``stage`` sets up the harm; ``command`` is played against
    it. ``ends``: after so many seconds the command is asked to end by SIGTERM, as ``watch`` must be.

    What is allowed: the exit ``codes``; the ``seconds`` by the configured times (a run's time where nothing else is
    said), to which ``SLACK`` is added. ``stays``: the family need not be as wanted after exit code 0. ``wrote``: it may
    have written, rightly, before it failed with a code that else promises that nothing was. ``mute``: nobody can read
    what it says. ``converges``: with the harm gone, the next sync must succeed and leave the family as wanted.
    ``inspect`` looks for further faults, in words.
    """

    side: str
    name: str
    stage: Stage
    codes: frozenset[int]
    kind: Kind = "file"
    command: tuple[str, ...] = ("sync",)
    seconds: Callable[[Pace], float] = lambda pace: pace.run
    converges: bool = True
    stays: bool = False
    wrote: bool = False
    mute: bool = False
    inspect: Callable[["Place", "Outcome"], list[str]] = lambda _place, _outcome: []
    ends: float | None = None

    @property
    def full_name(self) -> str:
        """The side and the name."""
        return f"{self.side}: {self.name}"


@dataclass
class Outcome:
    """What a command did: its exit code (None: it was killed, as it did not end), its cost, its words, its writes.

    ``seconds`` are those of the clock until the runner takes off what it waited for a core; ``work`` are those of the
    processor; ``peak`` is in bytes.
    """

    code: int | None
    seconds: float
    peak: int
    out: str
    err: str
    work: float = 0.0
    writes: int = 0
    faults: list[str] = field(default_factory=list)
    skipped: str = ""

    @property
    def message(self) -> str:
        """The first line of its last message."""
        lines = [line for line in self.err.splitlines() if line.startswith("astsync: ")]
        found = [line.strip().removeprefix("✗ ") for line in self.out.splitlines() if line.strip().startswith("✗")]
        return (lines[-1].removeprefix("astsync: ") if lines else "") or (found[0] if found else "")


Settings = dict[str, dict[str, object]]
"""A configuration by its sections."""
