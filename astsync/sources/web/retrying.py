"""Tries again where trying again helps: exponential waits with jitter, bounded in all; no wait where none helps."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, wait_exponential, wait_random

from astsync.sources.web.refusals import ONCE, Fault

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """The waits between tries, in seconds.

    ``first`` grows to ``longest``. ``halving`` comes before a smaller page, where only the smaller page can help.
    ``waiting`` bounds all waits together since the source last gave what it was asked for, and so a server's own
    Retry-After too; ``deadline`` bounds one request with all its tries.
    """

    first: float = 0.5
    longest: float = 15.0
    halving: float = 0.2
    waiting: float = 20.0
    deadline: float = 300.0
    sleep: Callable[[float], None] = time.sleep


def never() -> bool:
    """Shrink nothing: there is no smaller request."""
    return False


class Retries:
    """The tries of one client. A reason to wait is logged once: a person at a terminal should know it."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._waited = 0.0
        self._told: set[str] = set()
        self._backoff = wait_exponential(multiplier=patience.first, max=patience.longest) + wait_random(
            0, patience.first
        )

    def persist(self, attempt: Callable[[], T | Fault], shrink: Callable[[], bool] = never) -> T:
        """Give what ``attempt`` gives, or raise the error of its last fault.

        ``shrink`` makes the next attempt smaller after a fault that a smaller page may cure, and says whether it could.
        """

        def again(state: RetryCallState) -> bool:
            fault = _fault(state)
            if fault is None:
                return False
            return (fault.smaller and shrink()) or state.attempt_number < fault.tries

        result = Retrying(
            retry=again,
            wait=self._wait,
            stop=self._tired,
            before_sleep=self._tell,
            sleep=self._sleep,
            retry_error_callback=_last,
        )(attempt)
        if isinstance(result, Fault):
            raise result.error
        self._waited = 0.0
        return result

    def _wait(self, state: RetryCallState) -> float:
        """Wait as long as it helps; the last wait is cut to what is left of the patience."""
        fault = _fault(state)
        halved = fault is not None and fault.tries == ONCE
        wait = self.patience.halving if halved else self._backoff(state)
        return min(max(wait, fault.wait if fault else 0), max(0.0, self.patience.waiting - self._waited))

    def _tired(self, state: RetryCallState) -> bool:
        late = (state.seconds_since_start or 0) >= self.patience.deadline
        return late or self._waited >= self.patience.waiting

    def _tell(self, state: RetryCallState) -> None:
        fault = _fault(state)
        if fault is None or fault.tries == ONCE or fault.error.message in self._told:
            return
        self._told.add(fault.error.message)
        logger.warning("%s; trying again for up to %.0f s", fault.error.message, self._longest(fault))

    def _longest(self, fault: Fault) -> float:
        """Give the longest time that the waits after this fault can take together, in seconds."""
        first, longest = self.patience.first, self.patience.longest
        waits = (max(min(first * 2.0**number, longest) + first, fault.wait) for number in range(fault.tries - 1))
        return min(sum(waits), self.patience.waiting - self._waited)

    def _sleep(self, seconds: float) -> None:
        self._waited += seconds
        self.patience.sleep(seconds)


def _fault(state: RetryCallState) -> Fault | None:
    if state.outcome is None or state.outcome.failed:
        return None
    result = state.outcome.result()
    return result if isinstance(result, Fault) else None


def _last(state: RetryCallState) -> object:
    return None if state.outcome is None else state.outcome.result()
