"""What ``watch`` does by one reading of the configuration."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from astsync.config import PbxConfig
from astsync.engine.result import Report
from astsync.errors import AstsyncError, ConfigError, LockedError
from astsync.language import say
from astsync.parts import Parts
from astsync.pbx import Pbx
from astsync.pbx.astdb import AmiPbx
from astsync.sources import kind_of
from astsync.store import locked, watch_of
from astsync.watch.runs import COMMAND, Runs, Turns

SILENCE = 300  # seconds on top of an answer's deadline and its tries, after which a loop counts as stuck
_ONE_IS_ENOUGH = say("One is enough: end the other.")
_TRIES = 4  # of one request, each with the whole time-out


class Member(Protocol):
    """A thread of a job, as a ``Loop`` is one."""

    @property
    def name(self) -> str:
        """Its name in the log."""

    def start(self) -> None:
        """Start the thread."""

    def stop(self) -> None:
        """Ask the thread to end, from any other one."""

    def join(self, seconds: float) -> bool:
        """Wait until the thread has ended; False when it has not after so many seconds."""

    def is_alive(self, silence: float) -> bool:
        """Whether the thread runs, and rests or showed a pulse within so many seconds."""


Services = Callable[[Turns, Callable[[], Sequence[Pbx]]], Sequence[Member]]
"""Makes what works beside the guards: of the turns of runs, and of what tells which PBXs are connected just now."""


def no_services(_turns: Turns, _up: Callable[[], Sequence[Pbx]]) -> Sequence[Member]:
    """Make none."""
    return ()


Ended = Callable[[Report | AstsyncError, Sequence[str]], None]
"""Is told of each periodic sync that is over: its report or its error, and the names of the PBXs that are away."""


def nobody_told(_outcome: Report | AstsyncError, _away: Sequence[str]) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to watch by one reading of the configuration.

    ``every`` is the seconds between two syncs, 0 for none. ``silence`` is how many seconds a loop may show no pulse
    and yet be well, as while it waits for an answer. ``services`` makes what works beside the guards, and ``serves``
    says in a few words what that does. ``ended`` is told of each sync. A job may have no
    ``pbxs``: then it is the services alone.
    """

    pbxs: Sequence[AmiPbx]
    runs: Runs
    every: float
    silence: float
    services: Services = no_services
    ended: Ended = nobody_told
    serves: str = ""


@contextmanager
def alone(store: Path, command: str = COMMAND, cure: str = _ONE_IS_ENOUGH) -> Iterator[None]:
    """Keep ``watch``, or a second one, away from a store, for ``command``. Raises LockedError with that cure."""
    try:
        with locked(watch_of(store), command, say("another astsync watch")):
            yield
    except LockedError as error:
        raise LockedError(error.message, hint=cure) from None


def make_job(parts: Parts, names: Sequence[str], every: float, store: Path) -> Job:
    """Make the job for the PBXs of these names, or all; ``store`` is the one that ``alone`` guards. Raises ConfigError.

    A configuration that has moved to another store would leave the guarded one, so it is refused.
    """
    configs = parts.pbx_configs(names)
    source = parts.config.source
    _check(parts, configs, every)
    if parts.store_path != store:
        raise ConfigError(
            say("the store is {path} now, and was {before}", path=str(parts.store_path), before=str(store)),
            hint=say("End astsync watch and start it again."),
        )
    longest = max([source.timeout, *(pbx.timeout for pbx in configs)])
    return Job(parts.pbxs(names), Runs(parts), every, SILENCE + _TRIES * longest)


def _check(parts: Parts, pbxs: Sequence[PbxConfig], every: float) -> None:
    """Find now what would fail in every later run: a secret, a rule, an input that ends. Raises ConfigError."""
    source = parts.config.source
    for pbx in pbxs:
        pbx.password()
    parts.builder()
    parts.source.describe()  # made here: its libraries load outside the lock, and its faults are told now
    if every:
        source.secret()
    if every and not kind_of(source).repeatable(source):
        raise ConfigError(
            say("standard input can be read only once, and watch syncs again and again"),
            hint=say("Name a file in source.file.path, or give --every 0."),
        )
