"""Trying again, for all sources: this module alone decides whether a request is sent again, when, and how often.

Who finds that a request failed raises a SourceError, and says with it what is known of the failure: how many tries are
worth it (``tries``), whether fewer rows may succeed (``smaller_page``), how long the server asked to wait (``wait``).
So it is with requests, pages, calls, the WSDL, and answers that were cut. ``Retries.persist`` acts on that.

The waits grow exponentially, with jitter: several astsync must not ask an ailing server all at once. They are bounded
together, over all requests since the source last served one: a list of a hundred pages from a server that fails on each
would otherwise wait a hundred times. A failure that only a smaller page can cure is not waited for.

The loop is written out here. A library for it (tenacity) wants each decision as a callback of its own; but each needs
the error, the waits of earlier requests and what ``shrink`` could do, and their order matters.

Two other things look like trying again, and belong to those who do them, for nothing failed there: a set of OData that
changed while it was read is read a second time (``odata.pages``), and a WSDL from the cache that does not fit the
service any more is fetched anew (``soap.source``).
"""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from astsync.errors import SourceError
from astsync.stopping import NEVER, Stopping

logger = logging.getLogger(__name__)

T = TypeVar("T")

MANY = 8
"""``SourceError.tries`` of a failure that passes by itself when time passes: no free licence, an update of 1C."""

FEW = 3
"""``SourceError.tries`` of a failure that may have been an accident: a cut answer, a lost connection."""


@dataclass(frozen=True, slots=True)
class Patience:
    """The waits between tries, in seconds.

    A wait is ``first`` after the first try, twice as long after each further one, and ``longest`` at most. ``halving``
    comes instead before a smaller page, where only the smaller page can help. ``all_waits`` bounds all waits together
    since the source last gave what it was asked for, and so a server's own Retry-After too; 0: nothing is tried again.
    ``deadline`` bounds one request with all its tries: no try begins later. How long one try may take is the matter of
    its clock (``clock``). ``sleep`` is what waits, in tests; None: it is waited until the run must end.
    """

    first: float = 0.5
    longest: float = 15.0
    halving: float = 0.2
    all_waits: float = 20.0
    deadline: float = 300.0
    sleep: Callable[[float], object] | None = None


class Retries:
    """The tries of one client. Each wait is logged for ``-vv``; its reason once as a warning, for people.

    Nothing is tried again once the run must end (``stopping``).
    """

    def __init__(self, patience: Patience, stopping: Stopping = NEVER) -> None:
        self.patience = patience
        self._stopping = stopping
        self._waited = 0.0
        self._warned_of: set[str] = set()

    def persist(self, attempt: Callable[[], T], shrink: Callable[[], bool] = lambda: False) -> T:
        """Return what ``attempt`` returns, at the first try or at a later one. Raises the SourceError of the last try.

        ``shrink`` makes the next attempt smaller after an error that a smaller page may cure, and returns whether it
        could.
        """
        started = time.monotonic()
        number = 0
        while True:
            number += 1
            try:
                result = attempt()
            except SourceError as error:
                # The order matters: ``shrink`` makes the pages smaller, so it is asked only if another try may follow,
                # and before the number of tries, for a smaller page is the better try.
                if self._out_of_patience(started) or not ((error.smaller_page and shrink()) or number < error.tries):
                    raise
                self._warn_once(error)
                wait = self._next_wait(error, number)
                logger.debug("try %d: %s; waiting %.1f s for the next one", number, error.message, wait)
                self._sleep(wait)
                if self._stopping.is_set():
                    raise
            else:
                self._waited = 0.0
                return result

    def _out_of_patience(self, started: float) -> bool:
        late = time.monotonic() - started >= self.patience.deadline
        return late or self._waited >= self.patience.all_waits or self._stopping.is_set()

    def _next_wait(self, error: SourceError, number: int) -> float:
        """Return the wait after try ``number``, in seconds; the last one is cut to what is left of the patience."""
        jitter = random.uniform(0, self.patience.first)  # noqa: S311
        # An error that is worth one try is tried again only because the page is smaller now: time cures nothing.
        wait = self.patience.halving if error.tries == 1 else self._backoff(number) + jitter
        return min(max(wait, error.wait), self.patience.all_waits - self._waited)

    def _backoff(self, number: int) -> float:
        return min(self.patience.first * 2.0 ** (number - 1), self.patience.longest)

    def _warn_once(self, error: SourceError) -> None:
        # A wait for a smaller page is short, and ``shrink`` logs that page.
        if error.tries > 1 and error.message not in self._warned_of:
            self._warned_of.add(error.message)
            logger.warning("%s; trying again for up to %.0f s", error.message, self._longest_waits(error))

    def _longest_waits(self, error: SourceError) -> float:
        """Return the longest time that the waits after this error can take together, in seconds."""
        waits = (max(self._backoff(number) + self.patience.first, error.wait) for number in range(1, error.tries))
        return min(sum(waits), self.patience.all_waits - self._waited)

    def _sleep(self, seconds: float) -> None:
        self._waited += seconds
        (self.patience.sleep or self._stopping.wait)(seconds)
