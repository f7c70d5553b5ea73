"""The place of the store in the file system: what may stand there, and faults of SQLite and the disk in words."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from astsync.errors import StoreError
from astsync.language import say

CORRUPT = ".corrupt-"  # comes after the name of a store that was damaged and moved aside
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Raise StoreError, in words, for a fault of SQLite or of the disk."""
    try:
        yield
    except (sqlite3.Error, OSError, ValueError) as error:
        reason = _beside(error, path) or getattr(error, "strerror", None) or str(error)
        words = say("the store {path} cannot be used: {why}", path=str(path), why=reason)
        raise StoreError(words, hint=_hint(error)) from error


def _beside(error: Exception, path: Path) -> str:
    """The reason with the file's name where it is a file beside the store, such as its lock; else nothing."""
    named = isinstance(error, OSError) and error.filename is not None and str(error.filename) != str(path)
    return f"{error.strerror}: {error.filename}" if isinstance(error, OSError) and named else ""


def _hint(error: Exception) -> str:
    if is_damage(error):
        return say("Run the command again: it moves the damaged file aside, and goes on without it.")
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
        return say(
            "Another program holds the file open, as a backup or sqlite3 does: end it, and run the command again."
        )
    return say("Check who owns the files and the folder, and its free space, or name another file in store.path.")


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file is no database, or not a whole one."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in DAMAGED


def check_place(path: Path) -> None:
    """Check that a file stands there, or nothing. Raises StoreError."""
    with told(path):
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            return
    if not stat.S_ISREG(mode):
        words = say("the store {path} is a device, a pipe or a socket, not a file", path=str(path))
        if stat.S_ISDIR(mode):
            words = say("the store {path} is a folder, not a file", path=str(path))
        raise StoreError(words, hint=say("Name a file in store.path."))
