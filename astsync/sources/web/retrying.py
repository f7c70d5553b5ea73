"""Trying again, for all sources: this module alone decides whether a request is sent again, when, and how often.

Who finds that a request failed raises a SourceError, and says with it what is known of the failure: how many tries are
worth it (``tries``), whether fewer rows may succeed (``smaller_page``), how long the server asked to wait (``wait``).
So it is with requests, pages, calls, the WSDL, and answers that were cut. ``Retries.persist`` acts on that.

The waits grow exponentially, with jitter: several astsync must not ask an ailing server all at once. They are bounded
together, over all requests since the source last served one: a list of a hundred pages from a server that fails on each
would otherwise wait a hundred times. A failure that only a smaller page can cure is not waited for.

It is a loop and not a library's (tenacity): a decision needs the error, the waits of earlier requests and what
``shrink`` could do. As six callbacks around another library's state it was longer, and its order was hidden.

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

logger = logging.getLogger(__name__)

T = TypeVar("T")

MANY, FEW = 8, 3
"""``SourceError.tries`` of what passes by itself (no licence, an update), and of what may have been an accident."""


@dataclass(frozen=True, slots=True)
class Patience:
    """The waits between tries, in seconds.

    ``first`` grows to ``longest``. ``halving`` comes before a smaller page, where only the smaller page can help.
    ``waiting`` bounds all waits together since the source last gave what it was asked for, and so a server's own
    Retry-After too; 0: nothing is tried again. ``deadline`` bounds one request with all its tries.
    """

    first: float = 0.5
    longest: float = 15.0
    halving: float = 0.2
    waiting: float = 20.0
    deadline: float = 300.0
    sleep: Callable[[float], None] = time.sleep


class Retries:
    """The tries of one client. A reason to wait is logged once: a person at a terminal should know it."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._waited = 0.0
        self._told: set[str] = set()

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
                helps = (error.smaller_page and shrink()) or number < error.tries
                if not helps or self._tired(started):
                    raise
                self._tell(error)
                self._sleep(self._wait(error, number))
            else:
                self._waited = 0.0
                return result

    def _tired(self, started: float) -> bool:
        return self._waited >= self.patience.waiting or time.monotonic() - started >= self.patience.deadline

    def _wait(self, error: SourceError, number: int) -> float:
        """Return the wait after try ``number``, in seconds; the last one is cut to what is left of the patience."""
        jitter = random.uniform(0, self.patience.first)  # noqa: S311
        wait = self.patience.halving if error.tries == 1 else self._backoff(number) + jitter
        return min(max(wait, error.wait), self.patience.waiting - self._waited)

    def _backoff(self, number: int) -> float:
        return min(self.patience.first * 2.0 ** (number - 1), self.patience.longest)

    def _tell(self, error: SourceError) -> None:
        if error.tries > 1 and error.message not in self._told:
            self._told.add(error.message)
            logger.warning("%s; trying again for up to %.0f s", error.message, self._longest(error))

    def _longest(self, error: SourceError) -> float:
        """Return the longest time that the waits after this error can take together, in seconds."""
        waits = (max(self._backoff(number) + self.patience.first, error.wait) for number in range(1, error.tries))
        return min(sum(waits), self.patience.waiting - self._waited)

    def _sleep(self, seconds: float) -> None:
        self._waited += seconds
        self.patience.sleep(seconds)
