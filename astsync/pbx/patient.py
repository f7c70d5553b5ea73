"""A PBX that is lost within a run is waited for, and what it had not confirmed is sent again.

Puts and deletes are idempotent, so an action whose answer was lost may be sent twice. Logins and rights are not tried
again: they would fail again, and Asterisk's log and whatever watches it would see an attack.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_before_delay,
    stop_when_event_set,
    wait_exponential,
    wait_random,
)
from tenacity.nap import sleep_using_event

from astsync.errors import PbxConnectionLost, PbxError, PbxTimeout, PbxUnreachable
from astsync.pbx import Family, Pbx, WriteResult
from astsync.phonebook.model import Progress, no_progress

log = logging.getLogger(__name__)

AT_FIRST = 10.0
"""Seconds that a PBX that is down when a run begins is waited for at most: cron's run must not hang."""
LOST = (PbxUnreachable, PbxConnectionLost, PbxTimeout)
_PAUSE = 0.2  # seconds between a loss and the first try, so that a connection that dies at once ends the patience
_BACKOFF = wait_exponential(multiplier=0.5, max=5) + wait_random(0, 0.2)  # 0.5, 1, 2, 4, 5, 5 … seconds

T = TypeVar("T")


class PatientPbx:
    """A ``Pbx`` that waits for another one, ``patience`` seconds in all in the time that it is open.

    What is tried again after a loss and brings nothing counts as waiting too, as with a PBX that takes logins and
    answers nothing else. The last try may take the PBX's own time-out longer. ``stopping`` ends every wait.
    """

    def __init__(self, pbx: Pbx, patience: float, stopping: threading.Event | None = None) -> None:
        self.name = pbx.name
        self._pbx = pbx
        self._patience = patience
        self._stopping = stopping if stopping is not None else threading.Event()

    @contextmanager
    def open(self) -> "Iterator[PatientFamily]":
        """Connect, waiting at most ``AT_FIRST`` seconds, and give the family. Raises PbxError."""
        family = PatientFamily(self._pbx, self._patience, self._stopping)
        try:
            family.connect()
            yield family
        finally:
            family.close()


class PatientFamily:
    """A ``Family`` over connections that may follow one another."""

    def __init__(self, pbx: Pbx, patience: float, stopping: threading.Event) -> None:
        self._pbx = pbx
        self._left = patience
        self._stopping = stopping
        self._connection = ExitStack()
        self._family: Family | None = None

    def connect(self) -> None:
        """Connect for the first time. Raises PbxError."""
        most = min(AT_FIRST, self._left)

        def tell(state: RetryCallState) -> None:
            if state.attempt_number == 1 and state.outcome is not None:
                log.warning("%s; trying again for up to %.0f s", state.outcome.exception(), most)

        self._try_to_connect(most, tell)

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def read(self, progress: Progress = no_progress) -> dict[str, str]:
        """Give the whole family, from one connection."""
        again = None
        while True:
            try:
                return self._opened().read(progress)
            except LOST as error:
                again = self._come_back(error, again)

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        """Write entries; after a loss those that were not confirmed."""
        return self._write(list(entries), lambda item: item[0], lambda family, left: family.put(left, progress))

    def delete(self, numbers: Iterable[str], progress: Progress = no_progress) -> WriteResult:
        """Delete keys; after a loss those that were not confirmed."""
        return self._write(list(numbers), lambda item: item, lambda family, left: family.delete(left, progress))

    def _write(
        self, items: list[T], key: Callable[[T], str], write: Callable[[Family, list[T]], WriteResult]
    ) -> WriteResult:
        count, failed = len(items), dict[str, str]()
        again = None
        while True:
            try:
                failed |= write(self._opened(), items).failed
                return WriteResult(count - len(failed), failed)
            except PbxError as error:
                before, items = len(items), _not_confirmed(items, key, error)
                failed |= error.failed
                try:
                    again = self._come_back(error, again if len(items) == before else None)
                except PbxError as last:
                    last.done, last.failed = count - len(items) - len(failed), failed
                    last.left = {key(item) for item in items}
                    raise

    def _opened(self) -> Family:
        if self._family is None:
            raise PbxConnectionLost(f"{self._pbx.name}: not connected")
        return self._family

    def _come_back(self, error: PbxError, again: float | None) -> float:
        """Connect again after a loss; give the moment. Raises the error where that does not help or patience is over.

        ``again`` is the moment of the last time where nothing was done since.
        """
        if again is not None:
            self._left -= time.monotonic() - again
        if not isinstance(error, LOST) or self._left <= 0 or self._stopping.is_set():
            raise error
        self._family = None
        self._connection.close()
        started = time.monotonic()
        log.warning("%s; waiting for it for up to %.3g s", error, self._left)
        try:
            self._stopping.wait(_PAUSE)
            self._try_to_connect(self._left - _PAUSE)
        finally:
            self._left -= time.monotonic() - started
        log.warning("%s: connected again, going on", self._pbx.name)
        return time.monotonic()

    def _try_to_connect(self, seconds: float, tell: Callable[[RetryCallState], None] | None = None) -> None:
        Retrying(
            retry=retry_if_exception_type(LOST),
            stop=stop_before_delay(seconds) | stop_when_event_set(self._stopping),
            wait=_BACKOFF,
            sleep=sleep_using_event(self._stopping),
            before_sleep=tell,
            reraise=True,
        )(self._enter)

    def _enter(self) -> None:
        self._family = self._connection.enter_context(self._pbx.open())


def _not_confirmed(items: list[T], key: Callable[[T], str], error: PbxError) -> list[T]:
    if error.left is None:
        return items[error.done :]
    left = frozenset(error.left)
    return [item for item in items if key(item) in left]
