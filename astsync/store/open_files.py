"""The files of an open store, and whether they are still those that stand in their places.

SQLite goes on writing into a file that was deleted or replaced, and says nothing: all of it is lost when the run ends.
So a run looks after each of its transactions, and so before the first write to a PBX. It also looks after the file of
its lock: without that another run may have begun beside it.
"""

from pathlib import Path

from astsync.errors import StoreError, StoreGone
from astsync.language import joined, say

Identity = tuple[int, int]
"""What a file is, wherever it stands: its device and its number there."""

_CLEANER = say("See who cleans up in that folder: a job, a script, systemd-tmpfiles.")
_LOCK = ".lock"


def identity(path: Path) -> Identity | None:
    """What stands at a path, None for nothing. Raises OSError."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


class OpenFiles:
    """The files of the store at ``path``, each as it was when it was first seen. The store is open already."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Identity] = {}
        self.check()

    def check(self) -> None:
        """Look at the store and its journal, then at its lock; those that are not there yet are known from then on.

        Raises StoreGone where the store was deleted or replaced since, StoreError where its lock was.
        """
        for tail in ("", "-wal", _LOCK):
            found = identity(Path(f"{self._path}{tail}"))
            if found is not None:
                self._known.setdefault(tail, found)
            if self._known.get(tail) != found:
                raise self._gone(tail)

    def _gone(self, tail: str) -> StoreError:
        path = f"{self._path}{tail}"
        if tail == _LOCK:
            words = say(
                "the lock {path} was deleted or replaced while the run went on: another run may be writing too",
                path=path,
            )
            again = say("Run the command again: it reads all and writes what differs.")
            return StoreError(words, hint=joined(" ", (again, _CLEANER)))
        words = say("the store {path} was deleted or replaced while the run went on", path=path)
        if tail:
            words = say("the journal of the store {path} was deleted or replaced while the run went on", path=path)
        cure = say("Put it back if you still have it, then run the command again.")
        return StoreGone(words, hint=joined(" ", (cure, _CLEANER)))
