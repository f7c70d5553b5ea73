"""A source is read ahead: while 1C makes its next page, the page before is normalised.

A thread iterates over the source and hands its counterparties over in batches, of which only a few wait. So a pull
takes as long as the slower of both, and not their sum. 1C is the slower one by far in most networks, so it is not
missed that threads of Python compute one at a time.

A second process that makes numbers and names was tried, with a stand-in 1C that answers at once: of 100,000
counterparties over OData a first sync took a tenth less time on two cores, and a fifth more of the processor for
reading and making. OData tells the phones of a catalog before its first counterparty, so for half of the reading there
is nothing to make; and where other programs need the cores, too, it took longer than without.
"""

import math
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Final

from astsync.phonebook.model import Counterparty
from astsync.stopping import Stopping

BATCH: Final = 250
"""Counterparties that are handed over at once: one by one the threads would do little but wait for each other."""

BATCHES: Final = 8
"""Batches that wait or are in use at most: two pages of 1C. Without a bound a fast source would fill the memory."""

_LOOK = 0.2  # seconds between two looks whether the reader has left
_LAST_WAIT = 2.0  # seconds for the thread to end; a wait at a socket looks each second whether it must end

Pull = Callable[[Stopping], Iterator[Counterparty]]
"""Begins to read a source, within the time that it is given."""


def read_ahead(pull: Pull, run: Stopping) -> Generator[Counterparty]:
    """Yield what ``pull`` yields, and raise what it raises, behind what came before. ``pull`` works in a thread.

    It gets the end of the ``run``, which also comes when the caller closes this generator. The thread is waited for,
    but not for ever: what nothing can interrupt, as a question to DNS, ends later and gives nothing to anybody.
    """
    ahead = _Ahead(pull, run)
    thread = threading.Thread(target=ahead.work, name="source", daemon=True)
    thread.start()
    try:
        yield from ahead.given()
    finally:
        ahead.end.abandon()
        thread.join(_LAST_WAIT)


class _End(Stopping):
    """The end of the reading: that of the run, or because nobody reads any more."""

    def __init__(self, run: Stopping) -> None:
        super().__init__()
        self._run = run
        self.seconds, self.key = run.seconds, run.key

    @property
    def abandoned(self) -> bool:
        """Whether nobody reads any more."""
        return self._asked.is_set()

    def abandon(self) -> None:
        """Tell that nobody reads any more."""
        self.set()

    @property
    def late(self) -> bool:
        """Whether the run's time is over."""
        return self._run.late

    def is_set(self) -> bool:
        """Whether the reading must end."""
        return self.abandoned or self._run.is_set()

    def left(self, most: float = math.inf) -> float:
        """Seconds that may still be waited."""
        left = self._run.left(most)
        return 0.0 if self.abandoned else left

    def wait(self, seconds: float) -> bool:
        """Wait so many seconds, or until the reading must end. It is looked at the run: its end wakes nobody here."""
        end = time.monotonic() + seconds
        while (left := self.left(end - time.monotonic())) > 0 and not self.is_set():
            self._asked.wait(min(left, _LOOK))
        return self.is_set()


class _Ahead:
    """What waits between the thread that reads and the one that uses: batches, then None or the error.

    Each batch takes one of the ``places``, and gives it back when it was used.
    """

    def __init__(self, pull: Pull, run: Stopping) -> None:
        self._pull = pull
        self._waiting: queue.SimpleQueue[list[Counterparty] | BaseException | None] = queue.SimpleQueue()
        self._places: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(BATCHES):
            self._places.put(None)
        self.end = _End(run)

    def given(self) -> Iterator[Counterparty]:
        while isinstance(batch := self._waiting.get(), list):
            yield from batch
            self._places.put(None)
        if batch is not None:
            raise batch

    def work(self) -> None:
        try:
            self._read()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where the source is used
            self._waiting.put(error)
        else:
            self._waiting.put(None)

    def _read(self) -> None:
        batch: list[Counterparty] = []
        try:
            for counterparty in self._pull(self.end):
                batch.append(counterparty)
                if len(batch) == BATCH:
                    self._hand_over(batch)
                    if self.end.abandoned:
                        return
                    batch = []
        finally:
            self._hand_over(batch)

    def _hand_over(self, batch: list[Counterparty]) -> None:
        while not self.end.abandoned:
            try:
                self._places.get(timeout=_LOOK)
            except queue.Empty:
                continue
            self._waiting.put(batch)
            break
