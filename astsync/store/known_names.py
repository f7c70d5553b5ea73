"""The names that the store knows, for a call that waits: one connection that is kept, read-only.

In WAL mode a reader never waits for a writer, so a run that rewrites the whole snapshot delays no call. To open the
file takes ten times as long as to read from it; so it is opened once, and anew when another file stands in its place.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from astsync.phonebook.model import Origin
from astsync.store.claims import claims_of
from astsync.store.entries import a_number, name_of
from astsync.store.lockless import connect, is_ours, version
from astsync.store.open_files import Identity, identity
from astsync.store.schema import APPLICATION_ID, SCHEMA_VERSION

log = logging.getLogger(__name__)

_BUSY = 0.003
"""Seconds that a reading may wait for the file. In WAL mode it waits only while the journal is made or recovered."""
_LOOK = 1.0
"""Seconds between two looks at which file stands in the place, and between two tries to open it."""
_TELL = 60.0
"""Seconds between two lines of the log about a store that cannot be read."""
MOST_CARDS = 20
"""Counterparties of one number that are told."""


class Card(NamedTuple):
    """A counterparty as a claim of a number names it: its source, as ``Контрагенты/REF``, and its name in 1C."""

    source: str
    name: str


class StoreNames:
    """What the store at ``path`` knows of numbers. It answers at once, also where the file is away, broken or busy.

    Threads may share it: one at a time reads. ``now`` tells the seconds since 1970, by which names expire;
    ``elapsed`` tells the seconds between looks.
    """

    def __init__(
        self, path: Path, now: Callable[[], float] = time.time, elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._now = now
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._file: Identity | None = None
        self._next_look = self._next_line = elapsed()
        self._said: set[str] = set()

    def close(self) -> None:
        """Close the file. The next question opens it again."""
        with self._lock:
            self._drop()

    def find(self, keys: Sequence[str]) -> tuple[str, Origin] | None:
        """The name of the first of the keys that has one; the snapshot comes before names that 1C told online.

        None also where the store cannot be read, which the log tells once a minute.
        """
        with self._lock:
            try:
                self._look()
                return self._read(self._db, keys) if self._db is not None and keys else None
            except sqlite3.Error as error:
                if not _is_busy(error):
                    self._drop()
                self._tell(str(error))
            except (OSError, ValueError) as error:
                self._tell(str(error))
            return None

    def state(self) -> tuple[bool, datetime | None]:
        """Whether the store can be read, and when its snapshot was pulled (UTC; None: there is none).

        A store that does not exist yet can be read: the first sync makes it.
        """
        with self._lock:
            try:
                self._look()
                if self._db is None:
                    return identity(self._path) is None, None
                row = self._db.execute("SELECT at FROM pull").fetchone()
            except (sqlite3.Error, OSError, ValueError):
                return False, None
        return True, None if row is None else datetime.fromisoformat(row[0])

    def told_since(self, at: float) -> tuple[list[str], float]:
        """The numbers whose names 1C told after ``at``, seconds since 1970, and when the last of them was told.

        None, and ``at`` itself, also where the store cannot be read.
        """
        with self._lock:
            try:
                self._look()
                if self._db is None:
                    return [], at
                rows = self._db.execute("SELECT number, at FROM online WHERE at > ? ORDER BY at", (at,)).fetchall()
            except (sqlite3.Error, OSError, ValueError):
                return [], at
        return [number for number, _ in rows], rows[-1][1] if rows else at

    def cards(self, keys: Sequence[str]) -> list[Card]:
        """The counterparties that claim the first of the keys which anybody claims, the winner first.

        [] also where the store cannot be read.
        """
        with self._lock:
            try:
                self._look()
                if self._db is None:
                    return []
                for key in keys:
                    if found := [Card(one.source, one.counterparty) for one in claims_of(self._db, key)]:
                        return found[:MOST_CARDS]
            except (sqlite3.Error, OSError, ValueError):
                return []
        return []

    def extension(self, keys: Sequence[str]) -> str:
        """The phone of who keeps the card that the first of the keys which has one is of, as the list says; else "".

        "" also where the store cannot be read.
        """
        with self._lock:
            try:
                self._look()
                if self._db is None:
                    return ""
                for key in keys:
                    first = next(claims_of(self._db, key), None)
                    if first is not None:
                        return first.extension
            except (sqlite3.Error, OSError, ValueError):
                return ""
        return ""

    def any_number(self) -> str:
        """A number of the snapshot with more than ten digits, "" where there is none or the store cannot be read."""
        with self._lock:
            try:
                self._look()
                return a_number(self._db, longer_than=10) if self._db is not None else ""
            except (sqlite3.Error, OSError, ValueError):
                return ""

    def _read(self, db: sqlite3.Connection, keys: Sequence[str]) -> tuple[str, Origin] | None:
        for key in keys:
            if name := name_of(db, key):
                return name, Origin.SNAPSHOT
        now = self._now()
        (name,) = db.execute(_online(len(keys)), [value for key in keys for value in (key, now)]).fetchone()
        return (name, Origin.ONLINE) if name else None

    def _look(self) -> None:
        """Open what stands in the place where it is not open yet; at most once a second. Raises sqlite3.Error."""
        elapsed = self._elapsed()
        if elapsed < self._next_look:
            return
        self._next_look = elapsed + _LOOK
        found = identity(self._path)
        if self._db is not None and found == self._file and is_ours(self._db):
            return
        self._drop()
        if found is None:
            self._say(f"there is no store {self._path} yet: until the first sync no name is known", logging.INFO)
        else:
            self._open(found)

    def _open(self, found: Identity) -> None:
        """Open the file; one of another version is not read. Whoever writes next brings it up."""
        db = connect(self._path, "ro", _BUSY)
        try:
            application, number = version(db)
            (mode,) = db.execute("PRAGMA journal_mode").fetchone()
        except BaseException:
            db.close()
            raise
        if (application, number) != (APPLICATION_ID, SCHEMA_VERSION):
            db.close()
            if number == 0:  # the first run is making it
                return
            self._say(
                f"the store {self._path} has version {number} and this astsync reads {SCHEMA_VERSION}: no name is "
                "known from it until it has that one"
            )
            return
        if mode != "wal":
            self._say(f"the store {self._path} is not in WAL mode ({mode}): calls may wait for a run that writes")
        self._db, self._file = db, found

    def _drop(self) -> None:
        db, self._db, self._file = self._db, None, None
        if db is not None:
            db.close()

    def _say(self, words: str, level: int = logging.WARNING) -> None:
        """Log something that holds until somebody changes it, once."""
        if words not in self._said:
            self._said.add(words)
            log.log(level, "%s", words)

    def _tell(self, reason: str) -> None:
        """Log that no name was found for a fault of the store."""
        elapsed = self._elapsed()
        if elapsed >= self._next_line:
            self._next_line = elapsed + _TELL
            log.warning("the store %s cannot be read (%s): calls go on without its names", self._path, reason)


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _online(count: int) -> str:
    """The first name that is there: ``coalesce`` asks from the left, and no further than needed. SQLite keeps the
    statement for so many keys prepared, by its text.
    """
    select = "(SELECT name FROM online WHERE number = ? AND until > ?)"
    return f"SELECT coalesce({', '.join([select] * count)}, NULL)"
