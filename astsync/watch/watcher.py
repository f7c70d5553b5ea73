"""``astsync watch`` and ``astsync serve``: the threads of a job as one service, with signals and systemd.

The threads are the guards, the periodic sync, and what answers calls; a job has some of them or all.
"""

import logging
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from astsync.engine.result import Report
from astsync.errors import AstsyncError
from astsync.pbx import Pbx
from astsync.watch.clock import Clock
from astsync.watch.guard import Guard
from astsync.watch.job import Job, Member
from astsync.watch.runs import Turns, in_full
from astsync.watch.syncer import Syncer
from astsync.watch.systemd import Notifier

log = logging.getLogger(__name__)

STOP_WITHIN = 1.2  # seconds: a run may use most of them; a thread that still waits for an answer then is left behind
_STOP, _RELOAD, _MOVED = "stop", "reload", "moved"
_SIGNALS = {signal.SIGTERM: _STOP, signal.SIGINT: _STOP, signal.SIGHUP: _RELOAD}


class _Team:
    """The threads of one job."""

    def __init__(self, job: Job, turns: Turns, clock: Clock, moved: Callable[[], None]) -> None:
        self.guards = [Guard(pbx, job.runs, turns, clock, moved) for pbx in job.pbxs]
        self.syncer = Syncer(job.runs, turns, job.every, clock, self.up, moved, self._ended) if job.every else None
        self._tell = job.ended
        self.services = job.services(turns, self.up)
        self._serves = job.serves
        self._silence = job.silence

    @property
    def loops(self) -> list[Member]:
        return [*self.services, *self.guards, *([self.syncer] if self.syncer else [])]

    def start(self) -> None:
        for loop in self.loops:
            loop.start()

    def stop(self) -> None:
        """Stop all loops. One that hangs in a connection is left behind, and ends with its answer or its time-out."""
        for loop in self.loops:
            loop.stop()
        deadline = time.monotonic() + STOP_WITHIN
        for loop in self.loops:
            if not loop.join(deadline - time.monotonic()):
                log.info("%s: still waiting for an answer; left behind", loop.name)

    def up(self) -> list[Pbx]:
        """The PBXs that are connected, over the connections that are held."""
        return [held for guard in self.guards if (held := guard.held) is not None]

    def away(self) -> list[str]:
        """The names of the PBXs that are not connected."""
        return [guard.name for guard in self.guards if guard.held is None]

    def _ended(self, outcome: Report | AstsyncError) -> None:
        self._tell(outcome, self.away())

    def stuck(self) -> list[str]:
        """The names of the loops that show no pulse."""
        return [loop.name for loop in self.loops if not loop.is_alive(self._silence)]

    def status(self) -> str:
        """How things stand, in a line."""
        away = self.away()
        parts = [self._serves] if self._serves else []
        parts += [f"{len(self.up())} of {len(self.guards)} PBXs connected"] if self.guards else []
        parts += [f"away: {', '.join(away)}"] if away else []
        parts += [self.syncer.last] if self.syncer else []
        return "; ".join(parts)


class Watch:
    """The service. ``load`` makes a job from the configuration; it raises AstsyncError where that is broken."""

    def __init__(self, load: Callable[[], Job], notifier: Notifier, clock: Clock | None = None) -> None:
        self._load = load
        self._notifier = notifier
        self._clock = clock or Clock()
        self._inbox: queue.SimpleQueue[str] = queue.SimpleQueue()  # its put may be called by a signal's handler
        self._turns = Turns()

    def run(self) -> None:
        """Watch until SIGTERM or SIGINT (or ``stop``). Raises what ``load`` raises at the start."""
        with _heeded(self._inbox):
            job: Job | None = self._load()
            self._notifier.ready()
            while job is not None:
                job = self._watch(job)
        log.info("stopped")

    def stop(self) -> None:
        """End ``run`` from another thread."""
        self._inbox.put(_STOP)

    def reload(self) -> None:
        """Read the configuration again, as SIGHUP does."""
        self._inbox.put(_RELOAD)

    def _watch(self, job: Job) -> Job | None:
        """Watch by one job; return the next one after a reload, or None when it is time to stop."""
        team = _Team(job, self._turns, self._clock, lambda: self._inbox.put(_MOVED))
        if job.pbxs:
            names = ", ".join(pbx.name for pbx in job.pbxs)
            log.info("watching %s; %s", names, f"a sync every {job.every:g} s" if job.every else "no syncs")
        team.start()
        try:
            return self._attend(team)
        finally:
            team.stop()

    def _attend(self, team: _Team) -> Job | None:
        """Do what the inbox says, and show systemd a pulse while all loops have one."""
        beat = self._notifier.watchdog and self._notifier.watchdog / 2
        due = time.monotonic()
        self._notifier.status(team.status())
        while True:
            word = self._next_word(beat and due - time.monotonic())
            if beat and time.monotonic() >= due:
                due = time.monotonic() + beat
                self._show_pulse(team)
            if word == _MOVED:
                self._notifier.status(team.status())
            elif word == _STOP:
                self._notifier.stopping()
                return None
            elif word == _RELOAD and (job := self._reloaded()) is not None:
                return job

    def _next_word(self, seconds: float | None) -> str | None:
        try:
            return self._inbox.get(timeout=None if seconds is None else max(seconds, 0.001))
        except queue.Empty:
            return None

    def _show_pulse(self, team: _Team) -> None:
        stuck = team.stuck()
        if stuck:
            log.error("no sign of life from %s: a bug; systemd will restart the service", ", ".join(stuck))
        else:
            self._notifier.alive()

    def _reloaded(self) -> Job | None:
        """Read the configuration again; where it is broken, log that and keep the old job (None)."""
        self._notifier.reloading()
        try:
            job = self._load()
        except AstsyncError as error:
            log.warning("the new configuration is broken, the old one stays: %s", in_full(error))
            return None
        else:
            log.info("the configuration was read again")
            return job
        finally:
            self._notifier.ready()


@contextmanager
def _heeded(inbox: "queue.SimpleQueue[str]") -> Iterator[None]:
    """Put the signals into the inbox; only the main thread may, and in another, as a test's, nothing is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heed(number: int, _: FrameType | None) -> None:
        inbox.put(_SIGNALS[signal.Signals(number)])

    before = {number: signal.signal(number, heed) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
