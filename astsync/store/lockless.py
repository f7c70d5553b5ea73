"""Connections to the store without the lock of runs, for what must not wait for a run: the calls.

SQLite puts the writers of one file in order. What is written over such a connection is nothing that a run reads.
"""

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Literal, TypeVar

from astsync.store.open_files import Identity, identity
from astsync.store.schema import APPLICATION_ID, SCHEMA_VERSION

T = TypeVar("T")

_JOURNAL = 16_777_216  # bytes that the journal keeps on the disk; as ``store.database`` says


class NoStoreYet(OSError):
    """No store of this version stands in the place yet."""


def connect(path: Path, mode: Literal["ro", "rw"], busy: float) -> sqlite3.Connection:
    """Open the file at ``path``, which must exist; ``busy`` are the seconds that it may wait for another connection.

    Raises sqlite3.Error.
    """
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=busy, check_same_thread=False)


def is_ours(db: sqlite3.Connection) -> bool:
    """Whether the file is a store of this version. Raises sqlite3.Error."""
    return version(db) == (APPLICATION_ID, SCHEMA_VERSION)


def version(db: sqlite3.Connection) -> tuple[int, int]:
    """The application and the version that the file names. Raises sqlite3.Error."""
    application, number = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    return application, number


class LocklessWriter:
    """Writes into the store at ``path``. One thread may use it.

    The connection is kept, and made anew when another file stands in the place, or after an error of SQLite.
    ``busy`` are the seconds that a writing waits for another one. With ``durable`` a transaction is on the disk when it
    returns; without it a power cut may cost the last ones, and what runs store stays whole.
    """

    def __init__(self, path: Path, busy: float, *, durable: bool) -> None:
        self._path, self._busy, self._durable = path, busy, durable
        self._db: sqlite3.Connection | None = None
        self.file: Identity | None = None
        """The file that is open."""

    def change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something in a transaction, all of it or nothing.

        Raises NoStoreYet, sqlite3.Error, OSError, and what ``work`` raises.
        """
        db = self._open()
        try:
            db.execute("BEGIN IMMEDIATE")
            try:
                result = work(db)
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # on a full disk SQLite has rolled back by itself
                    db.execute("ROLLBACK")
                raise
        except sqlite3.Error:
            self.close()
            raise
        return result

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something that changes nothing. Raises as ``change`` does."""
        db = self._open()
        try:
            return work(db)
        except sqlite3.Error:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        db, self._db, self.file = self._db, None, None
        if db is not None:
            db.close()

    def _open(self) -> sqlite3.Connection:
        found = identity(self._path)
        if self._db is not None and found == self.file and is_ours(self._db):
            return self._db
        self.close()
        if found is None:
            raise NoStoreYet
        with ExitStack() as undone:
            db = undone.enter_context(closing(connect(self._path, "rw", self._busy)))
            if not is_ours(db):
                raise NoStoreYet
            db.execute(f"PRAGMA journal_size_limit = {_JOURNAL}")
            db.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
            undone.pop_all()
        self._db, self.file = db, found
        return db
