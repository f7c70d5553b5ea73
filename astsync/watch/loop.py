"""A thread that works until it is told to stop, and that shows whether it still works."""

import logging
import threading
import time
from abc import ABC, abstractmethod

from astsync.pbx.retry import doubled
from astsync.watch.clock import Clock

log = logging.getLogger(__name__)

GRACE = 0.8  # seconds that a run under way may still take when the loop must stop
AFTER_A_BUG = (60.0, 3600.0)  # seconds until the next try: a bug that comes again and again must not fill the log


class Stopped(KeyboardInterrupt):
    """The loop must stop. To a run it is what Ctrl-C is.

    The run ends between two batches, and the next one finishes its work.
    """


class Loop(ABC):
    """One thread of ``watch``. After ``stop`` its waits, ``check`` and the progress functions raise Stopped in it.

    The pulse is the moment when it last came by one of these. A thread without one for long hangs, and systemd restarts
    the service.
    """

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.clock = clock
        self._woken = threading.Event()
        self._stopped_at: float | None = None
        self._beat_at = time.monotonic()
        self._resting = False
        self._thread = threading.Thread(target=self._live, name=f"watch-{name}", daemon=True)

    @abstractmethod
    def work(self) -> None:
        """Do the loop's work; only Stopped ends it."""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the loop to stop, from any thread."""
        self._stopped_at = self._stopped_at or time.monotonic()
        self.wake()

    def join(self, seconds: float) -> bool:
        """Wait until the thread has ended; False when it has not after so many seconds."""
        self._thread.join(max(seconds, 0))
        return not self._thread.is_alive()

    def wake(self) -> None:
        """End the loop's ``wait``, now or the next one, from any thread."""
        self._woken.set()

    def wait(self, seconds: float) -> None:
        """Wait until woken, so many seconds at most."""
        self.check()
        self._resting = True
        self.clock.wait(self._woken, seconds)
        self._woken.clear()
        self.check()
        self._resting = False

    def pause(self, seconds: float) -> None:
        """Wait so many seconds, even if something wakes the loop meanwhile."""
        until = self.clock.now() + seconds
        while (left := until - self.clock.now()) > 0:
            self.wait(left)

    def check(self, grace: float = 0) -> None:
        """Show a pulse. Raises Stopped when the loop was asked to stop more than ``grace`` seconds ago."""
        self.beat()
        if self._stopped_at is not None and self._beat_at >= self._stopped_at + grace:
            raise Stopped

    def beat(self) -> None:
        """Show a pulse."""
        self._beat_at = time.monotonic()

    def writing(self, _stage: str, _done: int, _total: int | None) -> None:
        """Take the progress of a run that writes; it has ``GRACE`` seconds to end, as it may be nearly done."""
        self.check(GRACE)

    def pulling(self, _stage: str, _done: int, _total: int | None) -> None:
        """Take the progress of a pull; it changes nothing, so it is dropped at once."""
        self.check()

    def is_alive(self, silence: float) -> bool:
        """Whether the thread runs, and rests or showed a pulse within so many seconds."""
        return self._thread.is_alive() and (self._resting or time.monotonic() - self._beat_at <= silence)

    def _live(self) -> None:
        """Work until stopped; a bug ends neither this loop nor the others."""
        pause = 0.0
        while True:
            begun = self.clock.now()
            try:
                self.work()
            except Stopped:
                return
            except Exception:
                lasted = self.clock.now() - begun
                pause = doubled(pause if lasted <= pause else 0.0, *AFTER_A_BUG)
                log.exception("%s: this is a bug; going on in %.0f s", self.name, pause)
            try:
                self.pause(max(pause, AFTER_A_BUG[0]))
            except Stopped:
                return
