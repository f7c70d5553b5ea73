"""The lock that keeps two runs from writing at once."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from astsync.errors import LockedError
from astsync.store.place import check_place, told


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other runs out while this one may write to the store at ``path``. It is taken before the store is opened.

    The lock is the system's own and ends with its process, however that ends. The file with the pid beside it only
    names the holder. Raises LockedError that names the holder's pid, StoreError when no lock can be made there.
    """
    check_place(path)
    lock, holder = FileLock(f"{path}.lock", timeout=0), Path(f"{path}.pid")
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            lock.acquire()
        except Timeout:
            raise _locked(path) from None
    try:
        with told(path):
            holder.unlink(missing_ok=True)  # a killed run of another user may have left one that we may not write to
            holder.write_text(str(os.getpid()), encoding="ascii")
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def holder_of(path: Path) -> int | None:
    """The process that holds the lock of ``path``; None where nobody does, or nobody can be named."""
    try:
        pid = int(Path(f"{path}.pid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return pid if pid > 0 and _runs(pid) else None


def watch_of(store: Path) -> Path:
    """The place of the lock that keeps a second ``watch`` away from a store.

    It is not the store's own: the runs of other commands take turns with those of ``watch``.
    """
    return store.with_name(f"{store.name}.watch")


def _locked(path: Path) -> LockedError:
    pid = holder_of(path)
    who = f" (process {pid})" if pid else ""
    return LockedError(
        f"another run of astsync{who} holds the lock", hint="Wait until it ends; a lock ends with its process."
    )


def _runs(pid: int) -> bool:
    """Whether there is such a process. A killed run leaves its pid behind until the next holder writes its own."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
