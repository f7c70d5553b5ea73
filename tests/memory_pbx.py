"""A PBX in a dict: the same behaviour without Asterisk. The contract suite holds both to it."""

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from astsync.errors import UnsafeValue
from astsync.pbx import WriteResult, packets
from astsync.phonebook.model import Progress, no_progress
from astsync.stopping import NEVER, Stopping

_STARTS = itertools.count(1)


class MemoryFamily:
    """A family in a dict; refuses what AMI would refuse."""

    def __init__(self, entries: dict[str, str]) -> None:
        self._entries = entries
        self._started = f"start {next(_STARTS)}"

    def read(self, progress: Progress = no_progress) -> dict[str, str]:
        """Copy the family."""
        progress("read", len(self._entries), len(self._entries))
        return dict(self._entries)

    def started(self) -> str:
        """When it was started: another time for each opening, as of a PBX that restarts between two runs."""
        return self._started

    def unnameable(self, numbers: Iterable[str]) -> set[str]:
        """Those of the keys that ``put`` would refuse."""
        return {number for number in numbers if not _may_stand(number)}

    def get(self, number: str) -> str | None:
        """Read one entry, None where there is none."""
        return self._entries.get(_checked("Key", number))

    def put(self, entries: Iterable[tuple[str, str]], progress: Progress = no_progress) -> WriteResult:
        """Write entries; what AMI could not carry fails."""
        done, failed = 0, dict[str, str]()
        for number, name in entries:
            try:
                self._entries[_checked("Key", number)] = _checked("Val", name)
            except UnsafeValue as error:
                failed[number] = error.message
                continue
            done += 1
        progress("DBPut", done, done)
        return WriteResult(done, failed)

    def delete(self, numbers: Iterable[str], progress: Progress = no_progress) -> WriteResult:
        """Delete keys, absent or not."""
        done, failed = 0, dict[str, str]()
        for number in numbers:
            try:
                self._entries.pop(_checked("Key", number), None)
            except UnsafeValue as error:
                failed[number] = error.message
                continue
            done += 1
        progress("DBDel", done, done)
        return WriteResult(done, failed)


def _may_stand(key: str) -> bool:
    try:
        return _checked("Key", key) == key
    except UnsafeValue:
        return False


def _checked(header: str, value: str) -> str:
    if header == "Key" and not value:
        raise UnsafeValue("a key must not be empty")
    packets.header(header, value)
    return value


class MemoryPbx:
    """A PBX whose family is ``entries``."""

    def __init__(self, name: str = "memory", entries: dict[str, str] | None = None) -> None:
        self.name = name
        self.entries = entries if entries is not None else {}

    def ask(self, *, write: bool, stopping: Stopping = NEVER) -> None:
        """Refuse nobody."""

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
        """Open the family; nothing is connected."""
        yield MemoryFamily(self.entries)
