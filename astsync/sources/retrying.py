"""Tries again where trying again helps: exponential waits with jitter, bounded by a deadline."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, stop_after_delay, wait_exponential, wait_random

from astsync.sources.onec_errors import Fault

T = TypeVar("T")
LONGEST_ASKED = 60.0
"""Seconds: a server's own Retry-After is followed up to this."""


@dataclass(frozen=True, slots=True)
class Patience:
    """The waits between tries, and the deadline of one request with all its tries, in seconds."""

    first: float = 0.5
    longest: float = 15.0
    deadline: float = 300.0
    sleep: Callable[[float], None] = time.sleep


def never() -> bool:
    """Shrink nothing: there is no smaller request."""
    return False


def persist(attempt: Callable[[], T | Fault], patience: Patience, shrink: Callable[[], bool] = never) -> T:
    """Give what ``attempt`` gives, or raise the error of its last fault.

    ``shrink`` makes the next attempt smaller after a fault that a smaller page may cure, and says whether it could.
    """

    def again(state: RetryCallState) -> bool:
        fault = _fault(state)
        if fault is None:
            return False
        return (fault.smaller and shrink()) or state.attempt_number < fault.tries

    backoff = wait_exponential(multiplier=patience.first, max=patience.longest) + wait_random(0, patience.first)

    def wait(state: RetryCallState) -> float:
        fault = _fault(state)
        return max(backoff(state), min(fault.wait if fault else 0, LONGEST_ASKED))

    result = Retrying(
        retry=again,
        wait=wait,
        stop=stop_after_delay(patience.deadline),
        sleep=patience.sleep,
        retry_error_callback=_last,
    )(attempt)
    if isinstance(result, Fault):
        raise result.error
    return result


def _fault(state: RetryCallState) -> Fault | None:
    if state.outcome is None or state.outcome.failed:
        return None
    result = state.outcome.result()
    return result if isinstance(result, Fault) else None


def _last(state: RetryCallState) -> object:
    return None if state.outcome is None else state.outcome.result()
