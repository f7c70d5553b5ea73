"""A day of ``watch`` in a short time: hours of simulated seconds, a PBX that restarts every hour with AstDB lost.

The whole of watch runs in this process, with the real engine and store; only its clock is fast. After every restart,
once the phonebook is whole again, the process is measured: what grows from hour to hour is a leak.
"""

import gc
import os
import random
import threading
import time
import tracemalloc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from astsync.config import PbxConfig
from astsync.errors import PbxError
from astsync.pbx.astdb import AmiPbx
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.watch.clock import Clock
from tests.eventually import eventually
from tests.unit.watch_rig import WatchRig

HOUR = 3600.0
SYNC_EVERY = 900.0
PATIENCE = 60.0  # real seconds for one restart
LOOKS = 60  # at the process after each restart, in 0.3 s
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Sample:
    """What the process holds: its threads by name, open descriptors, resident memory and that of Python's objects.

    ``objects`` is the least of many looks, ``most_objects`` the most: a connection has a buffer now and then.
    """

    threads: tuple[str, ...]
    descriptors: int
    resident: int
    objects: int
    most_objects: int = 0


@dataclass(frozen=True)
class Day:
    """What came of so many hours: a sample after each restart, and how often the source was pulled."""

    samples: Sequence[Sample]
    pulls: int

    @property
    def grown_objects(self) -> int:
        """Bytes of Python's objects at the end beyond those at half time: by then the caches are full."""
        return self.samples[-1].objects - self.samples[len(self.samples) // 2 - 1].most_objects

    @property
    def grown_memory(self) -> int:
        """Bytes of resident memory at the end beyond those after the first hour."""
        return self.samples[-1].resident - self.samples[0].resident


class StandInPbx:
    """A PBX in this process that loses everything with each restart; a new one on the same port each time."""

    def __init__(self, dialect: str = "22") -> None:
        self._dialect = dialect
        self.pbx = AmiStandIn(dialect)
        self.pbx.start()

    def restart(self, *, cleanly: bool) -> None:
        self.pbx.stop(cleanly=cleanly)
        before, self.pbx = self.pbx, AmiStandIn(self._dialect, port=self.pbx.port)
        self.pbx.booted_at = before.booted_at  # the next start is told to be another one
        self.pbx.start()

    def stop(self) -> None:
        self.pbx.stop()


class RealPbx:
    """A real Asterisk whose AstDB is wiped with each restart."""

    def __init__(self, installation: Installation) -> None:
        self.pbx = PrivateAsterisk(installation)
        self.pbx.start()

    def restart(self, *, cleanly: bool) -> None:
        time.sleep(1)  # Asterisk tells when it was started in whole seconds: an hour here is shorter than one
        if not cleanly:
            self.pbx.kill()
        self.pbx.restart(wipe=True)

    def stop(self) -> None:
        self.pbx.stop()


def live(folder: Path, pbx: StandInPbx | RealPbx, hours: int, speed: float, seed: int) -> Day:
    """Watch for so many hours; give what was measured. Raises AssertionError when the phonebook does not come back."""
    rig = WatchRig(folder)
    rig.pbxs["office"] = pbx.pbx
    rig.every, rig.clock = SYNC_EVERY, Clock(speed)
    seeded = random.Random(seed)
    samples = []
    with rig.watching():
        eventually(lambda: _is_whole(rig), PATIENCE)
        tracemalloc.start()
        try:
            for _ in range(hours):
                time.sleep(seeded.uniform(0.5, 1.5) * HOUR / speed)  # the hour itself: nothing is waited for
                pbx.restart(cleanly=seeded.random() < 0.5)
                eventually(lambda: _is_whole(rig), PATIENCE)
                samples.append(_rested())
        finally:
            tracemalloc.stop()
    return Day(samples, rig.source.pulls)


def _is_whole(rig: WatchRig) -> bool:
    (config,) = rig.config().pbx
    return _family(config) == rig.source.names


def _family(config: PbxConfig) -> Mapping[str, str] | None:
    try:
        with AmiPbx(config, "cidname").open() as family:
            return family.read()
    except PbxError:
        return None


def _rested() -> Sample:
    """Measure between two runs: one under way has a few descriptors and threads more for a moment."""
    gc.collect()
    looks = []
    for _ in range(LOOKS):
        looks.append(_measure())
        time.sleep(0.005)  # looks spread over a time: no one moment is the rested one
    rested = min(looks, key=lambda look: (look.descriptors, len(look.threads)))
    objects = [look.objects for look in looks]
    return replace(rested, objects=min(objects), most_objects=max(objects))


def _measure() -> Sample:
    threads = tuple(sorted(thread.name for thread in threading.enumerate()))
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    return Sample(
        threads, sum(1 for _ in Path("/proc/self/fd").iterdir()), resident, tracemalloc.get_traced_memory()[0]
    )
