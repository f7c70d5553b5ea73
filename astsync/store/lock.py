"""The lock that keeps two runs from writing at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from astsync.errors import LockedError
from astsync.language import say
from astsync.store.holder import Holder, HolderNote, holder_of
from astsync.store.place import check_place, told

PATIENCE = 15.0
"""Seconds that a run waits for one that holds the lock for moments only."""

_ANOTHER_RUN = say("another run of astsync")
_SERVICES = {"astsync watch", "astsync serve"}
_PAUSE = 0.02  # seconds between two tries
_NAMELESS = 3.0  # seconds that a holder on a busy machine may need from taking the lock to saying who it is


@contextmanager
def locked(
    path: Path,
    command: str = "astsync",
    name: str = _ANOTHER_RUN,
    *,
    short: bool = False,
    patience: float = PATIENCE,
) -> Iterator[HolderNote]:
    """Keep other runs out while this one may write to the store at ``path``. It is taken before the store is opened.

    The lock is the system's own and ends with its process, however that ends. The file beside it only tells who holds
    it: ``command``, and what the ``HolderNote`` is told. ``short`` tells others that it is held for moments only: they
    wait for it, up to their ``patience`` in seconds, and for no other holder. Raises LockedError that names the holder
    after ``name``, StoreError when no lock can be made there.
    """
    check_place(path)
    lock = FileLock(f"{path}.lock", timeout=0)
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _acquire(lock, path, name, patience)
    note = HolderNote(path, command, short=short)
    try:
        note.begin()
        yield note
    finally:
        note.remove()
        lock.release()


def _acquire(lock: FileLock, path: Path, name: str, patience: float) -> None:
    """Take the lock, waiting for a short holder. One that has not said yet who it is may be short. Raises LockedError.

    The note of a holder is gone a moment before its lock is.
    """
    began = time.monotonic()
    while True:
        try:
            lock.acquire()
        except Timeout:
            holder = holder_of(path)
        else:
            return
        longest = _NAMELESS if holder is None else patience if holder.short else 0.0
        if time.monotonic() - began >= min(longest, patience):
            raise _locked(holder, name) from None
        time.sleep(_PAUSE)


def _locked(holder: Holder | None, name: str) -> LockedError:
    if holder is None:
        cure = say("Wait until it ends; a lock ends with its process.")
        return LockedError(say("{name} holds the lock", name=name), hint=cure)
    cure = say("Wait until it ends: run.max_minutes bounds each run.")
    if not (holder.elsewhere or holder.command in _SERVICES):
        cure = say(
            "Wait until it ends: run.max_minutes bounds each run. Or end it: `kill {pid}`; the next run does the rest.",
            pid=str(holder.pid),
        )
    words = say("{name}{process} holds the lock{since}", name=name, process=holder.who(name), since=holder.since())
    return LockedError(words, hint=cure)


def watch_of(store: Path) -> Path:
    """The place of the lock that keeps a second ``watch`` away from a store.

    It is not the store's own: the runs of other commands take turns with those of ``watch``.
    """
    return store.with_name(f"{store.name}.watch")
