"""Lines of the log that calls and clients cause: as many as there are faults to tell of, however many calls come."""

import logging
import time
from collections.abc import Callable, Hashable

SILENCE = 60.0
"""Seconds from a line about something to the next one about the same."""
MOST_KINDS = 200
"""Things that are told apart. Where there are more, those that are longest untold are forgotten."""


class SparseLog:
    """Tells the first of a kind at once, then once a minute, with how many there were meanwhile."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log, self._clock = log, clock
        self._told: dict[Hashable, float] = {}
        self._untold: dict[Hashable, int] = {}

    def tell(self, kind: Hashable, level: int, words: str, *values: object) -> None:
        """Log ``words`` with ``values`` in them, unless something of this ``kind`` was told within ``SILENCE``."""
        now, told = self._clock(), self._told.get(kind)
        if told is not None and now - told < SILENCE:
            self._untold[kind] = self._untold.get(kind, 0) + 1
            return
        untold = self._untold.pop(kind, 0)
        more = f" ({untold:,} more since the last line about this)" if untold else ""
        self._told.pop(kind, None)
        self._told[kind] = now
        if len(self._told) > MOST_KINDS:
            oldest = next(iter(self._told))
            del self._told[oldest]
            self._untold.pop(oldest, None)
        self._log.log(level, f"{words}%s", *values, more)
