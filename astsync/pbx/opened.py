"""A PBX whose connection somebody else holds, as ``watch`` does; runs borrow it, one at a time."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from astsync.errors import PbxConnectionLost
from astsync.language import about, say
from astsync.pbx import Keys, WriteResult
from astsync.pbx.astdb import AstDb
from astsync.pbx.connection import AmiConnection
from astsync.phonebook.model import Progress, no_progress
from astsync.stopping import NEVER, Stopping

_SLICE = 0.2  # seconds after which who waits for the connection looks whether that is still of use


class OpenedPbx:
    """A ``KeyPbx`` over a connection that is open already; its context neither connects nor disconnects.

    So ``watch`` needs one session, and works where a PBX allows a user no more. Whoever uses the connection has it
    alone: a short question would wait behind a run's long list, and its time be over. A connection that breaks is not
    made again here: the run's part for this PBX fails as lost.
    """

    def __init__(self, connection: AmiConnection, family: str) -> None:
        self.name = connection.config.name
        self._connection = connection
        self._family = AstDb(connection, family)
        self._turn = threading.Condition()
        self._used = False
        self._left = False

    def ask(self, *, write: bool, stopping: Stopping = NEVER) -> None:
        """Ask nothing: whoever holds the connection was let in, and learns of a missing right in time."""

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> "Iterator[Lent]":
        """Wait until nobody else uses the connection, and lend the family. Raises PbxConnectionLost.

        Until the end of the context the connection heeds ``stopping``.
        """
        with self.alone():
            lent, self._connection.stopping = Lent(self.name, self._family), stopping
            try:
                yield lent
            finally:
                if lent.take_back():
                    self._connection.disconnect()
                self._connection.stopping = NEVER

    @contextmanager
    def alone(self, meanwhile: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Use the connection, with no run beside. ``meanwhile`` is called while a run still uses it, and may raise.

        Raises what ended the connection.
        """
        with self._turn:
            while self._used:
                self._turn.wait(_SLICE)
                self._connection.check()
                meanwhile()
            if self._left:
                raise PbxConnectionLost(about(self.name, say("not connected")))
            self._used = True
        try:
            yield
        finally:
            self._end_use()

    def _end_use(self) -> None:
        with self._turn:
            self._used = False
            self._turn.notify_all()
            last = self._left
        if last:
            self._connection.disconnect()

    def leave(self) -> None:
        """Hold the connection no longer. It ends now, or with the run that uses it."""
        with self._turn:
            self._left, used = True, self._used
        if not used:
            self._connection.disconnect()


class Lent:
    """The family while a run has it; a ``Keys``. After ``take_back`` nothing more goes over the connection."""

    def __init__(self, name: str, family: Keys) -> None:
        self._name = name
        self._family = family
        self._lock = threading.Lock()
        self._calls = 0
        self._back = False

    def read(self, progress: Progress = no_progress) -> Mapping[str, str]:
        """Read the whole family."""
        with self._call():
            return self._family.read(progress)

    def get(self, number: str) -> str | None:
        """Read the name of one number."""
        with self._call():
            return self._family.get(number)

    def started(self) -> str:
        """When the PBX was started, in its own words."""
        with self._call():
            return self._family.started()

    def unnameable(self, numbers: Iterable[str]) -> set[str]:
        """Those of the keys that AMI cannot name; the PBX is not asked."""
        return self._family.unnameable(numbers)

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        """Write entries."""
        with self._call():
            return self._family.put(entries, progress)

    def delete(self, numbers: Iterable[str], progress: Progress = no_progress) -> WriteResult:
        """Delete keys."""
        with self._call():
            return self._family.delete(numbers, progress)

    def take_back(self) -> bool:
        """End the loan. True where a thread still waits for the PBX: only the end of the connection ends that."""
        with self._lock:
            self._back = True
            return self._calls > 0

    @contextmanager
    def _call(self) -> Iterator[None]:
        with self._lock:
            if self._back:
                raise PbxConnectionLost(about(self._name, say("not connected")))
            self._calls += 1
        try:
            yield
        finally:
            with self._lock:
                self._calls -= 1
