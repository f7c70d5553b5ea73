"""A PBX that is lost within a run is waited for, and what it had not confirmed is sent again.

How long is waited, and for what, is in ``retry``. An action whose answer was lost may have been done, so it may be sent
twice. Puts are sent again as they are: the list has the last word on a key that it has. Before deletes are sent again
the family is read: what somebody else wrote while the PBX was lost is not deleted.
"""

import logging
import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TypeVar

from astsync.errors import PbxConnectionLost, PbxError, PbxListCut, PbxSessionTaken
from astsync.language import about, say
from astsync.pbx import Family, Pbx, WriteResult, retry
from astsync.phonebook.model import Progress, no_progress
from astsync.stopping import NEVER, Stopping

log = logging.getLogger(__name__)

T = TypeVar("T")

_THEIRS = say("it got another value while the PBX was lost, so it was not deleted")


class PatientPbx:
    """A ``Pbx`` whose lost connections are made again, waiting ``patience`` seconds in all while it is open.

    A try after a loss that achieves nothing counts as waiting too: else a PBX that takes logins and answers nothing
    else would be waited for without end. The last try may take the PBX's own time-out longer.
    """

    def __init__(self, pbx: Pbx, patience: float) -> None:
        self.name = pbx.name
        self._pbx = pbx
        self._patience = patience

    def ask(self, *, write: bool, stopping: Stopping = NEVER) -> None:
        """Ask the PBX once, without patience. Raises PbxError."""
        self._pbx.ask(write=write, stopping=stopping)

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> "Iterator[PatientFamily]":
        """Connect, waiting at most ``retry.AT_FIRST`` seconds. ``stopping`` ends every wait. Raises PbxError."""
        family = PatientFamily(self._pbx, self._patience, stopping)
        try:
            family.connect()
            yield family
        finally:
            family.close()


class PatientFamily:
    """A ``Family`` over one connection after the other. ``_left`` is what remains of the patience, in seconds.

    ``_pause`` is the last pause before a try, ``_entered`` the moment when the last connection was made.
    ``_known`` is what the last ``read`` returned, from which the caller decided what to delete.
    """

    def __init__(self, pbx: Pbx, patience: float, stopping: Stopping) -> None:
        self._pbx = pbx
        self._left = patience
        self._stopping = stopping
        self._connection = ExitStack()
        self._family: Family | None = None
        self._entered = -math.inf
        self._pause = 0.0
        self._known: Mapping[str, str] = {}
        self._lost_since_read = False
        self._cut_lists = 0  # in a row

    def connect(self) -> None:
        """Connect for the first time. Raises PbxError."""
        try:
            self._enter()
        except retry.LOST as error:
            self._wait_for_it(error, min(retry.AT_FIRST, self._left))

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def read(self, progress: Progress = no_progress) -> Mapping[str, str]:
        """Read the whole family, all of it over one connection: two halves could be of two states.

        A list that may have holes is read again once: what made it so, as a busy machine, may be over. If not, only a
        setting on the PBX helps.
        """
        self._known = self._asked(lambda family: family.read(progress))
        self._lost_since_read, self._cut_lists = False, 0
        return self._known

    def started(self) -> str:
        """When the PBX was started, in its own words."""
        return self._asked(lambda family: family.started())

    def unnameable(self, numbers: Iterable[str]) -> set[str]:
        """Those of the keys that AMI cannot name."""
        return self._opened().unnameable(numbers)

    def _asked(self, question: Callable[[Family], T]) -> T:
        """Ask until there is an answer."""
        again = None
        while True:
            try:
                return question(self._opened())
            except retry.LOST as error:
                again = self._come_back(error, again)

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        """Write entries; after a loss those that were not confirmed."""
        return self._write(
            entries if isinstance(entries, Collection) else list(entries),
            key=lambda item: item[0],
            write=lambda family, left: family.put(left, progress),
            held_otherwise=lambda _: set(),
        )

    def delete(self, numbers: Iterable[str], progress: Progress = no_progress) -> WriteResult:
        """Delete keys. If the PBX was lost since the last ``read``, also in a ``put``, the family is read again first.

        A key that holds another value by then is somebody else's: it stays, and has failed.
        """
        return self._write(
            numbers if isinstance(numbers, Collection) else list(numbers),
            key=lambda item: item,
            write=lambda family, left: family.delete(left, progress),
            held_otherwise=self._held_otherwise,
        )

    def _held_otherwise(self, numbers: Collection[str]) -> set[str]:
        held = self._opened().read()
        self._cut_lists = 0
        return {number for number in numbers if number in held and held[number] != self._known.get(number)}

    def _write(
        self,
        items: Collection[T],
        *,
        key: Callable[[T], str],
        write: Callable[[Family, Collection[T]], WriteResult],
        held_otherwise: Callable[[Collection[T]], set[str]],
    ) -> WriteResult:
        count, failed = len(items), dict[str, str]()
        again = None
        while True:
            try:
                if self._lost_since_read:
                    theirs = held_otherwise(items)
                    items = [item for item in items if key(item) not in theirs]
                    failed |= dict.fromkeys(theirs, _THEIRS)
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
            raise PbxConnectionLost(about(self._pbx.name, say("not connected")))
        return self._family

    def _come_back(self, error: PbxError, again: float | None) -> float:
        """Connect again after a loss; return the moment. Raises the error where the patience is over, or it is no loss.

        ``again`` is the moment of the last return from here where nothing was achieved since, else None.
        """
        if again is not None:
            self._left -= time.monotonic() - again
        self._cut_lists += isinstance(error, PbxListCut)
        if not isinstance(error, retry.LOST) or self._left <= 0 or self._cut_lists > 1:
            raise error
        self._family = None
        self._connection.close()
        started = time.monotonic()
        try:
            self._wait_for_it(error, self._left)
        finally:
            self._left -= time.monotonic() - started
        self._lost_since_read = True
        log.warning("%s: connected again, going on", self._pbx.name)
        return time.monotonic()

    def _wait_for_it(self, error: PbxError, seconds: float) -> None:
        """Try to connect until it works. Raises the last error when the seconds are over or the run is stopping.

        A session that is taken is waited for too, as it may be the one that was lost.
        """
        until = time.monotonic() + seconds
        if seconds > 0 and not self._stopping.is_set():
            log.warning("%s; waiting for it for up to %.3g s", error, seconds)
        if time.monotonic() - self._entered > self._pause:
            self._pause = 0.0
        while True:
            self._pause = retry.doubled(self._pause, *retry.IN_A_RUN)
            rest = retry.jittered(self._pause)
            if time.monotonic() + rest >= until or self._stopping.wait(rest):
                raise error
            try:
                return self._enter()
            except (*retry.LOST, PbxSessionTaken) as again:
                error = again

    def _enter(self) -> None:
        self._family = self._connection.enter_context(self._pbx.open(self._stopping))
        self._entered = time.monotonic()


def _not_confirmed(items: Iterable[T], key: Callable[[T], str], error: PbxError) -> list[T]:
    if error.left is None:
        return [*islice(items, error.done, None)]
    left = frozenset(error.left)
    return [item for item in items if key(item) in left]
