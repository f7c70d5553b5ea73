"""How long one answer may make us wait, and how much of it may come."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from astsync.errors import SourceBadAnswer, SourceUnreachable
from astsync.language import counted, say
from astsync.sources.web.retrying import FEW
from astsync.stopping import NEVER, Stopping

T = TypeVar("T")

SLOWEST = 16 * 1024
"""Bytes a second, as they travel: the line of 128 kbit/s that a long list may come over."""

LARGEST_STREAM = 2 * 1024**3
"""Bytes of one answer, as they travel and unpacked: some five million counterparties."""

LARGEST_GAP = 1024 * 1024
"""Bytes as they travel of which nothing comes of: no head of an answer, and no piece of its body."""

SLOW = say("The first answer of a sleeping infobase takes half a minute: raise source.timeout, or lower the page size.")
_DRIPS = say(
    "Look at the network, and at the proxy or web server before 1C. If the way is slow indeed, raise source.timeout, "
    "or ask for fewer records in one answer (OData: source.odata.page_size; others: size in the table paging)."
)
_ENDLESS = say("Look at the proxy or web server before 1C: this is no answer as HTTP knows it.")
_RUN_IS_OVER = say("Nothing is wrong with this answer as such: the run was to end before it came.")
_SLICE = 1.0
"""Seconds that a wait at a socket lasts at most before it is looked whether the run must end."""


class HasTimeout(Protocol):
    """A socket."""

    def settimeout(self, seconds: float | None, /) -> None:
        """Bound the next operation."""
        ...


class AnswerClock:
    """Stands over one answer of the server ``host``, at the socket, where every byte passes.

    The rule: an answer may make us wait ``seconds`` in all, from the connection to its last byte, and one second more
    for each ``SLOWEST`` bytes of it that came. So an answer that drips is given up after ``seconds``, wherever it does
    so: in the handshake, in the head, in the body, in what stands between the pieces of a body, in the text of an
    error. A long list that comes steadily is read whole. Only waiting counts. What astsync does with the records
    meanwhile is not the server's fault. And no wait lasts longer than the run may (``stopping``).

    A request that is tried again has a new clock for each try; ``retrying`` bounds the tries, so a request takes
    ``Patience.all_waits`` and its tries times ``seconds`` at most where nothing comes, and no try begins later than
    ``Patience.deadline`` after the first.

    A fast answer may be no answer all the same: ``100 Continue`` without end, trailers, the head of a gzip file.
    So ``came`` tells the clock of each piece that was made of the bytes, first of the head. Only bytes of pieces earn
    time, and more than ``LARGEST_GAP`` bytes without a piece are refused.

    Every method raises SourceUnreachable when the time is over, and SourceBadAnswer when too much came.
    """

    def __init__(self, host: str, seconds: float, stopping: Stopping = NEVER) -> None:
        self.host = host
        self._seconds = seconds
        self._stopping = stopping
        self._spent = 0.0
        self._read = 0
        self._pieces_end = 0

    def left(self, most: float = float("inf")) -> float:
        """Seconds that may still be waited, ``most`` at most; more than 0."""
        self.check_run()
        left = self._seconds + self._pieces_end / SLOWEST - self._spent
        if left <= 0:
            raise self._too_late()
        return max(self._stopping.left(min(left, most)), 0.001)

    def check_run(self) -> None:
        """Raise SourceUnreachable where the run must end."""
        if self._stopping.is_set():
            words = say("{host} was waited for until the run had to end", host=self.host)
            raise SourceUnreachable(words, hint=_RUN_IS_OVER)

    def _too_late(self) -> SourceUnreachable:
        if not self._read:
            return no_answer(self.host, self._seconds)
        text = counted(
            "{host} began to answer and then came too slowly: {count:,} byte in {seconds:.1f} s",
            "{host} began to answer and then came too slowly: {count:,} bytes in {seconds:.1f} s",
            self._read,
            host=self.host,
            seconds=self._spent,
        )
        return SourceUnreachable(text, hint=_DRIPS, smaller_page=True)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count the time that this takes."""
        since = time.monotonic()
        try:
            yield
        finally:
            self._spent += time.monotonic() - since

    def wait(self, socket: HasTimeout, action: Callable[[], T]) -> T:
        """Do what waits at a socket: ``action`` is done again when it ended by the socket's time-out."""
        while True:
            socket.settimeout(self.left(_SLICE))
            with self.counting():
                try:
                    return action()
                except TimeoutError as error:
                    if error.errno is not None:  # the kernel's own: the connection is dead
                        raise

    def arrived(self, size: int) -> None:
        """Count bytes that came from the network."""
        self._read += size
        if self._read > LARGEST_STREAM:
            raise self._endless(say("more than {bytes:,} bytes", bytes=LARGEST_STREAM))
        if self._read - self._pieces_end > LARGEST_GAP:
            raise self._endless(say("nothing comes of the last {bytes:,} bytes", bytes=LARGEST_GAP))

    def _endless(self, what: str) -> SourceBadAnswer:
        words = say("the answer of {host} has no end: {what}", host=self.host, what=what)
        return SourceBadAnswer(words, hint=_ENDLESS)

    def came(self) -> None:
        """Tell that a piece was made of the bytes: the head of the answer, or some of its body."""
        self._pieces_end = self._read


def no_answer(host: str, seconds: float) -> SourceUnreachable:
    """Make the error of a server of which nothing came in time."""
    words = say("{host} gave no answer within {seconds:g} s", host=host, seconds=seconds)
    return SourceUnreachable(words, hint=SLOW, tries=FEW, smaller_page=True)
