"""The end of a run: somebody asked for it, or the run's time is over."""

import math
import threading
import time
from collections.abc import Callable


class Stopping:
    """Tells everything that waits in a run until when it may wait.

    A run ends early when ``set`` was called, or when its ``seconds`` are over, counted from now. None: it may last as
    long as it wants. Who waits for a network or for a pause asks ``left`` how long it may wait, and ``is_set`` before
    it begins something new. The object is safe for several threads.

    ``beat`` is called each time that somebody asks ``left``: who waits so is alive. ``key`` is the key of the
    configuration that sets the time, "" for a time that nobody can set.
    """

    def __init__(
        self, seconds: float | None = None, beat: Callable[[], None] = lambda: None, key: str = "run.max_minutes"
    ) -> None:
        self.seconds = seconds
        self.key = key
        self._beat = beat
        self._asked = threading.Event()
        self._end = math.inf if seconds is None else time.monotonic() + seconds

    def set(self) -> None:
        """Ask the run to end."""
        self._asked.set()

    def is_set(self) -> bool:
        """Whether the run must end, for whatever reason."""
        return self._asked.is_set() or self.late

    @property
    def late(self) -> bool:
        """Whether the run's time is over."""
        return time.monotonic() >= self._end

    def left(self, most: float = math.inf) -> float:
        """Seconds that may still be waited, ``most`` at most; 0 when the run must end."""
        self._beat()
        if self._asked.is_set():
            return 0.0
        return max(min(most, self._end - time.monotonic()), 0.0)

    def go_on(self, left: float) -> None:
        """Let ``left`` seconds remain from now: what was waited for another run is not this run's time."""
        self._end = time.monotonic() + left

    def wait(self, seconds: float) -> bool:
        """Wait so many seconds, or until the run must end; whether it must."""
        left = self.left(seconds)
        self._asked.wait(left if math.isfinite(left) else None)
        return self.is_set()


NEVER = Stopping()
"""For who has no run: it is never set."""
