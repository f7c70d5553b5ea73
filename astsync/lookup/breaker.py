"""Whether 1C may be asked at all: after some failures in a row it is left alone for growing pauses."""

import time
from collections.abc import Callable
from enum import Enum, auto


class Admission(Enum):
    """What a call may do about 1C."""

    ASK = auto()
    """Ask, and wait for the answer."""
    PROBE = auto()
    """Ask for everybody, and do not wait. Who got this owes ``succeeded`` or ``failed``."""
    LEAVE = auto()
    """Do not ask."""


class Breaker:
    """Closed, 1C is asked. After ``failures`` in a row it opens, and no call waits for 1C any more.

    Open, it lets one probe through after each pause, never two at a time. The first pause is ``first`` seconds. Each
    probe that fails makes the next one twice as long, up to ``longest``. A probe that succeeds closes it. What other
    questions bring while it is open changes nothing: they were sent before.
    """

    def __init__(
        self,
        failures: int = 3,
        first: float = 1.0,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowed, self._first, self._longest, self._clock = failures, first, longest, clock
        self._failures = 0  # in a row
        self._pause = first
        self._again: float | None = None  # when the next probe may go; None: closed
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether 1C is left alone."""
        return self._again is not None

    def admit(self) -> Admission:
        """What a call may do now."""
        if self._again is None:
            return Admission.ASK
        if self._probing or self._clock() < self._again:
            return Admission.LEAVE
        self._probing = True
        return Admission.PROBE

    def succeeded(self, *, probe: bool) -> None:
        """Note that 1C answered a question in time."""
        if self._again is None:
            self._failures = 0
        elif probe:
            self._failures, self._pause, self._again, self._probing = 0, self._first, None, False

    def failed(self, *, probe: bool) -> None:
        """Note that a question failed, or was not answered in time."""
        if self._again is None:
            self._failures += 1
            if self._failures >= self._allowed:
                self._again = self._clock() + self._pause
        elif probe:
            self._probing = False
            self._pause = min(self._pause * 2, self._longest)
            self._again = self._clock() + self._pause
