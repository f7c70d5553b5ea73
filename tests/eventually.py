"""Waits for what comes about in another thread or process."""

import time
from collections.abc import Callable


def eventually(wanted: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something is so. Raises AssertionError when it is not within so many seconds."""
    deadline = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)  # between two looks
