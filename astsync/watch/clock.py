"""Time as ``watch`` sees it, so that a test can let a day pass in minutes."""

import threading
import time


class Clock:
    """Monotonic seconds. A ``speed`` over 1 lets them pass faster, as a test of a whole day wants it."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed

    def now(self) -> float:
        """Seconds since some moment; setting the machine's clock does not change them."""
        return time.monotonic() * self._speed

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Wait for an event, so many seconds at most."""
        event.wait(max(seconds, 0) / self._speed)
